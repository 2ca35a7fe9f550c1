"""Which of two stories is better: stories to choose from, and a reward model that learns from the choices.

The reward model is that of Christiano et al. 2017 (2.2.3) and Ouyang et al. 2022 (InstructGPT, 3.5): a score r for each
story, and by Bradley and Terry (1952) the better of two is chosen with the probability σ(r(better) - r(worse)). Here r is
linear in the mean of the hidden states of the untouched model after ``LAYER`` blocks, reduced to their main directions, so
that it is fitted anew after every choice. Written in JavaScript once more for the browser (``lib/bradley_terry.js``); a test compares.

>>> better("12-0", 4)
[(0, 0), (1, 1)]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.alignment.kl import filled_left
from components.lm.fine_tuning.scores import wilson
from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float64]

SHRINKAGE = 0.1
"""λ of the penalty λ·|w|²; chosen on pairs that no page shows."""
LAYER, FEATURES = 5, 48
"""Which states, and how many directions of them; chosen like the shrinkage."""
NEWTON_STEPS = 12
FOLDS = 5
NEW_TOKENS = 40
"""All stories go on for so many tokens, so that length is nothing to prefer."""
TEMPERATURE = 0.8

HAPPY = frozenset(["happy", "happily", "glad", "joy", "joyful", "smile", "smiles", "smiled", "smiling", "laugh", "laughs", "laughed", "laughing", "love", "loves", "loved", "fun", "hug", "hugs", "hugged", "proud", "excited", "delighted", "cheerful", "best", "wonderful", "kind", "thank", "thanked", "friend", "friends"])  # fmt: skip
SAD = frozenset(["sad", "sadly", "cry", "cries", "cried", "crying", "scared", "afraid", "hurt", "angry", "mad", "lost", "alone", "lonely", "tear", "tears", "wept", "died", "dead", "bad", "upset", "hungry", "worried", "sorry"])  # fmt: skip

BEGINNINGS = (
    "Once upon a time, there was a little girl named Lily.",
    "One day, Tom went to the park with his dog.",
    "There was once a king who had three sons.",
    "Ben and Mia were playing in the garden.",
    "A small bird sat on a branch.",
    "An old woman lived at the edge of the forest.",
    "It was raining, and Sam could not go out.",
    "The cat saw a mouse under the table.",
    "In a small village there lived a boy named Jack.",
    "Anna found a box in the kitchen.",
    "The bear woke up and looked around.",
    "Mom and Dad took Max to the sea.",
)
"""Of the pairs and of the unseen stories."""
NEW_BEGINNINGS = (
    "One day, Lucy could not find her red ball.",
    "The little fox ran into the woods.",
    "Tim and his mother went to the market.",
    "There was an old man who had a donkey.",
    "The rabbit heard a noise in the dark.",
    "Jack wanted to climb the big tree.",
)
"""Of the stories that are written before and after training; no pair begins so."""


def happiness(text: str) -> int:
    """Return happy words minus sad words: the rule of the recorded run.

    >>> happiness("The sad boy found a friend and they laughed.")
    1
    """
    words = re.findall(r"[a-z']+", text.lower())
    return sum(word in HAPPY for word in words) - sum(word in SAD for word in words)


CLEAR = 2
"""By so many words two stories differ at least, for the rule to call one of them better."""


def by_rule(one: str, other: str) -> str:
    """Return how the rule presses: ``1``, ``2``, or ``0`` for a tie.

    >>> by_rule("They laughed with a friend.", "The king slept.")
    '1'
    """
    difference = happiness(one) - happiness(other)
    return "0" if abs(difference) < CLEAR else "1" if difference > 0 else "2"


def better(clicks: str, pairs: int) -> list[tuple[int, int]]:
    """Return (pair, place of the better one, 0 or 1) for every pair that was decided.

    ``clicks`` has a character a pair: ``1`` or ``2`` for the better one, ``0`` for a tie, ``-`` for not asked.
    """
    return [(i, int(c) - 1) for i, c in enumerate(clicks[:pairs]) if c in "12"]


def fit(differences: Floats, shrinkage: float = SHRINKAGE, steps: int = NEWTON_STEPS) -> Floats:
    """Return the weights w (features,) that make the choices likeliest, by Newton's method.

    Minimises the mean of -log σ(w·d) over the choices plus λ·|w|².

    Args:
        differences: features of the better story minus those of the worse, (choices, features).
        shrinkage: λ > 0; without it, choices that can be told apart have no best weights.
        steps: of Newton's method.
    """
    n, size = differences.shape
    w = np.zeros(size)
    for _ in range(steps if n else 0):
        p = 1 / (1 + np.exp(-np.clip(differences @ w, -30, 30)))
        slope = -differences.T @ (1 - p) / n + 2 * shrinkage * w
        curve = differences.T @ (differences * (p * (1 - p))[:, None]) / n + 2 * shrinkage * np.eye(size)
        w = w - np.linalg.solve(curve, slope)
    return w


def differences_of(vectors: Floats, chosen: Sequence[tuple[int, int]]) -> Floats:
    """Return better minus worse, (choices, features); story 2·i + k of ``vectors`` is the k-th of pair i."""
    return np.array([vectors[2 * i + k] - vectors[2 * i + 1 - k] for i, k in chosen]).reshape(
        len(chosen), vectors.shape[1]
    )


@dataclass(frozen=True)
class Accuracy:
    """How often the better of two held-out stories gets the higher score; a 95% interval by Wilson."""

    right: int
    total: int

    @property
    def share(self) -> float:
        return self.right / self.total

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.total)


def accuracy(w: Floats, differences: Floats) -> Accuracy | None:
    """Return how many of these choices a reward model gets right; None for no choices."""
    return Accuracy(int((differences @ w > 0).sum()), len(differences)) if len(differences) else None


def cross_validated(differences: Floats, shrinkage: float = SHRINKAGE, folds: int = FOLDS) -> Accuracy | None:
    """Return the accuracy on choices that were left out: each is judged by weights fitted to the other folds.

    Choice i is in fold i modulo ``folds``; None with fewer choices than folds.
    """
    n = len(differences)
    if n < folds:
        return None
    fold = np.arange(n) % folds
    right = sum(
        int((differences[fold == f] @ fit(differences[fold != f], shrinkage) > 0).sum()) for f in range(folds)
    )
    return Accuracy(right, n)


@dataclass(frozen=True)
class Directions:
    """How a mean hidden state (width,) becomes features: ``(state - mean) / deviation @ axes``.

    ``axes`` (width, features) are the main directions of the pool's states; ``share`` of the variance lies in them.
    """

    mean: Floats
    deviation: Floats
    axes: Floats
    share: float

    @staticmethod
    def of(states: Floats, features: int) -> Directions:
        """Return the main directions of states (stories, width)."""
        mean, deviation = states.mean(0), states.std(0) + 1e-6
        _, sizes, rows = np.linalg.svd((states - mean) / deviation, full_matrices=False)
        return Directions(
            mean, deviation, rows[:features].T, float((sizes[:features] ** 2).sum() / (sizes**2).sum())
        )

    def features(self, states: Floats) -> Floats:
        """Return (stories, features) of states (stories, width)."""
        found: Floats = (states - self.mean) / self.deviation @ self.axes
        return found


# -- the model --------------------------------------------------------------------------------------------------------


def prompt_ids(loaded: LoadedModel, beginning: str) -> list[int]:
    """Return the token ids of a story's beginning, after the beginning-of-text token."""
    return [*beginning_ids(loaded), *pieces(loaded, beginning)]


