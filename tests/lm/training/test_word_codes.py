"""Training at a tiny size: the start, the schedule, the same numbers from the same seed, going on from a state."""

import pytest
import torch

from components.lm.gpt.in_context import look_back_scores, reader_of
from components.lm.gpt.small_gpt2 import digest
from components.lm.gpt.word_codes import fresh_prompts
from components.lm.training.word_codes import Settings, Trainer, start_weights

TINY = Settings(width=32, batch_size=2, total_tokens=5_000, warmup_tokens=500)


def test_two_heads_begin_by_looking_one_and_two_places_back() -> None:
    weights = start_weights(Settings())
    assert sum(tensor.numel() for tensor in weights.values()) == 239_616
    scores = look_back_scores(reader_of(weights, 4), fresh_prompts("new", 0, 20))
    assert scores[0, 0, 0] > 0.5
    assert scores[0, 1, 1] > 0.5
    others = scores.copy()
    others[0, 0, 0] = others[0, 1, 1] = 0
    assert others.max() < 0.2


def test_the_loss_falls_and_gradients_reach_every_weight() -> None:
    trainer = Trainer(TINY)
    before = {name: tensor.detach().clone() for name, tensor in trainer.weights.items()}
    losses = [trainer.take_step() for _ in range(18)]
    assert losses[0] == pytest.approx(3.5, abs=0.4)  # about log 35
    assert min(losses[-3:]) < losses[0]
    still = [name for name, tensor in trainer.weights.items() if torch.equal(tensor, before[name])]
    assert still == []


def test_same_seed_same_weights_and_a_state_goes_on_alike() -> None:
    through, stopped = Trainer(TINY), Trainer(TINY)
    for _ in range(6):
        through.take_step()
    for _ in range(3):
        stopped.take_step()
    resumed = Trainer(TINY)
    resumed.load(stopped.state())
    assert resumed.tokens == 3 * TINY.tokens_per_step
    for _ in range(3):
        resumed.take_step()
    assert digest(resumed.weights) == digest(through.weights)
    assert digest(start_weights(TINY)) != digest(start_weights(Settings(seed=1, width=32)))


def test_a_state_is_a_copy() -> None:
    trainer = Trainer(TINY)
    state = trainer.state()
    before = digest(state["weights"])
    trainer.take_step()
    assert digest(state["weights"]) == before


def test_the_rate_rises_stays_and_falls() -> None:
    s = Settings(total_tokens=1_000, warmup_tokens=100, decay_share=0.3)
    assert [round(s.factor(t), 2) for t in (0, 50, 100, 700, 850, 1_000)] == [0.01, 0.5, 1.0, 1.0, 0.5, 0.01]
    assert s.num_steps == 1
    assert Settings().num_steps == 2_423
