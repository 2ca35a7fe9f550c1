"""The page "How much has to change", from links, in both languages, with the recorded change and a training of its own."""

import base64

import numpy as np
import pytest
from safetensors.numpy import load

from components.lessons import live
from components.lessons.fine_tuning import change as page
from components.lessons.fine_tuning.live_pair import asked
from components.lessons.fine_tuning.said import said_score
from components.lm import checkpoints
from components.lm.fine_tuning.change import ALL, KINDS, RANKS, SETTINGS, ChangeSetting, trained_fully
from components.lm.fine_tuning.encoder_tasks import score
from components.lm.fine_tuning.sentences import written_tags
from components.lm.fine_tuning.task_runs import SHOWN
from tests.pages.conftest import Open, data_of, modules_after, notes, said

pytestmark = pytest.mark.skipif(
    not {"nano-bert", "pocket-bert"} <= set(checkpoints.store().bundled_names()),
    reason="nano-bert and pocket-bert are not in assets/models",
)
PAGE = "fine_tuning/change"


def numbers(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "change_board")
    assert board["start"] == {"rank": RANKS.index(8), "matrix": page.MATRICES.index("4.attention_output")}
    assert len(board["matrices"]) == len(page.MATRICES)
    for lane in board["lanes"]:
        assert len(lane["said"]) == len(lane["written"]) == len(RANKS)
        assert len(lane["said"][0]) == SHOWN


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "change_board") == []


def test_the_change_belongs_to_the_shipped_model() -> None:
    kept = page.recorded()
    assert kept["revision"] == checkpoints.card(kept["model"]).revision, (
        "make it again: python -m components.pretraining fine-tuning change"
    )
    found = {
        (s["way"], s["size"], s["targets"], s["pretrained"]) for r in kept["runs"] for s in (r["setting"],)
    }
    assert found == {(s.way, s.size, s.targets, start) for s in SETTINGS for start in (True, False)}


@pytest.mark.parametrize("name", ["4.query", "3.intermediate", "2.output"])
def test_the_picture_is_the_matrix(open_page: Open, name: str) -> None:
    """W is what the model's file holds; the directions have the recorded shares; the whole change is their sum."""
    picture = data_of(open_page(PAGE, change_matrix=name, change_rank="8"), "change_board")["picture"]
    at = page.MATRICES.index(name)
    assert picture["matrix"] == at
    shown = page.recorded()["starts"]["pretrained"]["matrices"][at]
    out, width = shown["shape"]
    layer, kind = name.split(".")
    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    w = loaded.model.bert.encoder.layer[int(layer)].get_submodule(KINDS[kind]).weight.detach().float().numpy()
    grey = numbers(picture["w"], "u1").reshape(out, width)
    # One of 255 steps, and the half that rounding takes.
    assert (
        np.abs(grey / 255 * picture["w_range"] - np.minimum(np.abs(w), picture["w_range"])).max()
        < picture["w_range"] / 400
    )
    b, a = numbers(picture["b"], "<f4").reshape(out, -1), numbers(picture["a"], "<f4").reshape(-1, width)
    squares = np.sum((b**2).sum(0)[:8]) / (shown["relative"] * np.linalg.norm(w)) ** 2
    assert squares == pytest.approx(shown["shares"][RANKS.index(8)], abs=0.01)
    if picture["whole"] is not None:
        whole = numbers(picture["whole"], "i1").reshape(out, width) / 127 * picture["whole_range"]
        first = b[:, :16] @ a[:16]
        assert np.corrcoef(whole.ravel(), first.ravel())[0, 1] ** 2 > shown["shares"][RANKS.index(16)] - 0.05


@pytest.mark.parametrize("rank", page.RANK_NAMES)
def test_every_rank_says_its_score(open_page: Open, lang: str, rank: str) -> None:
    at = open_page(PAGE, lang=lang, change_rank=rank, change_look="nothing")
    for start in page.STARTS:
        cut = page.recorded()["starts"][start]["cuts"][page.RANK_NAMES.index(rank)]
        assert said_score(cut["written"]) in said(at)


def test_few_directions_are_enough_and_one_is_not() -> None:
    """What the page says in its first line."""
    cuts = page.recorded()["starts"]["pretrained"]["cuts"]
    assert page.enough() in (2, 4, 8)
    assert cuts[RANKS.index(8)]["written"][0] > cuts[-1]["written"][0] - page.NEAR
    assert cuts[1]["written"][2] < cuts[-1]["written"][1], "with one direction the intervals part"
    for start in page.STARTS:
        for one in page.recorded()["starts"][start]["matrices"]:
            assert one["shares"] == sorted(one["shares"])
            assert one["shares"][0] == 0
            assert one["shares"][RANKS.index(ALL)] == 1


def test_every_panel(open_page: Open, lang: str) -> None:
    for look in page.LOOKS:
        at = open_page(PAGE, lang=lang, change_look=look)
        assert not at.exception
    at = open_page(PAGE, lang=lang, change_look="ways")
    full = page.runs_of(way="full", pretrained=True)[0]
    assert f"{full['trained']:,}" in " ".join(block.value for block in at.markdown)


def test_what_was_recorded_is_what_the_code_makes() -> None:
    kept = page.runs_of(way="head", pretrained=True)[0]
    made, again = trained_fully(checkpoints.load("pocket-bert", "masked_prediction"), ChangeSetting("head"))
    assert page.recorded()["counts"]["written"] == len(made.written) == len(written_tags())
    found = score("tag", made.model.says(made.written), made.written)
    # A word on the edge may fall on the other side on another processor: two points of F1.
    assert found.value == pytest.approx(kept["written"][-1][0], abs=0.02)
    assert (again["trained"], again["kept_bytes"]) == (kept["trained"], kept["kept_bytes"])


def test_the_low_rank_file_holds_every_matrix() -> None:
    tensors = load(page.low_rank_file(4))
    assert len(tensors) == 2 * len(page.MATRICES)
    assert tensors["bert.encoder.layer.3.intermediate.dense.B"].shape == (768, 4)
    assert tensors["bert.encoder.layer.3.intermediate.dense.A"].shape == (4, 192)


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, change_rank="3", change_matrix="<b>", change_size="900", change_look="x")
    assert notes(at)
    assert data_of(at, "change_board")["start"]["rank"] == RANKS.index(8)


def test_a_training_of_ones_own(open_page: Open) -> None:
    at = open_page(PAGE, change_look="train", change_way="head", change_seed="7")
    next(b for b in at.button if b.key == "change_start").click().run()
    assert not at.exception
    wanted = asked("nano-bert", ChangeSetting("head", seed=7, examples=50))
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    assert training.work.wait(300)
    training.work.result()
    at.run()
    assert not at.exception
    assert set(load(training.result["learned"])) == {"head.weight", "head.bias"}
