""" "Train it yourself" of this page: one choice of depth, and the same with nothing carried over, trained in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.fine_tuning.live import Found, InTurns
from components.lm import checkpoints
from components.lm.fine_tuning.transfer import Setting, Transfer


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    setting: Setting


class Both(Found):
    """Both runs so far; the one with nothing carried over first."""

    runs: list[dict[str, Any]]


class Pair(InTurns):
    """Both runs."""

    def __init__(self, asked: Asked) -> None:
        loaded = checkpoints.load(asked.model, "generation")
        bare = Setting(-1, asked.setting.weight, asked.setting.seed, asked.setting.examples)
        self.runs = [Transfer(loaded, bare), Transfer(loaded, asked.setting)]
        super().__init__(*self.runs)

    def result(self) -> Both:
        """Return what was measured so far."""
        return {
            "step": self.runs[0].loop.step,
            "steps": self.runs[0].loop.steps,
            "seconds": sum(run.run.seconds for run in self.runs),
            "runs": [run.run.as_json() for run in self.runs],
        }
