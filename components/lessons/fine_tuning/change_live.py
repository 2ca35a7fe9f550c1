""" "Train it yourself" of this page: one way to train, from pre-trained and from random weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from components.lessons.fine_tuning.said import alike
from components.lessons.live import Found, InTurns
from components.lm import checkpoints
from components.lm.fine_tuning.change import ChangeSetting, tuning
from components.lm.fine_tuning.difference import as_safetensors, trained_difference


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    setting: ChangeSetting


class Both(Found):
    """Both runs so far, pre-trained first; ``difference`` is what the first one changed, once it has ended."""

    runs: list[dict[str, Any]]
    difference: bytes | None


class Pair(InTurns):
    """Both runs."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._loaded = checkpoints.load(asked.model, "masked_prediction")
        self.runs = [
            tuning(self._loaded, replace(asked.setting, pretrained=start)) for start in (True, False)
        ]
        super().__init__(*self.runs)

    def result(self) -> Both:
        """Return what was measured so far."""
        return {
            "step": self.runs[0].loop.step,
            "steps": self.runs[0].loop.steps,
            "seconds": sum(run.run.seconds for run in self.runs),
            "runs": alike([run.run.as_json() for run in self.runs]),
            "difference": self._difference() if self.fraction >= 1 else None,
        }

    def _difference(self) -> bytes:
        made, s = self.runs[0], self._asked.setting
        card = {
            "what": "What fine-tuning changed: added parts as they are, weights that were there before as the difference.",
            "model": f"{self._asked.model} {self._asked.revision}",
            "task": "tagging persons, animals and places in short sentences",
            "data": f"{s.examples} generated sentences of Glassbox, seed {s.seed}, {made.loop.steps} steps",
            "trained": f"{s.way} {s.size or ''} {s.targets if s.way == 'lora' else ''}".strip(),
            "lora": "W_new = W + 2 * B @ A (alpha is twice the rank)" if s.way == "lora" else "none",
            "f1_written": str(made.run.written[-1]),
            "licence": "MIT",
        }
        return as_safetensors(trained_difference(made.model, self._loaded.model.bert), card)
