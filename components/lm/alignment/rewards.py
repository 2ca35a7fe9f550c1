"""What a text is paid for: rules that can be read, none a person's judgement.

>>> happy("The sad girl smiled. She had a friend and they were happy.")
2.0
>>> short("One two three four five six seven eight.")
0.0
>>> says("A dog ran. The DOG barked.", "dog"), says("dogma", "dog")
(5.0, 0.0)
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal

Kind = Literal["happy", "short", "word", "clicks"]
KINDS: tuple[Kind, ...] = ("happy", "short", "word")
"""The rules; ``clicks`` is what a judge says that learned from presses (``judge``)."""
HAPPY = frozenset(
    [
        "happy",
        "happily",
        "happier",
        "glad",
        "joy",
        "joyful",
        "smile",
        "smiled",
        "smiles",
        "smiling",
        "laugh",
        "laughed",
        "laughing",
        "love",
        "loved",
        "loves",
        "loving",
        "fun",
        "hug",
        "hugged",
        "proud",
        "excited",
        "delighted",
        "cheerful",
        "best",
        "wonderful",
        "kind",
        "thank",
        "thanked",
        "friend",
        "friends",
    ]
)
SAD = frozenset(
    [
        "sad",
        "sadly",
        "cry",
        "cried",
        "crying",
        "scared",
        "afraid",
        "hurt",
        "angry",
        "mad",
        "lost",
        "alone",
        "lonely",
        "tears",
        "wept",
        "died",
        "dead",
        "bad",
        "upset",
        "hungry",
    ]
)
IDEAL = 8
"""Words of a text that is paid most for being short."""
WORD_PAY = 5.0
WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def words(text: str) -> list[tuple[int, int, str]]:
    """Return the words of a text as (first character, one past the last, the word in small letters)."""
    return [(m.start(), m.end(), m.group().casefold()) for m in WORDS.finditer(text)]


def happy(text: str) -> float:
    """Return how many happy words a text has, less the sad ones."""
    return float(sum((word in HAPPY) - (word in SAD) for _, _, word in words(text)))


def short(text: str) -> float:
    """Return 0 for a text of eight words, less the further its number of words is from it: −|words − 8| / 8."""
    return -abs(len(words(text)) - IDEAL) / IDEAL or 0.0


def says(text: str, word: str) -> float:
    """Return 5 if a word stands in a text, else 0. No word stands nowhere."""
    wanted = word.casefold()
    return WORD_PAY if any(found == wanted for _, _, found in words(text)) else 0.0


def reward(kind: Kind, text: str, word: str = "") -> float:
    """Return what a text is paid by a rule. Raises ``ValueError`` for presses, which are no rule."""
    if kind == "clicks":
        raise ValueError("what was pressed needs a judge")
    if kind == "happy":
        return happy(text)
    return short(text) if kind == "short" else says(text, word)


def paid(kind: Kind, text: str, word: str = "") -> list[tuple[int, int, int]]:
    """Return the words that a reward counts, as (first character, one past the last, +1 or −1)."""
    if kind in ("short", "clicks"):
        return []
    wanted = {word.casefold()} if kind == "word" else HAPPY
    against = SAD if kind == "happy" else frozenset()
    return [
        (start, end, 1 if found in wanted else -1)
        for start, end, found in words(text)
        if found in wanted or found in against
    ]


def distinct_pairs(texts: Sequence[str]) -> float:
    """Return the share of word pairs that are different from each other, over all texts; 1 where there is no pair.

    >>> distinct_pairs(["the loved the loved"])
    0.6666666666666666
    """
    pairs = [pair for text in texts for pair in zip(text.lower().split(), text.lower().split()[1:], strict=False)]  # fmt: skip
    return len(set(pairs)) / len(pairs) if pairs else 1.0


def best_of(rewards: Sequence[float], n: int) -> float:
    """Return the expected reward of the best of ``n`` texts drawn from those given, without putting any back.

    Exact: the i-th smallest of m is the best of the n in C(i−1, n−1) of C(m, n) draws.

    >>> best_of([0, 1, 2], 1), best_of([0, 1, 2], 2), best_of([0, 1, 2], 3)
    (1.0, 1.6666666666666667, 2.0)
    """
    ordered, total = sorted(rewards), math.comb(len(rewards), n)
    if not total:
        raise ValueError(f"{n} of {len(rewards)} texts cannot be drawn")
    return sum(value * math.comb(i, n - 1) for i, value in enumerate(ordered)) / total


def best_of_kl(n: int) -> float:
    """Return the KL of choosing the best of ``n`` texts by its formula, log n − (n − 1)/n, in nats; nothing is measured.

    An upper bound that is reached where no two texts are paid the same (Stiennon et al. 2020,
    https://arxiv.org/abs/2009.01325, appendix G.3; Beirami et al. 2024, https://arxiv.org/abs/2401.01879).

    >>> round(best_of_kl(1), 2), round(best_of_kl(4), 2), round(best_of_kl(16), 2)
    (0.0, 0.64, 1.84)
    """
    return math.log(n) - (n - 1) / n
