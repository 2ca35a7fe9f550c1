"""Labelled samples of ours: read from ``assets/samples/fine_tuning``, split by a seed.

>>> read_feelings()[0]
('Lily got a new puppy for her birthday.', 'happy')
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
SAMPLES = Path(__file__).parents[3] / "assets" / "samples" / "fine_tuning"
FEELINGS = ("sad", "happy")
"""In the order of the classes."""


def sample_rows(name: str) -> list[list[str]]:
    """Return the rows of a tab-separated file of samples; its first lines, with ``#``, name origin and licence."""
    text = (SAMPLES / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def read_feelings() -> tuple[tuple[str, str], ...]:
    """Return the sentences about a happy or a sad thing, each with its label."""
    return tuple((text, label) for label, text in sample_rows("feelings.tsv"))


def split(rows: Sequence[T], held_out: int, seed: int) -> tuple[list[T], list[T]]:
    """Return (for training, held out) after a shuffle by ``seed``; every split holds other rows out.

    >>> [len(part) for part in split(range(200), 60, seed=0)]
    [140, 60]
    """
    mixed = list(rows)
    random.Random(1000 + seed).shuffle(mixed)
    return mixed[held_out:], mixed[:held_out]


def swap_two(words: Sequence[str], rng: random.Random) -> list[str]:
    """Return the words with two that differ exchanged, not the first and not the closing mark.

    Raises:
        ValueError: fewer than two different words stand between.
    """
    inner = range(1, len(words) - 1)
    pairs = [(i, j) for i in inner for j in inner if i < j and words[i].lower() != words[j].lower()]
    if not pairs:
        raise ValueError("nothing to swap")
    i, j = rng.choice(pairs)
    swapped = list(words)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    return swapped


_ARTICLES = frozenset(["a", "an", "the", "my", "her", "his", "our", "its", "their"])
_BEFORE_A_NOUN = _ARTICLES | {"and", "with"}


def reads_as_well(words: Sequence[str], exchanged: Sequence[str], nouns: Sequence[bool] = ()) -> bool:
    """Return whether a sentence with two words exchanged may read as well as the sentence itself.

    It may where two nouns change places (``nouns`` says of each word whether it is known to be one; others stand behind an
    article, "and" or "with"), or two articles, or a name and the verb of who speaks.

    >>> reads_as_well("A doll is on the bell .".split(), "A bell is on the doll .".split())
    True
    """
    i, j = (k for k, (a, b) in enumerate(zip(words, exchanged, strict=True)) if a != b)
    both_nouns = {words[i - 1].lower(), words[j - 1].lower()} <= _BEFORE_A_NOUN or (
        bool(nouns) and nouns[i] and nouns[j]
    )
    both_articles = {words[i].lower(), words[j].lower()} <= _ARTICLES
    return both_nouns or both_articles or (j == i + 1 and words[i - 1] == '"')
