""" "Label it yourself" of this page: what a reader's labels teach, from pre-trained and from random weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

from components.lessons.fine_tuning import live_pair
from components.lessons.fine_tuning.live_pair import Asked
from components.lm import checkpoints
from components.lm.fine_tuning.difference import trained_difference
from components.lm.fine_tuning.encoder_tasks import examples
from components.lm.fine_tuning.sentences import TAGS, Tagged, generate
from components.lm.fine_tuning.task_runs import TaskSetting, Tuning

COUNT = 20
"""Sentences a reader can label."""
SEED = 77
"""Of these sentences; links hold labels of them."""


def sentences() -> list[Tagged]:
    """Return the sentences to label: of the generator's training side."""
    return generate("train", COUNT, SEED)


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
class Labels:
    """What is trained on: labels as a link holds them, and the seed of what begins at random."""

    labels: str
    seed: int


class Pair(live_pair.Pair[Tuning]):
    """Two runs on the same labels: from pre-trained weights, and from random ones."""

    def __init__(self, asked: Asked[Labels]) -> None:
        self._asked = asked
        self._loaded = loaded = checkpoints.load(asked.model, "masked_prediction")
        tags = read_labels(asked.setting.labels, [len(s.words) for s in sentences()])
        rows = [
            replace(row, gold=tuple(line))
            for row, line in zip(examples(loaded, "tag", "train", COUNT, SEED), tags, strict=True)
        ]
        super().__init__(
            *(
                Tuning(loaded, TaskSetting("tag", COUNT, "full", pretrained, asked.setting.seed), rows)
                for pretrained in (True, False)
            )
        )

    def learned(self) -> bytes:
        """What the labels changed from the pre-trained start."""
        made, labels = self.runs[0], self._asked.setting
        return self._asked.file(
            trained_difference(made.model, self._loaded.model.bert),
            what="What fine-tuning changed: the new head as it is, weights that were there before as the difference.",
            task=f"tagging, classes in this order: {', '.join(TAGS)}",
            data=f"{COUNT} sentences of Glassbox with labels of a reader, seed {labels.seed}, {made.loop.steps} steps",
            labels=labels.labels,
            f1_written=str(made.run.written[-1]),
        )
