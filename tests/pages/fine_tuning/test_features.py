"""The page "Train it, or only mix its layers", from links, in both languages, with recorded mixes and some of a reader's."""

import pytest
from safetensors.numpy import load

from components.lessons import live
from components.lessons.fine_tuning import features as page
from components.lessons.fine_tuning.features_live import Mix
from components.lessons.fine_tuning.live_pair import asked
from components.lessons.fine_tuning.said import percent, said_score
from components.lm import checkpoints
from components.lm.fine_tuning.features import SEEDS, SETS, SIZES, even, features, mix_fully, only, presets
from components.lm.fine_tuning.sentences import TAGS
from components.lm.fine_tuning.task_runs import SHOWN
from tests.pages.conftest import Open, data_of, modules_after, notes, said

pytestmark = pytest.mark.skipif(
    not {"nano-bert", "pocket-bert"} <= set(checkpoints.store().bundled_names()),
    reason="nano-bert and pocket-bert are not in assets/models",
)
PAGE = "fine_tuning/features"


def test_opens(open_page: Open, lang: str) -> None:
    board = data_of(open_page(PAGE, lang=lang), "features_board")
    assert board["start"] == {"step": 0, "faders": list(even(page.LAYERS))}
    assert [tuple(one["faders"]) for one in board["mixes"]] == presets(page.LAYERS)
    for one in board["mixes"]:
        assert len(one["lanes"]) == len(page.STARTS)
        assert all(len(lane["said"]) == SHOWN for lane in one["lanes"])
    for run in board["learned"]:
        assert len(run["shares"]) == len(board["steps"])


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "features_board") == []


def test_the_runs_belong_to_the_shipped_model() -> None:
    kept = page.recorded()
    assert kept["revision"] == checkpoints.card(kept["model"]).revision, (
        "make it again: python -m components.pretraining fine-tuning features"
    )
    found = {(run["pretrained"], run["size"], run["seed"]) for run in kept["runs"]}
    assert found == {(start, size, seed) for start in (True, False) for size in SIZES for seed in SEEDS}


def test_what_was_recorded_is_what_the_code_makes() -> None:
    kept = page.run_of("pretrained", 50, 0)
    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    states = features(loaded, 50, pretrained=True, seed=0)
    again = mix_fully(states, None, seed=0)
    # A word on the edge may fall on the other side on another processor: two points of F1, and one of a share.
    assert again["shares"][-1] == pytest.approx(kept["learned"]["shares"][-1], abs=0.01)
    for name in SETS:
        assert again[name][-1][0] == pytest.approx(kept["learned"][name][-1][0], abs=0.02)


def test_a_mix_of_the_readers(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, features_faders="5.6.7.8.7.6.5")
    board = data_of(at, "features_board")
    assert tuple(board["mixes"][-1]["faders"]) == (5, 6, 7, 8, 7, 6, 5)
    mine, bare = board["mixes"][-1]["lanes"]
    assert percent(mine["written"][0]) in said(at)
    assert mine["new"][0] > bare["new"][0] + 0.2
    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    states = features(loaded, 50, pretrained=True, seed=0)
    again = mix_fully(states, (5, 6, 7, 8, 7, 6, 5), seed=0)
    assert tuple(mine["written"]) == tuple(again["written"][-1])


@pytest.mark.parametrize("step", ["1", "6", str(page.LAST)])
def test_every_moment_of_learning_says_its_score(open_page: Open, lang: str, step: str) -> None:
    at = open_page(PAGE, lang=lang, features_step=step, features_look="nothing")
    run = page.run_of("pretrained", 50, 0)["learned"]
    assert said_score(run["written"][int(step) - 1]) in said(at)


def test_what_the_page_says_of_its_runs() -> None:
    """Pre-training helps with new words, hardly with labelled ones; the learned mix is no better; the mix holds its own."""
    for size in SIZES:
        mine, bare = (
            {name: page.over_seeds(start, size, "even", name)[0] for name in SETS} for start in page.STARTS
        )
        assert mine["labelled"] - bare["labelled"] < 0.1
        assert mine["new"] - bare["new"] > 0.4
        learned, flat, tuned = (
            page.over_seeds("pretrained", size, way, "written")[0] for way in ("learned", "even", "tuned")
        )
        assert learned <= flat
        assert flat > tuned - 0.02


def test_every_panel(open_page: Open, lang: str) -> None:
    for look in page.LOOKS:
        assert not open_page(PAGE, lang=lang, features_look=look).exception
    at = open_page(PAGE, lang=lang, features_look="paper")
    text = " ".join(block.value for block in at.markdown)
    assert "96.4" in text
    assert "780" in text


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, features_faders="1.2.<b>", features_step="900", features_size="7")
    assert notes(at)
    start = data_of(at, "features_board")["start"]
    assert start == {"step": page.LAST, "faders": list(even(page.LAYERS))}
    short = open_page(PAGE, features_faders="1.2")
    assert data_of(short, "features_board")["start"]["faders"] == list(even(page.LAYERS))


def test_a_training_of_ones_own(open_page: Open) -> None:
    at = open_page(
        PAGE,
        features_look="train",
        features_model="nano-bert",
        features_live_size="20",
        features_live_seed="9",
    )
    next(b for b in at.button if b.key == "faders_start").click().run()
    assert not at.exception
    wanted = asked("nano-bert", Mix(20, 9))
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    assert training.work.wait(300)
    training.work.result()
    at.run()
    assert not at.exception
    shares = training.result["runs"][0]["shares"][-1]
    assert len(shares) == 5
    learned = load(training.result["learned"])
    # Half precision keeps eleven bits; the shares of a run are rounded to four digits.
    assert learned["share"].tolist() == pytest.approx(shares, abs=1e-3)
    assert learned["gamma"] == pytest.approx(training.result["runs"][0]["gamma"][-1], rel=1e-3)
    assert learned["head.weight"].shape[0] == len(TAGS)


def test_one_layer_alone_is_recorded(open_page: Open) -> None:
    board = data_of(open_page(PAGE, features_faders=".".join(map(str, only(6, 7)))), "features_board")
    assert len(board["mixes"]) == len(presets(page.LAYERS)), "nothing has to be computed"
