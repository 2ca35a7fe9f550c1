"""The history: facts against their sources, every stop in both languages, and what the words rely on."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from components.lessons.start import history as page
from components.lessons.start import history_runs as runs
from components.lm import checkpoints
from components.lm.start.gradients import NETWORKS, Recurrence, gradient_back
from components.lm.start.two_classes import WAYS
from components.lm.tokens.byte_level import from_byte_symbols
from tests.pages.conftest import Open, data_of, modules_after, notes, on_page, said

ROOT = Path(__file__).parents[3]
TIMELINE = page.table("nlp_timeline")


# -- facts -----------------------------------------------------------------------------------------------------------


def test_the_date_of_a_paper_is_the_month_of_its_arxiv_number() -> None:
    """InstructGPT was announced before its paper."""
    seen = 0
    for row in TIMELINE:
        number = re.search(r"arxiv\.org/abs/(\d\d)(\d\d)\.", row["url"])
        if number and row["id"] != "instructgpt":
            assert row["date"] == f"20{number[1]}-{number[2]}", row["id"]
            assert number[0].removeprefix("arxiv.org/abs/") in row["source"]
            seen += 1
    assert seen == 22


def test_the_stops_stand_in_order_and_announcements_have_their_day() -> None:
    dates = [row["date"] for row in TIMELINE]
    assert dates == sorted(dates)
    for row in TIMELINE:
        if day := re.search(r"\((\d{4}-\d\d)-\d\d\)", row["source"]):
            assert row["date"] == day[1], row["id"]
        assert row["lane"] in page.LANES
        assert row["url"].startswith("https://")
    for row in page.table("gpt_history"):
        mine = next(stop for stop in TIMELINE if stop["id"] == row["id"])
        assert row["date"].startswith(mine["date"])


def test_the_pages_that_show_a_stop_exist() -> None:
    shown = {row["page"] for row in TIMELINE} - {""}
    assert len(shown) > 12
    for name in shown:
        assert (ROOT / "pages" / f"{name}.py").exists(), name


def test_known_numbers() -> None:
    counts = {row["dataset"]: int(row["count"]) for row in page.table("datasets")}
    assert counts["English Wikipedia (BERT's text)"] == 2_500_000_000
    assert counts["BooksCorpus"] == 800_000_000
    assert (counts["STS Benchmark"], counts["CoLA"], counts["Quora Question Pairs"]) == (
        8_628,
        10_657,
        404_290,
    )
    assert counts["CoLA"] == 8_551 + 1_043 + 1_063
    assert counts["STS Benchmark"] == 5_749 + 1_500 + 1_379


def test_gpt2s_tokens_are_the_sentence() -> None:
    rows = page.table("gpt2_korean_tokens")
    assert b"".join(from_byte_symbols(row["token"]) for row in rows).decode() == page.KOREAN
    made = runs.gpt2_tokens()
    assert made.num_tokens == 53
    assert made.segments[0].text == "옛"
    # The first 256 ids of GPT-2 are the bytes in the order of its alphabet: printable ASCII first, "!" is 0.
    assert rows[-1]["token"] == "."
    assert int(rows[-1]["token_id"]) == ord(".") - ord("!")


# -- the page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", page.STOPS)
def test_every_stop(open_page: Open, stop: str) -> None:
    at = open_page(page.NAME, history_stop=stop, history_look="nothing")
    line = data_of(at, "history_line")
    assert line["start"] == {"stop": page.STOPS.index(stop)}
    assert line["stops"][page.STOPS.index(stop)]["runs"] == (stop in runs.SCENES)
    running = any(on_page(at, name) for name in ("history_scene", "variant_runs", "token_lanes"))
    assert running == (stop in runs.SCENES)
    assert set(page.RUNS) == set(runs.SCENES)


@pytest.mark.parametrize("stop", page.RUNS)
def test_what_runs_speaks_korean(open_page: Open, stop: str) -> None:
    at = open_page(page.NAME, lang="ko", history_stop=stop)
    assert "$" not in said(at)
    assert not at.error


def test_needs_no_torch() -> None:
    assert modules_after(page.NAME, "history_scene") == []


def test_the_records_are_what_the_code_makes() -> None:
    kept = json.loads((ROOT / "assets/traces/start/history.json").read_text(encoding="utf-8"))
    for network in NETWORKS:
        assert kept["gradients"][network] == pytest.approx(gradient_back(network, Recurrence()), rel=1e-6)
    for part in ("chain", "words"):
        assert kept[part]["revision"] == checkpoints.card(kept[part]["model"]).revision, (
            "make it again: python assets/traces/make.py start/history"
        )
    from components.lm.start.chain import chain

    again = chain(checkpoints.load(page.MODEL, "generation"), page.TEXT)
    assert [row["text"] for row in kept["chain"]["links"]] == [one.text for one in again]
    # float32 on another processor.
    assert [row["log_prob"] for row in kept["chain"]["links"]] == pytest.approx(
        [one.log_prob for one in again], abs=1e-3
    )


def test_what_the_words_say_is_so(open_page: Open) -> None:
    # Two uses with one meaning are nearer than two with different ones; in the table all are one.
    shown = data_of(open_page(page.NAME, history_stop="word2vec"), "history_scene")["grids"]
    table, layer = (np.array(grid["values"]) for grid in shown)
    assert table == pytest.approx(np.ones((4, 4)))
    assert min(layer[0, 1], layer[2, 3]) > max(layer[0, 2], layer[0, 3], layer[1, 2], layer[1, 3])
    # While the month is written, the month is read.
    (grid,) = data_of(open_page(page.NAME, history_stop="attention"), "history_scene")["grids"]
    for row, symbol in enumerate(grid["rows"]):
        assert sum(grid["values"][row]) == pytest.approx(1, abs=1e-4)
        if symbol in "march":
            assert grid["columns"][int(np.argmax(grid["values"][row]))] == "3"
    # One vector is worse at every length.
    groups = data_of(open_page(page.NAME, history_stop="seq2seq"), "variant_runs")["charts"][0]["groups"]
    attention, one = (bar["shares"] for bar in groups["bars"])
    assert all(a > b + 0.3 for a, b in zip(attention, one, strict=True))


def test_vocabularies(open_page: Open) -> None:
    lanes = data_of(open_page(page.NAME, history_stop="bpe"), "token_lanes")["lanes"]
    assert [lane["name"] for lane in lanes] == ["pocket-gpt", "GPT-2", "pocket-gpt-ko"]
    assert lanes[0]["count"] > lanes[1]["count"] > 3 * lanes[2]["count"]
    at = open_page(page.NAME, history_stop="bpe", two_vocabularies="안녕하세요")
    assert [lane["name"] for lane in data_of(at, "token_lanes")["lanes"]] == ["pocket-gpt", "pocket-gpt-ko"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", ["2", "20"])
def test_two_kinds(open_page: Open, way: str, count: str) -> None:
    at = open_page(page.NAME, history_stop="gpt1", two_way=way, two_labels=count)
    data = data_of(at, "history_scene")
    labelled = sum(point["labelled"] for point in data["points"])
    assert labelled == (0 if way == "unlabelled" else 2 * int(count))
    assert bool(data["ellipses"]) == bool(data["drawn"]) == (way != "discriminative")
    right = sum(point["said"] == point["of"] for point in data["points"] if not point["labelled"])
    assert str(right) in said(at)
    assert right > 0.5 * (len(data["points"]) - labelled)


@pytest.mark.parametrize("text", ["", "tree " * 100, "안녕하세요", "👩‍👩‍👧", "<script>", "שלום"])
def test_texts_for_the_language_model(open_page: Open, text: str) -> None:
    at = open_page(page.NAME, history_stop="gpt2", chain_text=text)
    shown = data_of(at, "history_scene")["links"]
    if not text or len(text) > 100:
        assert at.info
        assert "".join(link["text"] for link in shown) == page.TEXT, "what was on screen stays"
    else:
        assert sum(np.log10(link["p"]) for link in shown) == pytest.approx(shown[-1]["product"], abs=1e-6)


@pytest.mark.parametrize("text", ["", "👩‍👩‍👧", "<script>alert(1)</script>", "*a* $x$", "שלום עולם"])
def test_texts_to_look_up_in(open_page: Open, text: str) -> None:
    at = open_page(page.NAME, history_stop="look_up", look_text=text)
    data = data_of(at, "history_scene")
    assert bool(at.info) == (not text)
    if text:
        assert "".join(piece for piece, _ in data["sentences"][0]) == text
        assert data["prompt"] == [page.QUESTION]
    at = open_page(page.NAME, history_stop="bpe", two_vocabularies=text)
    assert data_of(at, "token_lanes")["lanes"]


def test_the_looked_up_sentences_stand_before_the_question(open_page: Open) -> None:
    data = data_of(open_page(page.NAME, history_stop="look_up"), "history_scene")
    assert sorted(rank for rank in data["ranks"] if rank) == [1, 2, 3]
    assert len(data["prompt"]) == 4
    assert any("bakery" in line for line in data["prompt"][:-1])
    assert any("1921" in line for line in data["prompt"][:-1])
    shared = {piece.lower() for line in data["sentences"] for piece, mine in line if mine}
    assert shared == {"bakery", "mill"}


def test_looked_up_in_korean(open_page: Open) -> None:
    at = open_page(page.NAME, lang="ko", history_stop="look_up", **page.KOREAN_START)
    data = data_of(at, "history_scene")
    assert [data["ranks"].index(rank) for rank in (1, 2, 3)] == [3, 0, 2]
    assert data["prompt"][-1] == page.KOREAN_START["look_question"]


def test_cards_in_order(open_page: Open) -> None:
    asked = data_of(open_page(page.NAME), "predict_first")
    names = [asked["options"][i] for i in asked["order"]]
    assert names == ["LSTM", "Word2Vec", "Transformer", "GPT-1", "BERT", "T5"]
    assert names != asked["options"]


def test_squares(open_page: Open, lang: str) -> None:
    data = data_of(open_page(page.NAME, lang=lang, history_words="30"), "history_scene")
    assert data["kind"] == "curves"
    found, times = runs.amounts(30)
    assert round(times) == 120
    assert next(one["words"] for one in found if one["name"] == "CoLA") == 10_657 * 30


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(page.NAME, history_stop="<b>", rnn_radius="9", two_labels="x")
    assert notes(at)
    assert data_of(at, "history_line")["start"] == {"stop": 0}
