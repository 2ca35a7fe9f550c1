"""One word of a sentence, guessed from the left only and from both sides.

A causal model guesses a word from what stands before it; a masked-language model from everything around the [MASK]
that replaces it (Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 3.1 and figure 3).

>>> word_spans("The fox  sat.")
[(0, 3), (4, 7), (9, 13)]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from components.lm.reading import Reading, check_places, is_causal, read
from components.lm.tokens.token_text import token_info
from components.lm.transformer.ablation import predict
from components.lm.transformer.attention import Floats, attend

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Span = tuple[int, int]


def word_spans(text: str) -> list[Span]:
    """Where the words of a text (separated by white space) begin and end."""
    return [match.span() for match in re.finditer(r"\S+", text)]


@dataclass(frozen=True, eq=False)
class WordGuess:
    """A word of a text in one model.

    ``tokens`` are what the model reads, ``word_of`` the word each token belongs to (-1: special). ``weights`` is the
    mean of the heads of ``layer``, (query, key), on the whole text. ``visible`` says which words the guess could use;
    ``guesses`` are (text, probability), most probable first. ``first_piece`` is the token that stands there really
    and its probability: the first one, where the word is cut into several.
    """

    tokens: tuple[str, ...]
    word_of: tuple[int, ...]
    weights: Floats
    layer: int
    causal: bool
    visible: tuple[bool, ...]
    guesses: tuple[tuple[str, float], ...]
    first_piece: tuple[str, float]


def words_of_tokens(reading: Reading) -> list[int]:
    """The word each token belongs to, -1 for special tokens."""
    spans = word_spans(reading.text)
    found = []
    for place, special in zip(reading.spans, reading.special, strict=True):
        start, end = place or (0, 0)
        shared = [min(end, b) - max(start, a) for a, b in spans]
        found.append(-1 if special or not shared or max(shared) <= 0 else int(np.argmax(shared)))
    return found


class NoGuess(ValueError):
    """There is nothing to guess: ``reason`` is ``no_word`` (the text has no such word, or the tokenizer reads nothing
    there) or ``predicts_nothing`` (the model has no head for words)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def guess_word(loaded: LoadedModel, text: str, word: int, layer: int, count: int = 6) -> WordGuess:
    """Guess word number ``word`` of ``text``: causal models from the words before it, others from all the others.

    Raises:
        CannotRead: the text does not fit the model, or cannot be read.
        NoGuess: the text has no such word, or the model predicts nothing.
    """
    check_places(loaded)
    reading = read(loaded, text)
    spans = word_spans(reading.text)
    if not 0 <= word < len(spans):
        raise NoGuess("no_word")
    attention = attend(loaded, reading, layer)
    words = words_of_tokens(reading)
    causal = is_causal(loaded.card)
    own = [i for i, of in enumerate(words) if of == word]
    if not (loaded.card.can("generation") or loaded.card.can("masked_prediction")):
        raise NoGuess("predicts_nothing")
    if not own:
        raise NoGuess("no_word")
    if causal:
        before = read(loaded, reading.text[: spans[word][0]].rstrip())
        probs = predict(loaded, before, len(before) - 1).probs
    else:
        probs = predict(loaded, reading.with_mask_at(*own), own[0]).probs
    order = np.argsort(-probs, kind="stable")[:count]
    real = int(reading.input_ids[own[0]])
    return WordGuess(
        tokens=reading.texts,
        word_of=tuple(words),
        weights=attention.weights[0].mean(0),
        layer=attention.layers[0],
        causal=causal,
        visible=tuple((i < word) if causal else (i != word) for i in range(len(spans))),
        guesses=tuple((token_info(loaded.tokenizer, int(i)).text, float(probs[i])) for i in order),
        first_piece=(token_info(loaded.tokenizer, real).text, float(probs[real])),
    )


SIDE = 3
"""Words that must stand before and behind the word of an example, so that each side has something to say."""


def word_for_both_sides(
    words: Sequence[str], both: Sequence[WordGuess], left: Sequence[WordGuess], side: int = SIDE
) -> int:
    """The word that shows best what the right side adds: the example of a page on masks.

    Among the words of three letters or more (a Hangul syllable has two or three) with ``side`` words on either side (in Korean, whose words
    have their particles with them, two will do), for which the model that reads both
    sides puts the real word first and the one that reads the left does not: the largest difference in its probability.
    Run when a bundled model is replaced: a test compares what it returns with the word the page begins with.

    Args:
        words: of the sentence. ``both``, ``left``: what each model guesses for each of them.

    Raises:
        ValueError: no word of the sentence shows it.
    """
    gains = {
        i: both[i].first_piece[1] - left[i].first_piece[1]
        for i in range(side, len(words) - side)
        if len(unicodedata.normalize("NFD", words[i])) >= 3
        and both[i].guesses[0][0] == both[i].first_piece[0]
        and left[i].guesses[0][0] != left[i].first_piece[0]
    }
    if not gains:
        raise ValueError("no word of this sentence is guessed better from both sides")
    return max(gains, key=gains.__getitem__)
