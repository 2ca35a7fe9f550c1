"""The training loop: its rate, its order, stopping and going on, and a plain torch loop on the same batches."""

import pytest
import torch

from components.lm.fine_tuning.loop import (
    CLIP,
    WEIGHT_DECAY,
    Loop,
    Recipe,
    batches,
    marks,
    num_steps,
    rate_at,
)


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_at(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.02


def test_a_pass_holds_every_example_once() -> None:
    for lengths in (None, [5, 9, 3] * 11):
        cut = batches(33, Recipe(1e-3, 1, batch=8, seed=3), 0, lengths)
        assert sorted(i for batch in cut for i in batch) == list(range(33))
    assert batches(33, Recipe(1e-3, 1, seed=3), 0) != batches(33, Recipe(1e-3, 1, seed=3), 1)
    assert batches(33, Recipe(1e-3, 1, seed=3), 0) != batches(33, Recipe(1e-3, 1, seed=4), 0)


def test_one_example_is_a_batch_of_its_own() -> None:
    assert num_steps(1, batch=16, passes=3) == 3
    assert batches(1, Recipe(1e-3, 3), 2) == [[0]]


def test_moments_begin_before_training_and_end_after_it() -> None:
    assert marks(5, 10) == [0, 1, 2, 3, 4, 5]
    assert marks(54, 10)[0] == 0
    assert marks(54, 10)[-1] == 54


X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


def _model() -> torch.nn.Linear:
    model = torch.nn.Linear(6, 2)
    with torch.no_grad():
        model.weight.copy_(torch.arange(12).view(2, 6) / 50)
        model.bias.zero_()
    return model


def _loop(model: torch.nn.Linear, seed: int = 0) -> Loop:
    return Loop(
        list(model.parameters()),
        lambda places: torch.nn.functional.cross_entropy(model(X[list(places)]), Y[list(places)]),
        40,
        Recipe(0.05, 3, batch=16, seed=seed),
    )


def test_losses_equal_a_plain_torch_loop() -> None:
    mine, plain = _model(), _model()
    loop = _loop(mine)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.05, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, loop.steps))
    for turn in range(3):
        for batch in batches(40, loop.recipe, turn):
            loss = torch.nn.functional.cross_entropy(plain(X[batch]), Y[batch])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(plain.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            assert loop.take_step() == pytest.approx(loss.item(), abs=1e-6)
    assert loop.finished
    assert torch.allclose(mine.weight, plain.weight, atol=1e-6)


def test_the_same_seed_gives_the_same_curve_and_another_seed_another() -> None:
    def curve(seed: int) -> list[float]:
        loop = _loop(_model(), seed)
        return [loop.take_step() for _ in range(loop.steps)]

    assert curve(1) == curve(1)
    assert curve(1) != curve(2)


def test_frozen_parts_keep_their_bytes() -> None:
    model = _model()
    before = model.weight.detach().clone()
    loop = Loop(
        [model.bias],
        lambda places: torch.nn.functional.cross_entropy(model(X[list(places)]), Y[list(places)]),
        40,
        Recipe(0.05, 3),
    )
    while not loop.finished:
        loop.take_step()
    assert torch.equal(before, model.weight.detach())
    assert model.bias.abs().sum() > 0


def test_a_step_in_parts_changes_nothing_before_its_end() -> None:
    """A page may stop after the loss or after its gradient and go on from there."""
    model, whole = _model(), _model()
    loop, other = _loop(model), _loop(whole)
    for _ in range(3):
        before = model.weight.detach().clone()
        parts = loop.step_in_parts()
        for _ in range(2):
            next(parts)
            assert torch.equal(model.weight, before)
        with pytest.raises(StopIteration) as done:
            next(parts)
        assert done.value.value == other.take_step()
        assert torch.equal(model.weight, whole.weight)
    assert loop.step == other.step == 3
