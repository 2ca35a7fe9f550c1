""" "Let it learn yourself": the shares of both starts, on sentences of a seed of the reader's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.fine_tuning.features import num_written
from components.lessons.fine_tuning.said import alike
from components.lessons.live import Found, InTurns
from components.lm import checkpoints
from components.lm.fine_tuning.difference import as_safetensors
from components.lm.fine_tuning.features import Mixing, features
from components.lm.fine_tuning.sentences import TAGS


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    size: int
    seed: int


class Both(Found):
    """Both runs, with the moments that both have reached; ``learned`` is the first one's mix, once it has ended."""

    runs: list[dict[str, Any]]
    reading: float
    learned: bytes | None


class Pair(InTurns):
    """Both starts: their states are read first, then the shares and the new layer are learned, a step each in turn."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        loaded = checkpoints.load(asked.model, "masked_prediction")
        kept = [
            features(loaded, asked.size, pretrained=start, seed=asked.seed, written=num_written())
            for start in (True, False)
        ]
        self._reading = sum(one.seconds for one in kept)
        self.runs = [Mixing(one, None, seed=asked.seed) for one in kept]
        super().__init__(*self.runs)

    def result(self) -> Both:
        """Return what was measured so far."""
        return {
            "step": self.runs[0].loop.step,
            "steps": self.runs[0].loop.steps,
            "seconds": self._reading + sum(run.run.seconds for run in self.runs),
            "runs": alike([run.run.as_json() for run in self.runs]),
            "reading": self._reading,
            "learned": self._learned() if self.fraction >= 1 else None,
        }

    def _learned(self) -> bytes:
        made, s = self.runs[0], self._asked
        card = {
            "what": "A mix of the layers of a model that was not changed, and the new layer on it.",
            "use": "x = gamma * sum over k of share[k] * h_k, with h_0 the embeddings; tag = argmax(head.weight @ x + head.bias)",
            "model": f"{s.model} {s.revision}",
            "task": f"tagging, classes in this order: {', '.join(TAGS)}; a word is read at its first piece",
            "data": f"{s.size} generated sentences of Glassbox, seed {s.seed}, {made.loop.steps} steps",
            "f1_new": str(made.run.new[-1]),
            "f1_written": str(made.run.written[-1]),
            "licence": "MIT",
        }
        return as_safetensors(made.learned(), card)
