"""A sentence of the reader's own, as a tagger that learned a few sentences sees it.

>>> words_of('"Look," said the old fox.')
('"', 'Look', ',', '"', 'said', 'the', 'old', 'fox', '.')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.lm.fine_tuning.encoder_tasks import (
    PASSES,
    EncoderTask,
    Score,
    examples,
    labelled_words,
    loop_of,
    rate,
    score,
    tag_example,
    to_learn_from,
)
from components.lm.fine_tuning.loop import Recipe
from components.lm.fine_tuning.sentences import Tagged
from components.lm.fine_tuning.task_runs import WRITTEN

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

MOST_WORDS = 40
_WORD = re.compile(r'[^\s.,!?;:"“”()]+|[.,!?;:"“”()]')


def words_of(text: str) -> tuple[str, ...]:
    """Return the words and marks of a text; each counts as one word for the tagger."""
    return tuple(_WORD.findall(text))


def tagger(loaded: LoadedModel, size: int, *, pretrained: bool, seed: int = 0) -> tuple[EncoderTask, Score]:
    """Return a tagger trained on ``size`` sentences, and its F1 on the sentences written by hand."""
    task = EncoderTask(loaded, "tag", "full", pretrained=pretrained, seed=seed)
    rows = to_learn_from(loaded, "tag", size, seed)
    loop = loop_of(task, rows, Recipe(rate("tag", "full", pretrained), PASSES[size], seed=seed))
    while not loop.finished:
        loop.take_step()
    written = examples(loaded, "tag", "written", WRITTEN, 0)
    return task, score("tag", task.says(written), written)


def tags_of(loaded: LoadedModel, task: EncoderTask, words: Sequence[str]) -> list[int]:
    """Return the tag of every word (its place in ``TAGS``)."""
    row = tag_example(loaded, Tagged(tuple(words), ("O",) * len(words)))
    (found,) = task.says([row])
    assert isinstance(found, list)
    return found


def known_words(loaded: LoadedModel, size: int, seed: int = 0) -> set[str]:
    """Return the words that have a label in those sentences, in small letters."""
    return labelled_words(to_learn_from(loaded, "tag", size, seed))
