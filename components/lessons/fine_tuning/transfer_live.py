""" "Train it yourself" of this page: one choice of depth, and the same with nothing carried over, trained in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lm import checkpoints
from components.lm.fine_tuning.transfer import Setting, Transfer


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    setting: Setting


class Pair:
    """Both runs, one step each in turn, so that their curves grow together."""

    def __init__(self, asked: Asked) -> None:
        loaded = checkpoints.load(asked.model, "generation")
        bare = Setting(-1, asked.setting.weight, asked.setting.seed, asked.setting.examples)
        self.runs = [Transfer(loaded, bare), Transfer(loaded, asked.setting)]

    @property
    def fraction(self) -> float:
        """How far both are."""
        return sum(run.loop.step for run in self.runs) / sum(run.loop.steps for run in self.runs)

    def step(self) -> None:
        """One step of the run that is behind."""
        min(self.runs, key=lambda run: run.loop.step).step()

    def result(self) -> dict[str, Any]:
        """Return what was measured so far."""
        return {
            "step": self.runs[0].loop.step,
            "steps": self.runs[0].loop.steps,
            "seconds": sum(run.run.seconds for run in self.runs),
            "runs": [run.run.as_json() for run in self.runs],
        }
