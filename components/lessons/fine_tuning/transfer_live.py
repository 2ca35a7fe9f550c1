""" "Train it yourself" of this page: one choice of depth, and the same with nothing carried over, trained in turns."""

from __future__ import annotations

from dataclasses import replace

from components.lessons.fine_tuning import live_pair
from components.lessons.fine_tuning.live_pair import Asked
from components.lm import checkpoints
from components.lm.fine_tuning.difference import trained_difference
from components.lm.fine_tuning.generative import SPECIAL
from components.lm.fine_tuning.samples import FEELINGS
from components.lm.fine_tuning.transfer import HELD_OUT, Setting, Transfer, sentences


class Pair(live_pair.Pair[Transfer]):
    """Both runs; the one with nothing carried over first."""

    def __init__(self, asked: Asked[Setting]) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "generation")
        bare = replace(asked.setting, carried=-1)
        super().__init__(Transfer(loaded, bare), Transfer(loaded, asked.setting))

    def learned(self) -> bytes:
        """What the run that carried something over changed."""
        made, s = self.runs[1], self._asked.setting
        tensors = trained_difference(made.task, self._loaded.model.transformer, "transformer")
        return self._asked.file(
            tensors | {"special": made.task.special.detach().numpy()},
            what="What fine-tuning changed: the new embeddings (special) and the head as they are, weights that were there before as the difference to the pre-trained ones, also where they began at random.",
            task=f"classification, classes in this order: {', '.join(FEELINGS)}; rows {' '.join((SPECIAL[0], 'text', SPECIAL[2]))}, special in the order {', '.join(SPECIAL)}",
            data=f"{s.examples or 'all'} sentences about happy and sad things of Glassbox, seed {s.seed}, {made.loop.steps} steps, lambda {s.weight}",
            carried_over=f"embeddings and {s.carried} blocks",
            right_held_out=f"{made.run.right(-1, [label for _, label in sentences(s.seed)[1]])} of {HELD_OUT}",
        )
