""" "Train it yourself" of this page: the old task, then the new one, from pre-trained and from random weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from components.lessons.fine_tuning.said import alike
from components.lessons.live import Found
from components.lm import checkpoints
from components.lm.checkpoints import LoadedModel
from components.lm.fine_tuning.difference import as_safetensors, trained_difference
from components.lm.fine_tuning.forgetting import STEPS, ForgettingSetting, Sequel, old_task


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    setting: ForgettingSetting


class Both(Found):
    """The new task's part of both runs so far, pre-trained first; empty while the old task is learned.

    ``difference`` is what the first one changed with each task, once both have ended.
    """

    runs: list[dict[str, Any]]
    difference: bytes | None


class _Chain:
    """The old task, then the new one."""

    def __init__(self, loaded: LoadedModel, setting: ForgettingSetting) -> None:
        self._loaded, self._setting = loaded, setting
        self._old, self._loop = old_task(loaded, setting.pretrained, setting.seed)
        self.sequel: Sequel | None = None
        self.seconds = 0.0
        """CPU seconds of all steps, measuring included."""

    @property
    def done(self) -> int:
        """Steps taken of both tasks."""
        return self._loop.step + (self.sequel.loop.step if self.sequel else 0)

    def step(self) -> None:
        """Take one step of what is due."""
        began = time.thread_time()
        if not self._loop.finished:
            self._loop.take_step()
        elif self.sequel is None:
            self.sequel = Sequel(self._loaded, self._old, self._setting)
            self.sequel.step()
        else:
            self.sequel.step()
        self.seconds += time.thread_time() - began


class Pair:
    """Both chains, a step each in turn."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        self._chains = [_Chain(loaded, replace(asked.setting, pretrained=start)) for start in (True, False)]

    @property
    def fraction(self) -> float:
        """How far both are."""
        return sum(chain.done for chain in self._chains) / (2 * STEPS)

    def step(self) -> None:
        """One step of the chain that is behind."""
        min(self._chains, key=lambda chain: chain.done).step()

    def result(self) -> Both:
        """Return the moments that both have reached."""
        runs = [chain.sequel.run.as_json() for chain in self._chains if chain.sequel]
        if len(runs) < len(self._chains):
            runs = []
        return {
            "step": min(chain.done for chain in self._chains),
            "steps": STEPS,
            "seconds": sum(chain.seconds for chain in self._chains),
            "runs": alike(runs),
            "difference": self._difference() if self.fraction >= 1 else None,
        }

    def _difference(self) -> bytes:
        made, s = self._chains[0].sequel, self._asked.setting
        assert made is not None
        old = trained_difference(made.before, self._loaded.model.bert)
        new = trained_difference(made.new, made.before.body)
        card = {
            "what": "What each task changed. old.*: from the pre-trained weights to those after the old task; new.*: from there to those after the new one. Heads and added parts as they are, other weights as differences.",
            "model": f"{self._asked.model} {self._asked.revision}",
            "tasks": "old: tagging persons, animals and places; new: the span of a story that answers a question",
            "held_by": f"{s.method} {s.strength:g}",
            "lora": "W_new = W + 2 * B @ A (alpha is twice the rank)" if s.method == "lora" else "none",
            "data": f"generated sentences and stories of Glassbox, seed {s.seed}",
            "old_before_after": f"{made.run.old[0]} {made.run.old[-1]}",
            "new_after": str(made.run.new[-1]),
            "licence": "MIT",
        }
        tensors = {f"old.{name}": x for name, x in old.items()} | {
            f"new.{name}": x for name, x in new.items()
        }
        return as_safetensors(tensors, card)
