"""The page "The wording decides", from links, in both languages, with the recorded answers and prompts of a reader's own."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.lessons import live
from components.lessons.gpt import prompting as page
from components.lessons.gpt import prompting_live as page_live
from components.lessons.gpt import prompting_panels as panels
from components.lessons.gpt.prompting_live import as_scores
from components.lm import checkpoints
from components.lm.gpt.prompting import DEMONSTRATIONS, ORDERS, STUDY_NAMES, ask, study
from tests.pages.conftest import Open, data_of, modules_after, notes, said, widget

pytestmark = pytest.mark.skipif(
    not {"nano-gpt", "pocket-gpt"} <= set(checkpoints.store().bundled_names()),
    reason="nano-gpt and pocket-gpt are not in assets/models",
)
PAGE = "gpt/prompting"
FACTS = Path(__file__).parents[3] / "assets" / "facts"


def recorded(name: str, way: str = "plain") -> list[int]:
    """How many of the 60 each prompt of a study gets right, as recorded."""
    trace = page.recorded()
    assert trace is not None, "record it again: python assets/traces/make.py gpt/prompting"
    return [int(as_scores(row).right(study(name).questions, way).sum()) for row in trace["studies"][name]]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_opens(open_page: Open, lang: str, name: str) -> None:
    at = open_page(PAGE, lang=lang, pr_study=name, pr_look="table")
    board = data_of(at, "wording_board")
    assert [row["right"][0] for row in board["rows"]] == recorded(name)
    assert len(board["items"]) == 60
    assert len(board["ways"]) == (3 if study(name).spare else 2)
    assert f"{max(recorded(name))}/60" in said(at)
    assert f"{min(recorded(name))}/60" in said(at)


def test_what_a_foreign_model_was_trained_on_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "chosen", lambda: study("wording"))
    card = checkpoints.card("nano-gpt")
    assert "not trained on" in page.caption(card)
    assert "not trained on" not in page.caption(replace(card, source="local"))


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "wording_board") == []


def test_the_board_can_count_what_it_says(open_page: Open) -> None:
    """The dots' sides, from margins and thresholds as the browser has them, are the numbers of the bars."""
    for name in ("order", "summary"):
        board = data_of(open_page(PAGE, pr_study=name, pr_look="nothing"), "wording_board")
        wanted = np.array([item["right"] for item in board["items"]])
        for row in board["rows"]:
            for k, way in enumerate(board["ways"]):
                above = np.array(row["margins"]) - np.array(row["thresholds"][way["name"]])
                assert np.where(wanted == 0, above > 0, above < 0).sum() == row["right"][k]
                assert row["low"][k] < row["right"][k] / 60 < row["high"][k]


@pytest.mark.parametrize(("name", "row"), [("wording", page.FIRST_ROW), ("opposite", 8)])
def test_what_was_recorded_is_what_the_code_makes(name: str, row: int) -> None:
    trace = page.recorded()
    assert trace is not None
    loaded = checkpoints.load("pocket-gpt", "generation")
    again = ask(loaded, study(name), study(name).prompts[row])
    kept = as_scores(trace["studies"][name][row])
    # float32 on another processor.
    np.testing.assert_allclose(again.margins, kept.margins, atol=2e-3)
    np.testing.assert_allclose(again.empty, kept.empty, atol=2e-3)
    np.testing.assert_allclose(again.spare, kept.spare, atol=2e-3)


def test_what_the_page_says_of_its_model() -> None:
    """The sentences that stand on the page without a number."""
    assert max(recorded("wording")) - min(recorded("wording")) >= 15, (
        "the wording moves the score by 25 points"
    )
    ends = [DEMONSTRATIONS[order[-1]][1] for order in ORDERS]
    plain, median = recorded("order"), recorded("order", "median")
    assert max(n for n, end in zip(plain, ends, strict=True) if end == "happy") < min(
        n for n, end in zip(plain, ends, strict=True) if end == "sad"
    )
    assert max(median) - min(median) < (max(plain) - min(plain)) / 2, "most of the order is a threshold"
    worse = [e < p for e, p in zip(recorded("order", "empty"), plain, strict=True)]
    assert all(w for w, end in zip(worse, ends, strict=True) if end == "sad"), "without the text: harm"
    assert recorded("labels")[-1] < 22, (
        "swapped labels: it knows the words, and does not learn from the prompt"
    )
    assert all(21 <= n <= 39 for n in recorded("question")), "chance: no interval leaves out 50%"
    assert recorded("opposite")[0] <= 37
    assert recorded("opposite")[-1] >= 50


