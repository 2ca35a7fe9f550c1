"""Limits that size did not remove, tried on our models: a name that leaves the window, and everyday physics.

Brown et al. 2020 (https://arxiv.org/abs/2005.14165), section 5, name both for GPT-3: it loses the thread of long texts, and it has
trouble with common-sense physics. Here the same is measured with small models, whose window is 512 tokens.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.lm.gpt.generation import context_length, encode_prompt
from components.lm.gpt.story_names import name_id
from components.lm.reading import frame

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

OPENING = "Once upon a time there was a boy named {name}. {name} had a big red ball. One day {name} went to the park with his ball."
UNNAMED_OPENING = (
    "Once upon a time there was a boy. He had a big red ball. One day he went to the park with his ball."
)
ENDING = 'The boy came home. "Hello," said'
BETWEEN = (
    "The sun was warm and the sky was blue.",
    "A little bird sat in the tree and sang.",
    "The grass was green and soft.",
    "There were many flowers near the road.",
    "The wind blew and the leaves danced.",
    "A brown dog ran past the gate.",
    "The water in the river was cold and clear.",
    "Some children played in the sand.",
    "The old house had a red door.",
    "It was a quiet day in the village.",
    "White clouds went by, one after the other.",
    "The market was full of bread and apples.",
)
"""Sentences without a name, written for this; said in turn, as often as it takes."""
MOST_BETWEEN = 60
CURVE = (0, 5, 10, 20, 30, 40, 50, 60)
"""Numbers of sentences at which the curve is measured."""
QUESTIONS_PATH = Path(__file__).parents[3] / "assets" / "facts" / "physics_questions.csv"


@dataclass(frozen=True)
class NameAfter:
    """A name that was given so many sentences ago. Probabilities of the name as the next word, in 0…1."""

    sentences: int
    tokens: int
    """Of the whole text with the name."""
    cut: int
    """Tokens at its beginning that lie outside the window."""
    opening_cut: int
    """Characters of the opening that lie outside."""
    name_read: bool
    """Whether the window still holds the name."""
    told: float
    untold: float
    """The same text without the name."""
    rank: int
    """Of the name after the text that tells it, from 1."""


def story(name: str, sentences: int) -> str:
    """The story with ``sentences`` sentences between the name and its use; an empty name leaves it out.

    >>> len(story("Lily", 3)) - len(story("Lily", 0)) == sum(len(one) + 1 for one in BETWEEN[:3])
    True
    """
    opening = OPENING.format(name=name) if name else UNNAMED_OPENING
    return " ".join([opening, *(BETWEEN[i % len(BETWEEN)] for i in range(sentences)), ENDING])


def name_after(loaded: LoadedModel, name: str, counts: Sequence[int]) -> list[NameAfter]:
    """Measure a name after each number of sentences; the model reads the last tokens that its window holds.

    Raises:
        ValueError: the name is nothing for the tokenizer.
    """
    import torch

    token, window, found = name_id(loaded, name), context_length(loaded.model), []
    opening = OPENING.format(name=name)
    for count in counts:
        probs, starts = [], []
        for given in (name, ""):
            text = story(given, count)
            starts.append(
                [span[0] if span else 0 for span in frame(loaded.tokenizer.backend_tokenizer, text).spans]
            )
            ids = encode_prompt(loaded, text, reserve=0).token_ids
            with torch.inference_mode():
                logits = loaded.model(torch.tensor([list(ids)]), logits_to_keep=1).logits[0, -1]
            probs.append(torch.softmax(logits.double(), -1))
        told = float(probs[0][token])
        length = len(starts[0])
        cut = max(0, length - window)
        gone = min(len(opening), starts[0][cut])
        rank = int((probs[0] > told).sum()) + 1
        read = name in opening[gone:]
        found.append(NameAfter(count, length, cut, gone, read, told, float(probs[1][token]), rank))
    return found


@dataclass(frozen=True)
class PhysicsQuestion:
    """A beginning with two ends, of which one happens."""

    stem: str
    right: str
    wrong: str


def physics_questions() -> tuple[PhysicsQuestion, ...]:
    """The questions of the table, in its order."""
    with QUESTIONS_PATH.open(encoding="utf-8", newline="") as file:
        return tuple(PhysicsQuestion(**row) for row in csv.DictReader(file))


def prefers_right(loaded: LoadedModel, questions: Sequence[PhysicsQuestion]) -> list[float]:
    """For each question P(right) / (P(right) + P(wrong)), the probability of an end being that of all its tokens."""
    import torch

    found = []
    for question in questions:
        logs = []
        for end in (question.right, question.wrong):
            before = encode_prompt(loaded, question.stem, reserve=0).token_ids
            ids = encode_prompt(loaded, f"{question.stem} {end}", reserve=0).token_ids
            with torch.inference_mode():
                logits = loaded.model(torch.tensor([list(ids)])).logits[0].double()
            said = torch.log_softmax(logits, -1)
            logs.append(sum(float(said[i - 1, ids[i]]) for i in range(len(before), len(ids))))
        found.append(1 / (1 + float(torch.exp(torch.tensor(logs[1] - logs[0])))))
    return found
