"""The page "Choosing a text", from links, in both languages."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lessons.gpt import decoding as page
from components.lm import checkpoints
from components.pretraining.decoding_study import STRATEGIES
from tests import float32
from tests.pages.conftest import Open, data_of, modules_after, on_page

PAGE = page.NAME


def test_opens(open_page: Open, lang: str) -> None:
    race = data_of(open_page(PAGE, lang=lang), "lane_race")
    assert race["state"]["dec_lanes"].split(",") == list(page.FIRST_LANES)
    assert not race["state"]["dec_named"]
    assert race["asked"] == race["state"]
    assert race["known"] is not None
    assert [len(lane["ids"]) for lane in race["known"]["lanes"]] == [page.MOST] * 4


def test_korean_begins_with_its_model_and_a_beam_that_repeats_itself(open_page: Open) -> None:
    """What the sentence after the guess says is so in Korean, too: the beam is the most probable and repeats itself."""
    at = open_page(PAGE, lang="ko")
    race = data_of(at, "lane_race")
    assert race["model"]["name"] == "pocket-gpt-ko"
    lanes = dict(zip(page.FIRST_LANES, race["known"]["lanes"], strict=True))
    assert (
        "".join(lanes["story"]["texts"]) == race["stories"][race["state"]["dec_prompt"]]
    )  # whole, with the default number of tokens
    assert not any("\\x" in text or "\ufffd" in text for lane in lanes.values() for text in lane["texts"])
    found = {name: page.numbers(lane) for name, lane in lanes.items()}
    assert max(found, key=lambda name: found[name]["logprob_per_token"]) == "beam"
    assert found["beam"]["repeated_4grams"] > 0.5 > found["sample"]["repeated_4grams"]
    asked = data_of(at, "predict_first")
    assert asked["answer"] == 0


def test_the_first_view_waits_for_no_model() -> None:
    assert modules_after(PAGE, "lane_race") == []


def test_the_first_view_is_what_is_computed(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(PAGE)
    shown = {name: data_of(at, name)["known"] for name in ("lane_race", "beam_tree")}
    monkeypatch.setattr(page, "trace_file", lambda _: None)
    monkeypatch.setattr(page, "model_files", lambda _: None)
    monkeypatch.setattr(page, "prediction", lambda: None)
    monkeypatch.setattr("components.shell.layout.prediction", lambda _: None)
    at = open_page(PAGE)
    computed = {name: data_of(at, name)["known"] for name in shown}
    for one, other in zip(shown["lane_race"]["lanes"], computed["lane_race"]["lanes"], strict=True):
        assert one["ids"] == other["ids"]
        assert one["logprobs"] == pytest.approx(
            other["logprobs"], abs=2 * float32.LOGIT
        )  # of the token and of all
    assert shown["beam_tree"]["beam"]["ids"] == computed["beam_tree"]["beam"]["ids"]


def test_the_story_ends_with_a_sentence_and_is_nowhere_else(open_page: Open) -> None:
    lane = data_of(open_page(PAGE), "lane_race")["known"]["lanes"][page.FIRST_LANES.index("story")]
    assert "".join(lane["texts"]).endswith("wet grass.")
    race = data_of(open_page(PAGE, dec_prompt="The old woman opened the door and"), "lane_race")
    assert race["state"]["dec_prompt"] not in race["stories"]
    assert race["known"] is None  # the browser writes it


def test_a_link_opens_the_same_view(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, dec_named="1", dec_lanes="beam,nothing,top_k,beam", dec_width="2", dec_top_k="7", dec_penalised="beam", dec_picks="8.3.11.5", dec_look="nothing")  # fmt: skip
    race = data_of(at, "lane_race")
    assert race["state"]["dec_lanes"] == "beam,nothing,top_k,beam"
    assert race["state"]["dec_picks"] == [8, 3, 11]
    assert not on_page(at, "beam_tree")
    state = {param.key: param.default for param in page.PARAMS} | race["state"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.st, "session_state", state)
        lanes = [page.lane(name) for name in page.shown()]
    assert [(lane["strategy"], lane["value"], lane["penalty"]) for lane in lanes] == [("beam", 2, 1.2), ("top_k", 7, 1)]  # fmt: skip


@pytest.mark.parametrize("prompt", ["", "안녕하세요", unicodedata.normalize("NFD", "안녕하세요"), "👩‍👩‍👧‍👦", "مرحبا", "<script>alert(1)</script>", "x " * 10_000])  # fmt: skip
def test_odd_beginnings_are_written_on(open_page: Open, prompt: str) -> None:
    at = open_page(
        PAGE, dec_prompt=prompt, model="nano-gpt", dec_lanes="greedy,beam", dec_most="8", dec_depth="4"
    )
    assert data_of(at, "lane_race")["state"]["dec_prompt"] == prompt[:20_000]


@settings(max_examples=12, deadline=None)
@given(prompt=st.text(max_size=40))
def test_any_beginning_is_read_whole_and_written_on(prompt: str) -> None:
    """Every lane has its numbers, none is above what is possible, and greedy takes the first of every row."""
    lanes = tuple(
        json.dumps({"strategy": strategy, "value": value, "penalty": 1, "temperature": 1, "order": "first", "k": 4, "length_penalty": 1})
        for strategy, value in (("greedy", 0), ("beam", 2), ("top_p", 0.9), ("contrastive", 0.6))
    )  # fmt: skip
    made = page.race.__wrapped__("nano-gpt", "", prompt, lanes, 3, 4, ())
    if prompt:
        assert checkpoints.load("nano-gpt").tokenizer.decode(made["prompt"]["ids"]) == prompt
    assert made["prompt"]["dropped"] == 0
    for lane in made["lanes"]:
        assert len(lane["ids"]) == 4 or lane["ended"]
        assert len(lane["ids"]) == len(lane["texts"]) == len(lane["logprobs"]) == len(lane["candidates"])
        assert all(logprob <= 0 for logprob in lane["logprobs"])
    greedy = made["lanes"][0]
    assert greedy["ids"] == [row[0][0] for row in greedy["candidates"]]


def test_a_model_of_the_server(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the browser cannot compute comes complete."""
    monkeypatch.setattr(page, "model_files", lambda _: None)
    at = open_page(
        PAGE,
        dec_named="1",
        dec_lanes="story,greedy,contrastive",
        dec_most="12",
        dec_depth="4",
        model="nano-gpt",
    )
    known = data_of(at, "lane_race")["known"]
    assert [len(lane["logprobs"]) for lane in known["lanes"]] == [len(lane["ids"]) for lane in known["lanes"]]
    tree = data_of(at, "beam_tree")["known"]["beam"]["tree"]
    for parent, _, _, own, total, _, _ in tree["nodes"]:
        assert total == pytest.approx(
            (tree["nodes"][parent][4] if parent >= 0 else 0) + own, abs=1e-4
        )  # six digits of sums up to 100