def test_a_study_without_other_texts_has_no_median(open_page: Open) -> None:
    at = open_page(PAGE, pr_study="summary", pr_way="median")
    assert not at.exception
    assert data_of(at, "wording_board")["start"]["way"] == 1


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, pr_study="x", pr_row="900", pr_way="<b>", pr_step="-3", pr_look="y", pr_gpt2="9.9.9", pr_unicorn="77")  # fmt: skip
    assert not at.exception
    assert notes(at)


# -- a reader's own prompt -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "labels", "word"),
    [
        ("{text}", "happy", "happy/sad"),
        ("{text}", "", "happy/sad"),
        ("안녕하세요 <script>", "a/b/c", "happy/sad"),
        ("{text}", "sad / sad", "sad"),
    ],
)
def test_answers_that_cannot_be_compared_are_told(
    open_page: Open, lang: str, own: str, labels: str, word: str
) -> None:
    at = open_page(PAGE, lang=lang)
    widget(at, "pr_own").set_value(own)
    widget(at, "pr_labels").set_value(labels).run()
    assert not at.exception
    assert len(at.error) == 1
    assert word in at.error[0].value.replace("\\", "")
    assert len(data_of(at, "wording_board")["rows"]) == 12, "what was on screen stays"


@pytest.mark.parametrize("own", ["", "안녕하세요", "👨‍👩‍👧‍👦", "مرحبا", "<script>", "{nothing}"])
def test_without_a_place_the_question_stands_first(open_page: Open, own: str) -> None:
    assert page.Prompt(f"{{text}} {own}", ("happy", "sad")) == open_own(open_page, own)


def open_own(open_page: Open, own: str) -> page.Prompt:
    """The prompt that the page would ask."""
    at = open_page(PAGE, pr_own=own)
    found: list[page.Prompt] = []
    original = page.own_wanted

    def spy(card: page.ModelCard) -> page.Wanted:
        wanted = original(card)
        found.extend(wanted.prompts)
        return wanted

    page.own_wanted = spy  # type: ignore[assignment]
    try:
        at.run()
    finally:
        page.own_wanted = original
    return found[-1]


def test_a_prompt_of_ones_own_joins_the_rows(open_page: Open) -> None:
    at = open_page(PAGE, model="nano-gpt", pr_study="opposite", pr_own="{text} is not")
    assert all(row["right"] is None for row in data_of(at, "wording_board")["rows"])
    next(b for b in at.button if b.key == "pr_own_run_start").click().run()
    assert not at.exception
    wanted = next(key for key in live.trainings()._known if getattr(key, "study", "") == "opposite")
    asked = live.trainings().get(wanted)
    assert asked is not None
    assert asked.work is not None
    assert asked.work.wait(300)
    asked.work.result()
    at.run()
    assert not at.exception
    rows = data_of(at, "wording_board")["rows"]
    assert [row["own"] for row in rows] == [False] * 9 + [True]
    loaded = checkpoints.load("nano-gpt", "generation")
    scores = ask(loaded, study("opposite"), wanted.prompts[0])
    assert rows[-1]["right"][0] == scores.right(study("opposite").questions, "plain").sum()
    widget(at, "pr_own").set_value("{text} {text} again").run()
    rows = data_of(at, "wording_board")["rows"]
    assert [row["own"] for row in rows] == [False] * 9 + [True], "what was asked is kept"
    next(b for b in at.button if b.key == "pr_forget").click().run()
    assert len(data_of(at, "wording_board")["rows"]) == 9


