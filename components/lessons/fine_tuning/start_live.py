""" "One more start": random weights of a seed of the reader's, and the pre-trained weights with a head of that seed."""

from __future__ import annotations

from components.lessons.fine_tuning import live_pair
from components.lessons.fine_tuning.live_pair import Asked
from components.lm import checkpoints
from components.lm.fine_tuning.difference import trained_difference
from components.lm.fine_tuning.sentences import TAGS
from components.lm.fine_tuning.start import Start, sentences


class Pair(live_pair.Pair[Start]):
    """Both starts of a seed, pre-trained first."""

    def __init__(self, asked: Asked[int]) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        texts = sentences(loaded)
        super().__init__(
            *(Start(loaded, pretrained=start, seed=asked.setting, texts=texts) for start in (True, False))
        )

    def learned(self) -> bytes:
        """What the pre-trained start changed."""
        made = self.runs[0]
        return self._asked.file(
            trained_difference(made.model, self._loaded.model.bert),
            what="What fine-tuning changed: the new head as it is, weights that were there before as the difference.",
            task=f"tagging, classes in this order: {', '.join(TAGS)}",
            data=f"{len(made.texts.train)} generated sentences of Glassbox, head of seed {self._asked.setting}, {made.loop.steps} steps",
            f1_generated=str(made.run.f1_generated[-1]),
        )