def test_the_table_has_every_strategy_and_the_text_its_numbers(open_page: Open, lang: str) -> None:
    assert [row["strategy"] for row in page.study()] == ["story", *STRATEGIES]
    at = open_page(PAGE, lang=lang, dec_look="study", dec_named="1")
    facts = page.facts()
    text = " ".join(block.value for block in at.markdown).replace(
        "\\.", "."
    )  # Markdown shows it without the stroke
    for name in (
        "story",
        "sample",
        "beam",
        "greedy",
        "beam_repeats",
        "story_repeats",
        "sample_rare",
        "story_rare",
        "beats",
    ):
        assert str(facts[name]) in text, name
    assert str(facts["sample"]) in data_of(at, "lane_race")["aid"]["named"]


def test_what_the_text_says_of_the_table() -> None:
    """Beam is the most probable and repeats the most; pure sampling is nearest to the texts in probability."""
    rows = {row["strategy"]: row for row in page.study()}
    own = rows.pop("story")
    assert rows["beam 4"]["mean_logprob"] > rows["greedy"]["mean_logprob"] > own["mean_logprob"]
    assert rows["beam 4"]["repeated_4grams"] > 20 * own["repeated_4grams"]
    nearest = min(rows.values(), key=lambda row: abs(row["mean_logprob"] - own["mean_logprob"]))
    assert nearest["strategy"] == "sample"


def test_the_prepared_question_is_answered_by_the_picture(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert asked["answer"] == 0
    json.dumps(asked)
