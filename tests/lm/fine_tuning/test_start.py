"""Starts that differ in their weights alone, plain SGD, and slices of a loss: on cases made by hand and on nano-bert."""

import pytest
import torch

from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import EncoderTask
from components.lm.fine_tuning.loop import CLIP
from components.lm.fine_tuning.start import (
    BATCHES,
    SGD_RATE,
    SIZE,
    Sentences,
    Start,
    descend,
    drawn_batch,
    extent,
    flat,
    mean_loss,
    paths_of,
    plane_through,
    put,
    sentences,
    slice_of,
)

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)


@pytest.fixture(scope="module")
def few(loaded: checkpoints.LoadedModel) -> Sentences:
    """A dozen sentences of each kind."""
    texts = sentences(loaded)
    return Sentences(texts.train[:12], texts.generated[:12], texts.written[:12])


def test_a_plane_of_vectors_made_by_hand() -> None:
    start = torch.tensor([1.0, 1.0, 1.0])
    plane = plane_through(start, start + torch.tensor([2.0, 0.0, 0.0]), start + torch.tensor([3.0, 4.0, 0.0]))
    assert plane.place(start) == (0, 0, 0)
    assert plane.place(torch.tensor([3.0, 1.0, 1.0])) == pytest.approx((2, 0, 0))
    assert plane.place(torch.tensor([4.0, 5.0, 1.0])) == pytest.approx((3, 4, 0))
    assert plane.place(torch.tensor([2.0, 2.0, 6.0])) == pytest.approx((1, 1, 5))
    assert plane.at(3, 4).tolist() == pytest.approx([4, 5, 1])
    with pytest.raises(ValueError, match="one line"):
        plane_through(start, start * 2, start * 3)


def test_batches_are_drawn_without_putting_back() -> None:
    for batch in BATCHES[:-1]:
        found = [drawn_batch(step, batch, SIZE) for step in range(400)]
        assert all(len(set(one)) == batch for one in found)
        assert {place for one in found for place in one} > set(range(10)), "all examples have their turn"
        assert found == [drawn_batch(step, batch, SIZE) for step in range(400)]
    assert drawn_batch(3, SIZE, SIZE) == list(range(SIZE))


def test_a_step_is_plain_sgd(loaded: checkpoints.LoadedModel, few: Sentences) -> None:
    """The same weights as torch's own SGD after three steps."""
    ours, theirs = (EncoderTask(loaded, "tag", "full", pretrained=True, seed=3) for _ in range(2))
    for _ in descend(ours, few.train, 4, 3):
        pass
    optimizer = torch.optim.SGD(theirs.trained, lr=SGD_RATE)
    for step in range(3):
        with torch.enable_grad():
            theirs.loss([few.train[i] for i in drawn_batch(step, 4, len(few.train))]).backward()
        torch.nn.utils.clip_grad_norm_(theirs.trained, CLIP)
        optimizer.step()
        optimizer.zero_grad()
    # float32 sums of the same numbers in the same order
    assert float((flat(ours) - flat(theirs)).abs().max()) < 1e-6


def test_starts_differ_in_what_is_drawn_alone(loaded: checkpoints.LoadedModel, few: Sentences) -> None:
    def begun(pretrained: bool, seed: int) -> Start:
        return Start(loaded, pretrained=pretrained, seed=seed, texts=few)

    one, other, bare, second = begun(True, 0), begun(True, 1), begun(False, 0), begun(False, 1)
    body = [p.detach().clone() for p in one.model.body.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(body, other.model.body.parameters(), strict=True))
    assert not torch.equal(one.model.head.weight, other.model.head.weight)
    assert not torch.equal(flat(bare.model), flat(second.model))
    assert len({tuple(start.loop.batch()) for start in (one, other, bare, second)}) == 1, "the same order"
    assert {start.loop.recipe.rate for start in (one, bare)} == {1e-3}, "the same rate"


def test_a_start_is_the_same_again_and_gets_better(loaded: checkpoints.LoadedModel, few: Sentences) -> None:
    runs = []
    for _ in range(2):
        made = Start(loaded, pretrained=True, seed=5, texts=few)
        while not made.loop.finished:
            made.step()
        runs.append({**made.run.as_json(), "seconds": 0})
    assert runs[0] == runs[1]
    assert runs[0]["steps"][0] == 0
    assert runs[0]["steps"][-1] == made.loop.steps
    assert len(runs[0]["steps"]) == len(runs[0]["train"]) == len(runs[0]["f1_written"])
    assert runs[0]["train"][-1] < 0.6 * runs[0]["train"][0]
    assert runs[0]["train"][-1] == mean_loss(made.model, few.train)


def test_paths_and_their_slice(loaded: checkpoints.LoadedModel, few: Sentences) -> None:
    plane, paths = paths_of(loaded, False, few, steps=4)
    assert [path["batch"] for path in paths] == list(BATCHES)
    for path in paths:
        assert path["places"][0] == [0, 0, 0]
        assert len(path["places"]) == len(path["losses"]) == len(path["held_out"]) == 5
        assert 0 < path["share"] <= 1
    one, _, everything = paths
    for path in (one, everything):
        assert path["share"] == pytest.approx(1, abs=1e-3), "the plane goes through this end"
    assert everything["places"][-1][1] == pytest.approx(0, abs=1e-3)
    assert everything["losses"][-1] < everything["losses"][0]
    x, y, side = extent(paths)
    for place in (place for path in paths for place in path["places"]):
        assert max(abs(place[0] - x), abs(place[1] - y)) < side / 2
    task = EncoderTask(loaded, "tag", "full", pretrained=False, seed=0)
    drawn = slice_of(task, plane, (0.0, 0.0), 2 * side, few, grid=3)
    assert drawn["losses"][1][1] == everything["losses"][0], "its middle is the start"
    assert [len(line) for line in drawn["held_out"]] == [3] * 3
    put(task, plane.at(*everything["places"][-1][:2]))
    assert mean_loss(task, few.train) == pytest.approx(
        everything["losses"][-1], abs=2e-3
    )  # places have four decimals


def test_a_vector_put_back_is_the_model(loaded: checkpoints.LoadedModel, few: Sentences) -> None:
    task = EncoderTask(loaded, "tag", "full", pretrained=True, seed=0)
    before, loss = flat(task).clone(), mean_loss(task, few.train)
    put(task, before + torch.ones_like(before))
    assert mean_loss(task, few.train) != loss
    put(task, before)
    assert mean_loss(task, few.train) == loss
