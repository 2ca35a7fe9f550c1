""" "Train it yourself" of this page: one choice of depth, and the same with nothing carried over, trained in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.live import Found, InTurns
from components.lm import checkpoints
from components.lm.fine_tuning.difference import as_safetensors, trained_difference
from components.lm.fine_tuning.generative import SPECIAL
from components.lm.fine_tuning.samples import FEELINGS
from components.lm.fine_tuning.transfer import HELD_OUT, Setting, Transfer, sentences


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    setting: Setting


class Both(Found):
    """Both runs so far; the one with nothing carried over first. ``difference`` is what the other one changed, once it has ended."""

    runs: list[dict[str, Any]]
    difference: bytes | None


class Pair(InTurns):
    """Both runs."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "generation")
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
            "difference": self._difference() if self.fraction >= 1 else None,
        }

    def _difference(self) -> bytes:
        made, s = self.runs[1], self._asked.setting
        tensors = trained_difference(made.task, self._loaded.model.transformer, "transformer")
        card = {
            "what": "What fine-tuning changed: the new embeddings (special) and the head as they are, weights that were there before as the difference to the pre-trained ones, also where they began at random.",
            "model": f"{self._asked.model} {self._asked.revision}",
            "task": f"classification, classes in this order: {', '.join(FEELINGS)}; rows {' '.join((SPECIAL[0], 'text', SPECIAL[2]))}, special in the order {', '.join(SPECIAL)}",
            "data": f"{s.examples or 'all'} sentences about happy and sad things of Glassbox, seed {s.seed}, {made.loop.steps} steps, lambda {s.weight}",
            "carried_over": f"embeddings and {s.carried} blocks",
            "right_held_out": f"{made.run.right(-1, [label for _, label in sentences(s.seed)[1]])} of {HELD_OUT}",
            "licence": "MIT",
        }
        return as_safetensors(tensors | {"special": made.task.special.detach().numpy()}, card)
