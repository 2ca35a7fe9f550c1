""" "Train it yourself" of this page: the old task, then the new one, from pre-trained and from random weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from components.lessons.fine_tuning import live_pair
from components.lessons.fine_tuning.live_pair import Asked, Both
from components.lm import checkpoints
from components.lm.checkpoints import LoadedModel
from components.lm.fine_tuning.difference import trained_difference
from components.lm.fine_tuning.forgetting import (
    STEPS,
    ForgettingRun,
    ForgettingSetting,
    Sequel,
    old_task,
)


@dataclass
class Steps:
    """Steps of both tasks: taken, and in all."""

    step: int = 0
    steps: int = STEPS


class Chain:
    """The old task, then the new one; ``run`` is the new one's part, empty while the old task is learned."""

    def __init__(self, loaded: LoadedModel, setting: ForgettingSetting) -> None:
        self._loaded, self._setting = loaded, setting
        self._old, self._old_loop = old_task(loaded, setting.pretrained, setting.seed)
        self.loop, self.run = Steps(), ForgettingRun(setting)
        self.sequel: Sequel | None = None
        self.seconds = 0.0
        """CPU seconds of all steps, measuring included."""

    def step(self) -> None:
        """Take one step of what is due."""
        began = time.thread_time()
        if not self._old_loop.finished:
            self._old_loop.take_step()
        else:
            if self.sequel is None:
                self.sequel = Sequel(self._loaded, self._old, self._setting)
                self.run = self.sequel.run
            self.sequel.step()
        self.loop.step += 1
        self.seconds += time.thread_time() - began


class Pair(live_pair.Pair[Chain]):
    """Both chains, pre-trained first."""

    def __init__(self, asked: Asked[ForgettingSetting]) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        super().__init__(
            *(Chain(loaded, replace(asked.setting, pretrained=start)) for start in (True, False))
        )

    def result(self) -> Both:
        """Return the moments of the new task that both have reached; the old task counts among the seconds."""
        return {**super().result(), "seconds": sum(chain.seconds for chain in self.runs)}

    def learned(self) -> bytes:
        """What each of the two tasks changed from the pre-trained start."""
        made, s = self.runs[0].sequel, self._asked.setting
        assert made is not None
        parts = {
            "old": trained_difference(made.before, self._loaded.model.bert),
            "new": trained_difference(made.new, made.before.body),
        }
        return self._asked.file(
            {f"{part}.{name}": x for part, found in parts.items() for name, x in found.items()},
            what="What each task changed. old.*: from the pre-trained weights to those after the old task; new.*: from there to those after the new one. Heads and added parts as they are, other weights as differences.",
            tasks="old: tagging persons, animals and places; new: the span of a story that answers a question",
            held_by=f"{s.method} {s.strength:g}",
            lora="W_new = W + 2 * B @ A (alpha is twice the rank)" if s.method == "lora" else "none",
            data=f"generated sentences and stories of Glassbox, seed {s.seed}",
            old_before_after=f"{made.run.old[0]} {made.run.old[-1]}",
            new_after=str(made.run.new[-1]),
        )
