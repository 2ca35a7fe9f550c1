""" "One more start": random weights of a seed of the reader's, and the pre-trained weights with a head of that seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.fine_tuning.said import alike
from components.lessons.fine_tuning.start import recorded
from components.lessons.live import Found, InTurns
from components.lm import checkpoints
from components.lm.fine_tuning.difference import as_safetensors, trained_difference
from components.lm.fine_tuning.sentences import TAGS
from components.lm.fine_tuning.start import Start, sentences


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same seed is trained once."""

    model: str
    revision: str
    seed: int


class Both(Found):
    """Both runs, pre-trained first, with the moments that both have reached; ``difference`` is the first one's, at its end."""

    runs: list[dict[str, Any]]
    difference: bytes | None


class Pair(InTurns):
    """Both starts, a step each in turn."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        texts = sentences(loaded, written=recorded()["counts"]["written"])  # those of the starts beside it
        self.runs = [Start(loaded, pretrained=start, seed=asked.seed, texts=texts) for start in (True, False)]
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
        made, s = self.runs[0], self._asked
        card = {
            "what": "What fine-tuning changed: the new head as it is, weights that were there before as the difference.",
            "model": f"{s.model} {s.revision}",
            "task": f"tagging, classes in this order: {', '.join(TAGS)}",
            "data": f"{len(made.texts.train)} generated sentences of Glassbox, head of seed {s.seed}, {made.loop.steps} steps",
            "f1_generated": str(made.run.f1_generated[-1]),
            "licence": "MIT",
        }
        return as_safetensors(trained_difference(made.model, self._loaded.model.bert), card)
