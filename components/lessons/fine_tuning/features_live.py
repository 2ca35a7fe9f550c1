""" "Let it learn yourself": the shares of both starts, on sentences of a seed of the reader's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.fine_tuning.features import num_written
from components.lessons.fine_tuning.live import Found, InTurns
from components.lessons.fine_tuning.said import alike
from components.lm import checkpoints
from components.lm.fine_tuning.features import Mixing, features


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    size: int
    seed: int


class Both(Found):
    """Both runs, with the moments that both have reached."""

    runs: list[dict[str, Any]]
    reading: float


class Pair(InTurns):
    """Both starts: their states are read first, then the shares and the new layer are learned, a step each in turn."""

    def __init__(self, asked: Asked) -> None:
        loaded = checkpoints.load(asked.model, "masked_prediction")
        kept = [
            features(loaded, asked.size, pretrained=start, seed=asked.seed, written=num_written())
            for start in (True, False)
        ]
        self._reading = sum(one.seconds for one in kept)
        self.runs = [Mixing(one, None, seed=asked.seed) for one in kept]
        super().__init__(*self.runs)

    def result(self) -> Both:
        """Return what was measured so far."""
        return {
            "step": self.runs[0].loop.step,
            "steps": self.runs[0].loop.steps,
            "seconds": self._reading + sum(run.run.seconds for run in self.runs),
            "runs": alike([run.run.as_json() for run in self.runs]),
            "reading": self._reading,
        }
