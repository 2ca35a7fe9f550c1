""" "Label it yourself" of this page: what a reader's labels teach, from pre-trained and from random weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from components.lessons.fine_tuning.said import alike
from components.lessons.live import Found, InTurns
from components.lm import checkpoints
from components.lm.fine_tuning.difference import as_safetensors, trained_difference
from components.lm.fine_tuning.encoder_tasks import examples
from components.lm.fine_tuning.sentences import TAGS, Tagged, generate
from components.lm.fine_tuning.task_runs import TaskSetting, Tuning

COUNT = 20


def sentences() -> list[Tagged]:
    """Return the sentences to label: of the generator's training side."""
    return generate("train", COUNT, 77)


def write_labels(labels: list[list[int]]) -> str:
    """Return labels as a link holds them: a digit a word, a point between sentences, nothing after the last label.

    >>> write_labels([[0, 1, 0], [0, 0], [2]])
    '01..2'
    """
    return ".".join("".join(map(str, line)).rstrip("0") for line in labels).rstrip(".")


def read_labels(text: str, lengths: list[int]) -> list[list[int]]:
    """Return the labels of a link; what is no label or beyond a sentence counts as nothing.

    >>> read_labels("01..2", [3, 2, 1])
    [[0, 1, 0], [0, 0], [2]]
    """
    lines = text.split(".")
    found = []
    for i, n in enumerate(lengths):
        line = lines[i] if i < len(lines) else ""
        found.append([int(c) if c in "123"[: len(TAGS) - 1] else 0 for c in line[:n].ljust(n, "0")])
    return found


@dataclass(frozen=True)
class Labelled:
    """What is trained on; the same labels are trained once."""

    model: str
    revision: str
    labels: str
    seed: int


class Both(Found):
    """Both runs, with the moments that both have reached; ``difference`` is what the first one changed, once it has ended."""

    runs: list[dict[str, Any]]
    difference: bytes | None


class Pair(InTurns):
    """Two runs on the same labels: from pre-trained weights, and from random ones."""

    def __init__(self, asked: Labelled) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        lines = sentences()
        tags = read_labels(asked.labels, [len(s.words) for s in lines])
        rows = [
            replace(row, gold=tuple(line))
            for row, line in zip(examples(loaded, "tag", "train", COUNT, 77), tags, strict=True)
        ]
        self.runs = [
            Tuning(loaded, TaskSetting("tag", COUNT, "full", pretrained, asked.seed), rows)
            for pretrained in (True, False)
        ]
        super().__init__(*self.runs)

    def result(self) -> Both:
        """Return the moments that both have reached."""
        return {
            "step": self.runs[0].loop.step,
            "steps": self.runs[0].loop.steps,
            "seconds": sum(run.run.seconds for run in self.runs),
            "runs": alike([run.run.as_json() for run in self.runs]),
            "difference": self._difference() if self.fraction >= 1 else None,
        }

    def _difference(self) -> bytes:
        made = self.runs[0]
        card = {
            "what": "What fine-tuning changed: the new head as it is, weights that were there before as the difference.",
            "model": f"{self._asked.model} {self._asked.revision}",
            "task": f"tagging, classes in this order: {', '.join(TAGS)}",
            "data": f"{COUNT} sentences of Glassbox with labels of a reader, seed {self._asked.seed}, {made.loop.steps} steps",
            "labels": self._asked.labels,
            "f1_written": str(made.run.written[-1]),
            "licence": "MIT",
        }
        return as_safetensors(trained_difference(made.model, self._loaded.model.bert), card)
