"""WordPiece encoding of a text, look-up by look-up, with a view into the vocabulary at each place.

Longest match first (Wu et al. 2016, https://arxiv.org/abs/1609.08144; the released BERT code): try the whole rest of
the word, drop its last letter, try again. When not even one letter is in the vocabulary, the whole word is ``[UNK]``
and the pieces found so far are thrown away.

>>> from components.lm.tokens.wordpiece import WordPieceModel
>>> model = WordPieceModel({"[UNK]": 0, "play": 1, "##ing": 2, "##i": 3})
>>> lesson = match_words(model, ["plays"])
>>> lesson.words[0].encoding.tokens, lesson.words[0].lost, len(lesson.lookups)
(('[UNK]',), ('play',), 3)
>>> lesson.lookups[-1]
Lookup(word=0, step=1, attempt=0, piece='##s', found=False)
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from components.lm.tokens.wordpiece import WordPieceEncoding, WordPieceModel

MAX_WORDS = 30
"""Words that are encoded look-up by look-up."""
MAX_NEARBY = 40
"""Pieces of a vocabulary shown for one place."""
WHOLE_VOCABULARY = 80
"""A vocabulary of at most this many pieces is shown whole."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look into the vocabulary.

    Attributes:
        word, step, attempt: which word, which of its places, which try there; all from 0.
        piece: what was looked up.
        found: it is in the vocabulary.
    """

    word: int
    step: int
    attempt: int
    piece: str
    found: bool


@dataclass(frozen=True)
class MatchedWord:
    """A word with its look-ups.

    Attributes:
        encoding: the look-ups and the tokens.
        lost: pieces that were found and thrown away, because a later place failed.
        nearby: for each step, pieces of the vocabulary that begin with the same letter (and mark), at most
            :data:`MAX_NEARBY`, those nearest to the rest of the word in the order of the alphabet; empty when the
            vocabulary is small enough to be shown whole.
        num_nearby: for each step, how many pieces begin so in all.
    """

    encoding: WordPieceEncoding
    lost: tuple[str, ...]
    nearby: tuple[tuple[str, ...], ...]
    num_nearby: tuple[int, ...]


@dataclass(frozen=True)
class MatchLesson:
    """A text encoded.

    Attributes:
        words: at most :data:`MAX_WORDS`.
        lookups: all look-ups in order; moment k of the page has made the first k of them.
        left_out: words beyond the limit.
        vocabulary: the whole vocabulary when it is small, else empty.
        vocab_size: its size.
    """

    words: tuple[MatchedWord, ...]
    lookups: tuple[Lookup, ...]
    left_out: int
    vocabulary: tuple[str, ...]
    vocab_size: int


def match_words(model: WordPieceModel, words: Iterable[str]) -> MatchLesson:
    """Encode words one after the other."""
    every = list(words)
    small = len(model.token_ids) <= WHOLE_VOCABULARY
    pieces = [] if small else sorted(model.token_ids)
    matched: list[MatchedWord] = []
    lookups: list[Lookup] = []
    for number, word in enumerate(every[:MAX_WORDS]):
        encoding = model.encode_word(word)
        found = tuple(step.piece for step in encoding.steps if step.piece is not None)
        lost = found if encoding.failure else ()
        around = [_nearby(pieces, model, word[step.start :], step.start > 0) for step in encoding.steps]
        matched.append(
            MatchedWord(encoding, lost, tuple(shown for shown, _ in around), tuple(n for _, n in around))
        )
        for place, step in enumerate(encoding.steps):
            lookups.extend(
                Lookup(number, place, attempt, piece, piece == step.piece)
                for attempt, piece in enumerate(step.tried)
            )
    return MatchLesson(
        tuple(matched),
        tuple(lookups),
        max(0, len(every) - MAX_WORDS),
        tuple(model.token_ids) if small else (),
        len(model.token_ids),
    )


def _nearby(pieces: list[str], model: WordPieceModel, rest: str, inside: bool) -> tuple[tuple[str, ...], int]:
    """Pieces that begin like ``rest``, nearest in the alphabet first to last, and how many there are."""
    if not pieces:
        return (), 0
    mark = model.prefix if inside else ""
    first = mark + rest[0]
    begin = bisect_left(pieces, first)
    end = bisect_left(pieces, mark + chr(min(ord(rest[0]) + 1, 0x10FFFF)))
    at = bisect_left(pieces, mark + rest)
    low = max(begin, min(at - MAX_NEARBY // 2, end - MAX_NEARBY))
    return tuple(pieces[low : min(end, low + MAX_NEARBY)]), end - begin
