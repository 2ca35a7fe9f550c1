""" "Train it yourself" of this page: one way to train, from pre-trained and from random weights."""

from __future__ import annotations

from dataclasses import replace

from components.lessons.fine_tuning import live_pair
from components.lessons.fine_tuning.live_pair import Asked
from components.lm import checkpoints
from components.lm.fine_tuning.change import ChangeSetting, tuning
from components.lm.fine_tuning.difference import trained_difference
from components.lm.fine_tuning.task_runs import Tuning


class Pair(live_pair.Pair[Tuning]):
    """Both starts, pre-trained first."""

    def __init__(self, asked: Asked[ChangeSetting]) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        super().__init__(
            *(tuning(loaded, replace(asked.setting, pretrained=start)) for start in (True, False))
        )

    def learned(self) -> bytes:
        """What the pre-trained start changed."""
        made, s = self.runs[0], self._asked.setting
        return self._asked.file(
            trained_difference(made.model, self._loaded.model.bert),
            what="What fine-tuning changed: added parts as they are, weights that were there before as the difference.",
            task="tagging persons, animals and places in short sentences",
            data=f"{s.examples} generated sentences of Glassbox, seed {s.seed}, {made.loop.steps} steps",
            trained=f"{s.way} {s.size or ''} {s.targets if s.way == 'lora' else ''}".strip(),
            lora="W_new = W + 2 * B @ A (alpha is twice the rank)" if s.way == "lora" else "none",
            f1_written=str(made.run.written[-1]),
        )
