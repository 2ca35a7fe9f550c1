""" "Let it learn yourself": the shares of both starts, on sentences of a seed of the reader's."""

from __future__ import annotations

from dataclasses import dataclass

from components.lessons.fine_tuning import live_pair
from components.lessons.fine_tuning.live_pair import Asked
from components.lm import checkpoints
from components.lm.fine_tuning.features import Mixing, features
from components.lm.fine_tuning.sentences import TAGS


@dataclass(frozen=True)
class Mix:
    """How many sentences are learned from, and the seed that draws them and what begins at random."""

    size: int
    seed: int


class Both(live_pair.Both):
    """Both runs; ``reading``: CPU seconds that reading the states took."""

    reading: float


class Pair(live_pair.Pair[Mixing]):
    """Both starts: their states are read first, then the shares and the new layer are learned, a step each in turn."""

    def __init__(self, asked: Asked[Mix]) -> None:
        self._asked, s = asked, asked.setting
        loaded = checkpoints.load(asked.model, "masked_prediction")
        kept = [features(loaded, s.size, pretrained=start, seed=s.seed) for start in (True, False)]
        self._reading = sum(one.seconds for one in kept)
        super().__init__(*(Mixing(one, None, seed=s.seed) for one in kept))

    def result(self) -> Both:
        """Return the moments that both have reached; reading counts among the seconds."""
        found = super().result()
        return {**found, "seconds": self._reading + found["seconds"], "reading": self._reading}

    def learned(self) -> bytes:
        """The mix of the pre-trained start and its new layer."""
        made, s = self.runs[0], self._asked.setting
        return self._asked.file(
            made.learned(),
            what="A mix of the layers of a model that was not changed, and the new layer on it.",
            use="x = gamma * sum over k of share[k] * h_k, with h_0 the embeddings; tag = argmax(head.weight @ x + head.bias)",
            task=f"tagging, classes in this order: {', '.join(TAGS)}; a word is read at its first piece",
            data=f"{s.size} generated sentences of Glassbox, seed {s.seed}, {made.loop.steps} steps",
            f1_new=str(made.run.new[-1]),
            f1_written=str(made.run.written[-1]),
        )
