"""Bradley and Terry's model, the rule of the recorded run, and how stories are written and read."""

import math

import numpy as np
import pytest

from components.lm import checkpoints
from components.lm.alignment import preferences as lm


def test_known_utilities_are_recovered() -> None:
    """Five things with known utilities, compared 20,000 times: the differences of the scores are those of the utilities."""
    rng = np.random.default_rng(0)
    utilities = np.array([0.0, 0.5, 1.0, 1.7, 2.5])
    pairs = rng.integers(0, 5, (20_000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    chance = 1 / (1 + np.exp(-(utilities[pairs[:, 0]] - utilities[pairs[:, 1]])))
    first_wins = rng.random(len(pairs)) < chance
    better = np.where(first_wins, pairs[:, 0], pairs[:, 1])
    worse = np.where(first_wins, pairs[:, 1], pairs[:, 0])
    w = lm.fit(np.eye(5)[better] - np.eye(5)[worse], 1e-6, 30)
    # Of 20,000 choices: a standard error of some 0.04.
    assert np.allclose(w - w[0], utilities, atol=0.15)


def test_two_things_by_hand() -> None:
    """Three choices of four for A, almost no penalty: σ(difference) = 3/4, so the difference is log 3."""
    d = np.array([[1.0, -1.0]] * 3 + [[-1.0, 1.0]])
    w = lm.fit(d, 1e-9, 40)
    assert w[0] - w[1] == pytest.approx(math.log(3), abs=1e-5)


def test_the_fit_is_the_minimum_of_the_formula() -> None:
    torch = pytest.importorskip("torch")
    d = np.random.default_rng(1).normal(size=(30, 6))
    w = torch.tensor(lm.fit(d), requires_grad=True)
    loss = -torch.nn.functional.logsigmoid(torch.tensor(d) @ w).mean() + lm.SHRINKAGE * (w * w).sum()
    loss.backward()
    assert float(w.grad.abs().max()) < 1e-8


def test_no_choice_and_one_choice() -> None:
    none = lm.fit(np.zeros((0, 4)))
    assert not none.any()
    assert lm.accuracy(none, np.zeros((0, 4))) is None
    assert lm.cross_validated(np.ones((4, 3))) is None
    one = lm.fit(np.array([[1.0, 0.0, 0.0]]))
    assert one[0] > 0
    assert not one[1:].any()


def test_left_out_choices_are_not_learned_from() -> None:
    """Pure noise in many directions: learned from, it would be right every time."""
    d = np.random.default_rng(2).normal(size=(60, 40))
    assert lm.accuracy(lm.fit(d), d).share > 0.9  # type: ignore[union-attr]
    found = lm.cross_validated(d)
    assert found is not None
    assert 0.25 < found.share < 0.75
    assert found.total == 60


def test_directions_keep_what_varies() -> None:
    rng = np.random.default_rng(3)
    states = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 12)) + 5
    directions = lm.Directions.of(states, 3)
    assert directions.share == pytest.approx(1)
    features = directions.features(states)
    assert np.allclose(features.mean(0), 0, atol=1e-9)
    assert np.allclose(features @ directions.axes.T * directions.deviation + directions.mean, states)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 0), ("A sad, sad day.", -2), ("LOVED", 1), ("안녕하세요", 0), ("friend's friend", 1)],
)
def test_the_rule(text: str, value: int) -> None:
    assert lm.happiness(text) == value


def test_how_the_rule_presses() -> None:
    assert lm.by_rule("happy friend", "") == "1"
    assert lm.by_rule("", "happy friend") == "2"
    assert lm.by_rule("happy", "") == "0"
    assert lm.better("12-0x2", 5) == [(0, 0), (1, 1)]


needs_model = pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)


@needs_model
def test_prompts_of_other_lengths_change_nothing() -> None:
    """What is filled at the left end is not seen: likely tokens come out alike alone and beside a longer prompt."""
    import torch

    loaded = checkpoints.load("pocket-gpt", "generation")
    short, long = (
        lm.prompt_ids(loaded, text) for text in ("A dog", "One day, the old man and his dog went out")
    )
    cold = {"tokens": 6, "temperature": 1e-4}  # the likeliest token, whatever is drawn
    alone = lm.write(loaded.model, [short], torch.Generator().manual_seed(0), **cold)  # type: ignore[arg-type]
    beside = lm.write(loaded.model, [short, long], torch.Generator().manual_seed(1), **cold)  # type: ignore[arg-type]
    assert alone[0] == beside[0]
    avoided = lm.write(loaded.model, [short], torch.Generator().manual_seed(0), avoid=alone[0], **cold)  # type: ignore[arg-type]
    assert not set(avoided[0]) & set(alone[0])


@needs_model
def test_states_are_means_over_the_storys_own_tokens() -> None:
    import torch

    loaded = checkpoints.load("pocket-gpt", "generation")
    prompts = [lm.prompt_ids(loaded, text) for text in ("A dog", "The king had a son")]
    stories = [[5, 17, 200], [40, 41]]
    found = lm.states_of(loaded.model, prompts, stories)
    for row, prompt, story in zip(found, prompts, stories, strict=True):
        with torch.inference_mode():
            out = loaded.model(torch.tensor([[*prompt, *story]]), output_hidden_states=True)
        mean = out.hidden_states[lm.LAYER][0, len(prompt) :].mean(0).numpy()
        assert np.allclose(
            row, mean, atol=1e-4
        )  # states reach some hundred; rows of a batch add up in another order
