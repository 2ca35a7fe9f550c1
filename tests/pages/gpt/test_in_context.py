"""The page "Learning from the prompt", from links, in both languages."""

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from components.elements.gpt.prompt_board import PromptView, moved
from components.lessons.gpt import in_context as page
from components.lessons.gpt import in_context_live as live
from components.lessons.gpt.in_context_panels import published
from components.lm.gpt import in_context as lm
from components.lm.gpt.word_codes import VOCABULARY, WORDS
from tests import float32
from tests.pages.conftest import APP, Open, data_of, modules_after, notes, on_page, said

PAGE = page.NAME
LAST = len(page.moments()) - 1


def opened(**query: str) -> AppTest:
    """The page, where it may show an error."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update(query)
    at.switch_page(f"pages/{PAGE}.py").run()
    assert not at.exception
    return at


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "prompt_board")
    assert board["start"] == {"k": page.K, "ask": 0, "off": []}
    assert len(board["pairs"]) == 16
    assert len(board["questions"]) == 8
    assert np.array(board["answers"]["probs"]).shape == (17, 8, 5)
    assert board["lock"]["before"] == board["lock"]["after"] == lm.load_reader().digest
    assert [curve["kind"] for curve in board["curves"]] == ["new", "known"]
    assert on_page(at, "jump_board")
    assert lm.recorded()["weights_sha256"][:10] in said(at)


def test_the_first_view_shows_right_answers_and_guesses(open_page: Open) -> None:
    """Words shown are right, a word not shown is wrong: the question of the page, answered without a click."""
    board = data_of(open_page(PAGE), "prompt_board")
    shown = {word for word, _ in board["pairs"][: page.K]}
    right = [
        board["answers"]["words"][page.K][q][0] == answer for q, (_, answer) in enumerate(board["questions"])
    ]
    assert [ok for ok, (word, _) in zip(right, board["questions"], strict=True) if word in shown] == [
        True
    ] * 5
    assert not all(right)


def test_the_prepared_question_is_answered_by_the_picture(open_page: Open, lang: str) -> None:
    """As its explanation says: all that were shown, and none of the others."""
    asked = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert asked["options"] == ["0", "3", "5", "8"]
    assert asked["options"][asked["answer"]] == "5"
    board = data_of(open_page(PAGE, lang=lang), "prompt_board")
    shown = {word for word, _ in board["pairs"][: page.K]}
    for q, (word, answer) in enumerate(board["questions"]):
        assert (board["answers"]["words"][page.K][q][0] == answer) == (word in shown)


def test_the_first_view_waits_for_no_model() -> None:
    assert modules_after(PAGE, "prompt_board") == []


def test_the_first_view_still_belongs_to_the_weights() -> None:
    """``make traces`` makes it again after the model was replaced."""
    use = page.InUse(None, LAST)
    file = (lm.FOLDER / "model.safetensors").read_bytes()
    assert hashlib.sha256(file).hexdigest() == lm.recorded()["weights_sha256"] == use.key()
    assert page.recorded_view(use, page.drawn("new", page.SEED), page.SEED, (), ()) is not None
    assert page.recorded_view(use, page.drawn("new", page.SEED), page.SEED, ("1.0",), ()) is None
    assert page.recorded_view(page.InUse(None, 0), page.drawn("new", page.SEED), page.SEED, (), ()) is None


def test_the_first_view_is_what_is_computed(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = data_of(open_page(PAGE), "prompt_board")
    monkeypatch.setattr(page, "_trace", lambda: None)
    computed = data_of(open_page(PAGE), "prompt_board")
    # and four digits are kept: 5e-5
    np.testing.assert_allclose(
        shown["answers"]["probs"], computed["answers"]["probs"], atol=float32.SHARE + 5e-5
    )
    assert shown["curves"] == computed["curves"]
    assert shown["lock"] == computed["lock"]
    assert shown["heads"]["matching"] == computed["heads"]["matching"]


def test_a_trace_of_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = page._trace()
    monkeypatch.setattr(page, "_trace", lambda: {**trace, "of": {**trace["of"], "weights": "other"}})
    assert page.recorded_view(page.InUse(None, LAST), page.drawn("new", page.SEED), page.SEED, (), ()) is None


def test_a_link_opens_the_same_view(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, icl_task="known", icl_seed="7", icl_k="2", icl_ask="3", icl_off="1.2,9.9,0.1", icl_moment="3", icl_look="nothing")  # fmt: skip
    board = data_of(at, "prompt_board")
    assert board["start"] == {"k": 2, "ask": 3, "off": ["0.1", "1.2"]}
    assert board["heads"]["off"] == ["0.1", "1.2"]
    assert board["lock"]["before"] == lm.load_moment(3).digest
    assert not on_page(at, "jump_board")


def test_heads_off_change_the_curves_and_not_the_weights(open_page: Open) -> None:
    matching = ",".join(lm.recorded()["runs"][0]["matching"])
    board = data_of(open_page(PAGE, icl_off=matching, icl_look="nothing"), "prompt_board")
    new, known = board["curves"]
    assert max(share for share in new["lines"][0]["share"][3:] if share is not None) < 0.2
    assert min(known["lines"][1]["share"][4:]) > 0.9
    assert board["lock"]["before"] == board["lock"]["after"] == lm.load_reader().digest


def test_before_the_jump_nothing_is_learned_from_the_prompt(open_page: Open) -> None:
    board = data_of(open_page(PAGE, icl_moment="0", icl_look="nothing"), "prompt_board")
    assert max(share for share in board["curves"][0]["lines"][0]["share"] if share is not None) < 0.2


def test_own_pairs(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, icl_task="own", icl_own="sun -> lamp; frog -> ring; sun -> bell", icl_k="9"
    )
    board = data_of(at, "prompt_board")
    named = [(WORDS[a], WORDS[b]) for a, b in board["pairs"]]
    assert named == [("sun", "lamp"), ("frog", "ring"), ("sun", "bell")]
    assert board["start"]["k"] == 3
    sun, frog, *others = board["questions"]
    assert [WORDS[x] for x in (*sun, *frog)] == ["sun", "bell", "frog", "ring"]  # the later answer counts
    assert all(answer is None for _, answer in others)
    assert board["right"][3][2] is None


@pytest.mark.parametrize("text", ["tea -> sun", "sun", "안녕하세요", "x" * 2_000, "<script>alert(1)</script>", "; ".join(["sun -> lamp"] * 17)])  # fmt: skip
def test_pairs_that_cannot_be_read_say_so_and_the_board_stays(text: str) -> None:
    at = opened(icl_task="own", icl_own=text, icl_look="nothing")
    assert len(at.error) == 1
    assert "still shown" in at.error[0].value
    assert data_of(at, "prompt_board")["pairs"] == [list(pair) for pair in page.own(page.OWN).pairs]


def test_the_link_says_what_is_asked_also_where_the_prompt_has_less(open_page: Open) -> None:
    """Another prompt may have fewer words and pairs; the way back shows again what was shown before."""
    at = open_page(PAGE, icl_ask="7", icl_k="12")
    own = "sun -> lamp; frog -> ring"
    at.session_state["icl_task"], at.session_state["icl_own"] = "own", own
    at.run()
    assert data_of(at, "prompt_board")["start"] == {"k": 2, "ask": 3, "off": []}
    assert at.query_params["icl_k"] == "2"
    assert at.query_params["icl_ask"] == "3"
    at.session_state["icl_task"] = "new"
    at.run()
    assert data_of(at, "prompt_board")["start"] == {"k": 12, "ask": 7, "off": []}
    assert at.query_params["icl_ask"] == "7"
    opened_own = open_page(PAGE, icl_task="own", icl_own=own, icl_ask="30")
    assert opened_own.query_params["icl_ask"] == "3"


def test_no_pairs_is_a_prompt_too(open_page: Open) -> None:
    board = data_of(open_page(PAGE, icl_task="own", icl_own=" ", icl_look="nothing"), "prompt_board")
    assert board["pairs"] == []
    assert len(board["questions"]) == 4


def test_a_description_reaches_the_model_only_as_far_as_it_has_tokens(open_page: Open) -> None:
    plain = data_of(open_page(PAGE, icl_look="nothing"), "prompt_board")
    struck = open_page(PAGE, icl_description="Translate these <b>words</b>, 안녕!", icl_look="nothing")
    board = data_of(struck, "prompt_board")
    assert [known for _, known in board["description"]] == [False] * 4
    assert board["answers"] == plain["answers"]
    read = data_of(open_page(PAGE, icl_description="Sun", icl_look="nothing"), "prompt_board")
    assert read["description"] == [["Sun", True]]
    assert read["answers"] != plain["answers"]


@given(st.text(max_size=300))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_description_is_read_or_struck_out(text: str) -> None:
    ids, parts = lm.read_description(text)
    assert len(ids) == sum(known for _, known in parts) <= 12
    assert [part for part, _ in parts] == text.split()
    assert all(
        VOCABULARY[i] == part.lower() for i, part in zip(ids, (p for p, known in parts if known), strict=True)
    )


def test_a_long_description_is_cut_on_screen_only() -> None:
    at = opened(icl_description=" ".join(["word"] * 390), icl_look="nothing")
    assert len(data_of(at, "prompt_board")["description"]) == 40


@pytest.mark.parametrize("look", ["four", "paper", "story", "nothing"])
def test_every_panel_opens(open_page: Open, lang: str, look: str) -> None:
    at = open_page(PAGE, lang=lang, icl_look=look)
    assert on_page(at, "prompt_board")
    if look == "four":
        boxes = data_of(at, "setting_boxes")["boxes"]
        assert [box["name"] for box in boxes] == ["zero_shot", "one_shot", "few_shot", "fine_tuning"]
        assert [box["before"] == box["after"] for box in boxes] == [True, True, True, False]
        assert boxes[0]["before"] == lm.load_reader().digest


def test_the_published_scores_are_those_of_the_paper() -> None:
    """Brown et al. 2020: TriviaQA in Table 3.3, reversed words in Table 3.10, SuperGLUE in Table 3.8."""
    tasks = {task.task: task for task in published()}
    assert dict(tasks["TriviaQA"].scores) == {"zero": 64.3, "one": 68.0, "few": 71.2}
    assert tasks["TriviaQA"].best == 68.0
    assert dict(tasks["reversed words"].scores) == {"zero": 0.09, "one": 0.48, "few": 0.44}
    assert tasks["reversed words"].best is None
    assert dict(tasks["SuperGLUE"].scores) == {"zero": None, "one": None, "few": 71.8}


def test_a_name_of_the_story(open_page: Open) -> None:
    at = open_page(PAGE, icl_look="story", icl_name="<b>Mia</b>", icl_story="2")
    text = said(at)
    assert "&lt;b&gt;Mia&lt;/b&gt;" in text
    assert "<b>Mia</b>" not in text
    assert notes(open_page(PAGE, icl_look="story", icl_name=" "))


def test_the_export_holds_what_is_on_screen(open_page: Open) -> None:
    use = page.InUse(None, LAST)
    found = page.drawn("new", page.SEED)
    made = page.recorded_view(use, found, page.SEED, (), ())
    rows = page.answer_rows(found, made)
    assert len(rows) == 17 * 8
    assert sum(row["says"] == row["right_answer"] for row in rows if row["demonstrations"] == page.K) == 5
    curves = page.curve_rows(made["counts"], page.SEED)
    assert {(row["kind"], row["words"]) for row in curves} == {(k, w) for k in ("new", "known") for w in ("shown", "unseen", "all")}  # fmt: skip
    assert all(
        row["low_95"] <= row["accuracy"] <= row["high_95"] for row in curves if row["accuracy"] is not None
    )
    assert len({tuple(row) for row in map(dict.keys, page.training_rows())}) == 1
    assert {row["off"] for row in page.ablation_rows()} >= {"none", "0.0", "1.3"}


def test_prepared_states_open(open_page: Open) -> None:
    for _, state in page.prepared():
        open_page(PAGE, **{key: str(value) for key, value in state.items()})


def test_what_a_browser_sends_is_checked() -> None:
    heads = ["0.0", "1.2"]
    link = PromptView(3, 1, ("0.0",))

    def took(value: object) -> PromptView:
        return moved(value, link, 3, pairs=16, questions=8, heads=heads)

    assert took({"rev": 3, "k": 99, "ask": -4, "off": ["1.2", "x"]}) == PromptView(16, 0, ("1.2",))
    for value in (None, {}, {"rev": 2, "k": 1, "ask": 0, "off": []}, {"rev": 3, "k": "x", "ask": 0, "off": []}, {"rev": 3, "k": 1, "ask": 0, "off": "1.2"}):  # fmt: skip
        assert took(value) == link


# -- train it now ----------------------------------------------------------------------------------------------------------


def test_a_training_stops_at_once_goes_on_and_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(live, "UNTIL_TOKENS", 60_000)
    runs = live.LiveRuns()
    run = runs.start(3)
    assert runs.start(3) is run  # a second reader sees the same one
    until = time.monotonic() + 60
    while not run.history["tokens"] and time.monotonic() < until:
        time.sleep(0.02)
    before = time.monotonic()
    runs.stop(3)
    assert run.work is not None
    assert run.work.wait(10)
    # a step takes some 50 ms; on a busy machine a measurement may lie between
    assert time.monotonic() - before < 5
    tokens, digest = run.tokens, runs.reader(3).digest
    assert 0 < tokens < 60_000
    time.sleep(0.2)
    assert (run.tokens, runs.reader(3).digest) == (tokens, digest)
    runs.start(3)
    assert run.work.wait(120)
    assert run.finished
    assert run.work.result() == run.tokens >= 60_000
    assert run.history["tokens"][-1] == run.tokens
    assert sorted(set(run.history["tokens"])) == run.history["tokens"]
    assert runs.reader(3).digest != digest
    assert runs.start(3).work is run.work  # finished: nothing is begun again
    assert runs.tokens(99) == 0


def test_a_link_to_a_training_that_is_not_here_says_so() -> None:
    at = opened(icl_live="1", icl_live_seed="77", icl_look="nothing")
    assert "77" in said(at)
    assert notes(at)
    assert data_of(at, "prompt_board")["lock"]["before"] == lm.load_reader().digest


def test_the_page_trains_by_the_schedule_of_the_shipped_model() -> None:

    from components.lm.training.word_codes import Settings

    assert Settings(seed=0).num_steps == lm.recorded()["moments"][-1]["step"]
