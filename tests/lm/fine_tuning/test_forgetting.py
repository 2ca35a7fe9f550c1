"""Forgetting: the added losses on cases made by hand, what stays frozen, and a run that can be gone on with."""

import pytest
import torch

from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import EncoderTask, examples
from components.lm.fine_tuning.forgetting import (
    METHODS,
    MOMENTS,
    STEPS,
    STRENGTHS,
    ForgettingSetting,
    Sequel,
    feature_distance,
    fisher,
    old_task,
    pull,
)

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)


@pytest.fixture(scope="module")
def old(loaded: checkpoints.LoadedModel) -> EncoderTask:
    """The old task after a few steps."""
    task, loop = old_task(loaded, True, 0)
    for _ in range(6):
        loop.take_step()
    return task


def test_pull_by_hand() -> None:
    """λ/2 times the squared distance; EWC weighs each square (Kirkpatrick et al. 2017, equation 3)."""
    layer = torch.nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0]]))
        layer.bias.copy_(torch.tensor([0.5]))
    before = {"weight": torch.tensor([[0.0, 4.0]]), "bias": torch.tensor([0.5])}
    assert float(pull(layer, before, 0.2).detach()) == pytest.approx(0.1 * (1 + 4))
    importance = {"weight": torch.tensor([[3.0, 0.5]]), "bias": torch.tensor([9.0])}
    loss = pull(layer, before, 0.2, importance)
    assert float(loss.detach()) == pytest.approx(0.1 * (3 + 2))
    loss.backward()
    assert torch.allclose(layer.weight.grad, torch.tensor([[0.2 * 3 * 1, 0.2 * 0.5 * -2]]))


def test_feature_distance_by_hand() -> None:
    """The mean over what is no padding."""
    states, held = torch.zeros(1, 3, 2), torch.tensor([[[1.0, 1.0], [2.0, 0.0], [50.0, 50.0]]])
    assert float(feature_distance(states, held, torch.tensor([[1, 1, 0]]))) == pytest.approx((1 + 1 + 4) / 4)


def test_fisher_is_the_mean_squared_gradient(loaded: checkpoints.LoadedModel, old: EncoderTask) -> None:
    rows = examples(loaded, "tag", "train", 3, 0)
    found = fisher(old, rows)
    assert all(p.grad is None for p in old.body.parameters())
    name = "encoder.layer.0.attention.self.value.weight"
    everything = {n: torch.zeros_like(p) for n, p in old.body.named_parameters()}
    for row in rows:
        old.body.zero_grad()
        old.loss([row]).backward()
        for n, p in old.body.named_parameters():
            if p.grad is not None:
                everything[n] += p.grad**2 / 3
    squares = everything[name]
    total = sum(float(f.sum()) for f in everything.values())
    count = sum(f.numel() for f in everything.values())
    # Squares of float32 gradients, summed over 0.7 million numbers.
    assert torch.allclose(found[name], squares / (total / count), rtol=1e-3)
    assert sum(float(f.sum()) for f in found.values()) / count == pytest.approx(1, rel=1e-3)
    old.body.zero_grad()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_leaves_the_old_model_and_its_head(
    loaded: checkpoints.LoadedModel, old: EncoderTask, method: str
) -> None:
    before = {n: p.detach().clone() for n, p in old.body.named_parameters()}
    head = old.head.weight.detach().clone()
    run = Sequel(loaded, old, ForgettingSetting(method, STRENGTHS[method][-1]))  # type: ignore[arg-type,index]
    for _ in range(3):
        run.step()
    assert all(torch.equal(p, before[n]) for n, p in old.body.named_parameters())
    assert torch.equal(run.old.head.weight, head)
    assert run.old.body is run.new.body
    after = dict(run.new.body.named_parameters())
    moved = [n for n, p in before.items() if n in after and not torch.equal(after[n], p)]
    assert bool(moved) != (method == "lora")


def test_stopping_and_going_on_is_not_stopping(loaded: checkpoints.LoadedModel, old: EncoderTask) -> None:
    """The replayed sentences depend on seed and step alone, so the same seed gives the same curve."""
    losses = []
    for _ in range(2):
        run = Sequel(loaded, old, ForgettingSetting("replay", 8, seed=3))
        losses.append([run.loop.take_step() for _ in range(4)])
    assert losses[0] == losses[1]


def test_lora_taken_off_is_the_old_task(loaded: checkpoints.LoadedModel, old: EncoderTask) -> None:
    run = Sequel(loaded, old, ForgettingSetting("lora", 2))
    for _ in range(12):
        run.loop.take_step()
    run._finish()
    assert run.run.off == run.run.old[0]
    assert run.run.moved > 0


def test_the_moments_end_with_the_run(loaded: checkpoints.LoadedModel) -> None:
    assert old_task(loaded, True, 0)[1].steps + MOMENTS[-1] == STEPS