def test_what_others_asked_does_not_join_by_itself(open_page: Open) -> None:
    """The first text of the box: only who asked it, or whose link points at its row, sees it in the picture."""
    card = checkpoints.card("nano-gpt")
    wanted = page.Wanted(card.name, card.revision, "opposite", (page.Prompt(page.OWN),))
    training = live.trainings().start(wanted, lambda: page_live.Asked(wanted), "somebody")
    assert training.work is not None
    assert training.work.wait(300)
    link = {"model": "nano-gpt", "pr_study": "opposite"}
    assert len(data_of(open_page(PAGE, **link), "wording_board")["rows"]) == 9
    assert len(data_of(open_page(PAGE, **link, pr_row="9"), "wording_board")["rows"]) == 10


def test_prompts_join_one_by_one(open_page: Open) -> None:
    """While a model is asked, the rows that are done stand in the board; stopped, they stay."""
    at = open_page(PAGE, model="nano-gpt", pr_study="question", pr_look="nothing")
    card = checkpoints.card("nano-gpt")
    wanted = page.Wanted(card.name, card.revision, "question", study("question").prompts)
    asked = page_live.Asked(wanted)
    while len(asked.result()["rows"]) < 2:
        asked.step()
    training = live.trainings().start(wanted, lambda: asked, "somebody")
    assert training.work is not None
    live.trainings().stop(wanted, "somebody")
    assert training.work.wait(300)
    at.run()
    assert not at.exception
    rows = data_of(at, "wording_board")["rows"]
    done = [row["right"] is not None for row in rows]
    assert 2 <= sum(done) <= len(rows)
    assert done == sorted(done, reverse=True)


def test_a_prompt_that_is_too_long_is_told_by_the_model(open_page: Open) -> None:
    at = open_page(PAGE, model="nano-gpt", pr_study="opposite", pr_own="{text} " + "day by day " * 85)
    next(b for b in at.button if b.key == "pr_own_run_start").click().run()
    wanted = next(key for key in live.trainings()._known if getattr(key, "prompts", (None,))[0] and "day by day" in key.prompts[0].template)  # fmt: skip
    asked = live.trainings().get(wanted)
    assert asked is not None
    assert asked.work is not None
    assert asked.work.wait(300)
    at.run()
    assert not at.exception
    assert len(at.error) == 1
    assert len(data_of(at, "wording_board")["rows"]) == 9


# -- published scores ------------------------------------------------------------------------------------------------------


def rows_of(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_gpt2_passes_where_the_paper_says(open_page: Open) -> None:
    game = data_of(open_page(PAGE, pr_look="gpt2"), "first_past")
    told = {
        (row["dataset"], row["metric"], row["model"]): row["beats_previous_sota"] == "yes"
        for row in rows_of("gpt2_zero_shot")
        if row["model"] != "SOTA"
    }
    assert len(game["rows"]) == 10
    assert [row["passes"] for row in game["rows"]] == [
        [told[task, metric, size] for size in panels.SIZES] for task, metric, *_ in panels.gpt2_scores()
    ]
    assert [row["name"] for row in game["rows"] if True not in row["passes"]] == ["1BW"]


def test_gpt3_stands_against_others(open_page: Open, lang: str) -> None:
    game = data_of(open_page(PAGE, lang=lang, pr_look="gpt3"), "first_past")
    passes = {(row["name"], i): row["passes"] for i, row in enumerate(game["rows"])}
    found = {name: value for (name, _), value in passes.items()}
    assert found["TriviaQA"] == [False, False, True], "68.0 with one example only equals the best before"
    assert found["NaturalQS"] == [False, False, False]
    assert found["SuperGLUE"] == [None, None, True]
    assert found["CB"] == [None, None, False]
    assert "cycle letters" not in found


def test_what_was_guessed_stands_in_the_link(open_page: Open) -> None:
    at = open_page(PAGE, pr_look="gpt2", pr_gpt2="1.0.5")
    assert data_of(at, "first_past")["start"] == [1, 0, 5]
    assert "1BW" not in " ".join(m.value for m in at.markdown), "nothing is given away"
    at = open_page(PAGE, pr_look="gpt2", pr_gpt2=".".join("1" * 10))
    assert "1BW" in " ".join(m.value for m in at.markdown)
    at = open_page(PAGE, pr_look="unicorn", pr_unicorn="1.3")
    assert data_of(at, "claim_check")["start"] == [1, 3]
    assert sum(claim["clash"] for claim in data_of(at, "claim_check")["claims"]) == len(panels.CLASHES)
