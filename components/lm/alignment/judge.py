"""A reward that was learned from presses: the score of the reward model of "Forty clicks" for a text.

The judge reads the states of the untouched model it was made with, whatever model is being paid (``preferences`` says how it is
fitted). Its score is told in deviations from the mean of a hundred stories it never saw: 0 is an average story.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from components.lm.alignment.preferences import (
    Directions,
    Floats,
    better,
    differences_of,
    fit,
    states_of,
)
from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel


@dataclass(frozen=True, eq=False)
class Judge:
    """A fitted reward model: ``weights`` (features,), and ``mean`` and ``deviation`` of its scores of the unseen stories."""

    loaded: LoadedModel
    directions: Directions
    weights: Floats
    mean: float
    deviation: float

    def scores(self, beginnings: Sequence[str], texts: Sequence[str]) -> list[float]:
        """Return the score of every text after its beginning; a text without a token is an average one."""
        start = beginning_ids(self.loaded)
        prompts = [(*start, *pieces(self.loaded, one)) for one in beginnings]
        stories = [pieces(self.loaded, text, before=one) for one, text in zip(beginnings, texts, strict=True)]
        told = [i for i, story in enumerate(stories) if story]
        found = [0.0] * len(texts)
        if told:
            states = states_of(self.loaded.model, [prompts[i] for i in told], [stories[i] for i in told])
            raw = self.directions.features(states) @ self.weights
            for i, score in zip(told, raw, strict=True):
                found[i] = round((float(score) - self.mean) / self.deviation, 4)
        return found


def judge_of(loaded: LoadedModel, kept: Mapping[str, Any], presses: str) -> Judge:
    """Return the reward model of presses on the recorded pairs.

    Args:
        loaded: the untouched model that the pairs were written by.
        kept: ``assets/traces/alignment/preferences.json``.
        presses: a character a pair, as `preferences.better` reads them.
    """
    small = np.frombuffer(base64.b64decode(kept["vectors"]), np.int8).reshape(-1, kept["features"])
    vectors = small.astype(np.float64) * float(kept["scale"])
    mean, deviation, axes = (
        np.frombuffer(base64.b64decode(kept["directions"][name]), "<f4").astype(np.float64)
        for name in ("mean", "deviation", "axes")
    )
    directions = Directions(mean, deviation, axes.reshape(len(mean), -1), kept["directions"]["share"])
    pairs = len(kept["pairs"])
    weights = fit(differences_of(vectors, better(presses, pairs)))
    unseen = vectors[2 * pairs : 2 * pairs + len(kept["unseen"])] @ weights
    return Judge(loaded, directions, weights, float(unseen.mean()), max(float(unseen.std()), 1e-9))
