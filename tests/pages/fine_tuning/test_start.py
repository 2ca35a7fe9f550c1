"""The page "Why start there", from links, in both languages, with recorded starts, slices, and one more start."""

import json

import pytest
from safetensors.numpy import load

from components.lessons import live
from components.lessons.fine_tuning import start as page
from components.lessons.fine_tuning.live_pair import asked
from components.lm import checkpoints
from components.lm.fine_tuning.start import (
    BATCHES,
    GRID,
    PRETRAINED_STARTS,
    RANDOM_STARTS,
    SGD_STEPS,
    sentences,
    started_fully,
)
from tests.pages.conftest import Open, data_of, modules_after, notes, said

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)
PAGE = "fine_tuning/start"


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "start_board")
    assert len(board["random"]) == RANDOM_STARTS >= 50
    assert len(board["pretrained"]) == PRETRAINED_STARTS
    assert all(len(run["values"]) == len(board["steps"]) for run in board["random"])
    assert max(max(run["values"]) for run in board["random"]) < board["most"]
    slices = data_of(at, "slice_board")
    for panel in slices["panels"]:
        assert len(panel["paths"]) == len(BATCHES)
        assert len(panel["losses"]) == GRID
    assert slices["panels"][0]["side"] == slices["panels"][1]["side"], "lengths can be compared"


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "start_board") == []


def test_the_runs_belong_to_the_shipped_model() -> None:
    kept = page.recorded()
    assert kept["revision"] == checkpoints.card(kept["model"]).revision, (
        "make it again: python -m components.pretraining fine-tuning start"
    )
    assert {run["seed"] for run in page.runs(False)} == set(range(RANDOM_STARTS))
    for name in page.STARTS:
        assert all(len(path["places"]) == SGD_STEPS + 1 for path in kept["starts"][name]["paths"])


def test_what_was_recorded_is_what_the_code_makes() -> None:
    kept = page.runs(False)[7]
    loaded = checkpoints.load("nano-bert", "masked_prediction")
    again = started_fully(loaded, pretrained=False, seed=7, texts=sentences(loaded))
    # 48 steps of AdamW in float32: another processor may end a hundredth of a nat away.
    assert again.train == pytest.approx(kept["train"], abs=0.02)
    assert again.generated == pytest.approx(kept["generated"], abs=0.02)
    assert again.written == pytest.approx(kept["written"], abs=0.02)


def test_what_the_page_says_of_its_starts() -> None:
    """No random start reaches the pre-trained one on held-out sentences; on those that are learned nearly all pass it."""
    assert page.as_good("generated", page.LAST) == 0
    assert page.as_good("f1", page.LAST) == 0
    assert page.as_good("train", page.LAST) > 0.9 * RANDOM_STARTS
    for pretrained in (True, False):
        assert page.reach(pretrained, "generated", 0)[1] == pytest.approx(page.KNOWS_NOTHING, abs=0.05)
    ends = page.slice_ends()
    assert max(end["losses"] for end in ends.values()) < 0.05
    assert ends["random"]["held_out"] > ends["pretrained"]["held_out"] + 0.2


@pytest.mark.parametrize("measure", page.MEASURES)
def test_every_measure_says_its_numbers(open_page: Open, lang: str, measure: str) -> None:
    at = open_page(PAGE, lang=lang, start_measure=measure, start_step="3", start_look="nothing")
    for pretrained in (True, False):
        for value in page.reach(pretrained, measure, 3):
            assert page.said(value, measure) in said(at)


def test_every_panel(open_page: Open, lang: str) -> None:
    for look in page.LOOKS:
        assert not open_page(PAGE, lang=lang, start_look=look).exception
    shown = data_of(open_page(PAGE, lang=lang, start_loss="held_out"), "slice_board")
    assert shown["panels"][1]["losses"] == page.recorded()["starts"]["random"]["slice"]["held_out"]


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, start_step="99", start_measure="<b>", sgd_track="-4", start_seed="3")
    assert notes(at)
    assert data_of(at, "start_board")["start"] == {"step": page.LAST}
    assert data_of(at, "slice_board")["start"]["track"] == 0


def test_one_more_start(open_page: Open) -> None:
    at = open_page(PAGE, start_look="train", start_seed="321")
    next(b for b in at.button if b.key == "draw_start").click().run()
    assert not at.exception
    wanted = asked("nano-bert", 321)
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    assert training.work.wait(300)
    training.work.result()
    at.run()
    assert not at.exception
    tensors = load(training.result["learned"])
    assert {"head.weight", "bert.embeddings.word_embeddings.weight"} <= set(tensors)
    mine, bare = training.result["runs"]
    assert mine["generated"][-1] < bare["generated"][-1]
    found = [
        json.loads(block.proto.json)
        for block in at.get("bidi_component")
        if block.proto.component_name == "glassbox.start_board"
    ]
    (board,) = (one for one in found if one["mine"])
    assert [run["values"][-1] for run in board["mine"]] == [mine["generated"][-1], bare["generated"][-1]]
