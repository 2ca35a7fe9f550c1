"""Next sentence prediction: pairs, and what a model says about them.

Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, section 3.1, task 2: in half of the pairs sentence B
follows sentence A in the corpus (IsNext), in the other half it is a random sentence of the corpus (NotNext). Class 0
of the head is IsNext (the order of the released models and of ``transformers``); here it is never left a number.
Sentence order prediction, the harder task of ALBERT, swaps the two: Lan et al. 2020,
https://arxiv.org/abs/1909.11942, section 3.1.

>>> pairs = draw_pairs(["a", "b", "c"], ["x", "y"], rounds=2, seed=0)
>>> all(pair.second in "xy" or pair.is_next for pair in pairs)
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from components.lm.gpt.decoding import random_number
from components.lm.reading import inputs, read

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

IS_NEXT = 0
"""Row of the head's output that stands for "B follows A"."""
Elsewhere = Literal["another_text", "same_text"]


@dataclass(frozen=True)
class Pair:
    """Two sentences and whether the second followed the first in the text.

    ``first_line`` and ``second_line`` are line numbers from 0; ``second_line`` is a line of the other text where
    ``other_text`` is true.
    """

    first: str
    second: str
    is_next: bool
    first_line: int
    second_line: int
    other_text: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the model says of a pair."""

    is_next_prob: float
    num_tokens: int
    dropped: int  # tokens that were left out because the model has no position for them

    @property
    def says_next(self) -> bool:
        """Whether IsNext is the likelier of the two."""
        return self.is_next_prob > 0.5


def draw_pairs(
    lines: Sequence[str],
    other_lines: Sequence[str],
    *,
    rounds: int,
    seed: int,
    elsewhere: Elsewhere = "another_text",
) -> list[Pair]:
    """Draw pairs as BERT's data were made: a coin decides between the true follower and a line from elsewhere.

    First sentences do not repeat until all were used. With ``same_text`` the wrong line comes from the same text
    (neither the line itself nor its follower), which is harder than what BERT was trained on.

    Raises:
        ValueError: too few lines to draw from.
    """
    if len(lines) < 2 or (elsewhere == "another_text" and not other_lines):
        raise ValueError("two lines at least, and one line of another text")
    if elsewhere == "same_text" and len(lines) < 4:
        raise ValueError("four lines at least for wrong lines from the same text")
    rng = np.random.default_rng(seed)
    firsts: list[int] = []
    while len(firsts) < rounds:
        firsts.extend(int(i) for i in rng.permutation(len(lines) - 1))
    pairs = []
    for first in firsts[:rounds]:
        if rng.random() < 0.5:
            pairs.append(Pair(lines[first], lines[first + 1], True, first, first + 1))
        elif elsewhere == "another_text":
            line = int(rng.integers(len(other_lines)))
            pairs.append(Pair(lines[first], other_lines[line], False, first, line, other_text=True))
        else:
            wrong = [i for i in range(len(lines)) if i not in (first, first + 1)]
            line = wrong[int(rng.integers(len(wrong)))]
            pairs.append(Pair(lines[first], lines[line], False, first, line))
    return pairs


def judge(loaded: LoadedModel, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
    """P(IsNext) of each pair, [CLS] A [SEP] B [SEP], in one batch.

    A pair longer than the model loses tokens from the end of its longer half.

    Raises:
        ModelRefused: the model has no next-sentence head.
        CannotRead: a token has no row in the model.
    """
    from components.lm.checkpoints import import_torch

    loaded.card.check("next_sentence")
    if not pairs:
        return []
    torch = import_torch()
    readings = [read(loaded, first, second, cut="longer") for first, second in pairs]
    with torch.inference_mode():
        logits = loaded.next_sentence_logits(loaded.forward(**inputs(loaded, readings)))
        probs = torch.softmax(logits.float(), -1)[:, IS_NEXT].tolist()
    return [Verdict(float(prob), len(one), one.dropped) for prob, one in zip(probs, readings, strict=True)]


def shuffled_words(sentence: str, seed: int = 0) -> str:
    """The words of a sentence in another order: same words, no sentence.

    Each word draws a number, and they stand in the order of these; a browser draws the same ones.

    >>> sorted(shuffled_words("one two three").split())
    ['one', 'three', 'two']
    """
    words = sentence.split()
    order = sorted(range(len(words)), key=lambda i: random_number(seed, i))
    if len(words) > 1 and order == list(range(len(words))):
        order = [order[-1], *order[:-1]]
    return " ".join(words[i] for i in order)