def write(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    generator: torch.Generator,
    *,
    tokens: int = NEW_TOKENS,
    temperature: float = TEMPERATURE,
    avoid: Sequence[int] = (),
) -> list[list[int]]:
    """Return how a model goes on after each prompt: ``tokens`` ids each, drawn one after the other, all prompts at once.

    Args:
        model: GPT-2 with its head.
        prompts: token ids; shorter ones are filled at their left end, which nothing looks at.
        generator: of the draws; one draw serves all prompts at each position.
        tokens: how many are written.
        temperature: logits are divided by it.
        avoid: ids that are never drawn (the end of a text: all stories are equally long).
    """
    import torch

    ids, seen, places = filled_left(prompts)
    written: list[torch.Tensor] = []
    gpt: Any = model
    kept: Any = None
    with torch.inference_mode():
        for _ in range(tokens):
            out = gpt.transformer(
                input_ids=ids, attention_mask=seen, position_ids=places, past_key_values=kept, use_cache=True
            )
            kept = out.past_key_values
            logits = gpt.lm_head(out.last_hidden_state[:, -1]) / temperature
            if avoid:
                logits[:, list(avoid)] = float("-inf")
            ids = torch.multinomial(logits.softmax(-1), 1, generator=generator)
            written.append(ids)
            seen = torch.cat([seen, seen.new_ones(len(prompts), 1)], 1)
            places = places[:, -1:] + 1
    found: list[list[int]] = torch.cat(written, 1).tolist()
    return found


def states_of(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    stories: Sequence[Sequence[int]],
    batch: int = 40,
) -> Floats:
    """Return the mean of the states after ``LAYER`` blocks over each story's own tokens, (stories, width)."""
    import torch

    gpt: Any = model
    found = []
    with torch.inference_mode():
        for i in range(0, len(stories), batch):
            rows = [[*p, *s] for p, s in zip(prompts[i : i + batch], stories[i : i + batch], strict=True)]
            starts = [len(p) for p in prompts[i : i + batch]]
            width = max(map(len, rows))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
            hidden = gpt.transformer(input_ids=ids, output_hidden_states=True).hidden_states[LAYER]
            found += [
                hidden[k, start : len(row)].mean(0).numpy()
                for k, (row, start) in enumerate(zip(rows, starts, strict=True))
            ]
    return np.array(found, np.float64)
