"""Where a word stands in a text: the places that a reader of its language would mark.

Spelling: the same letters can be typed in two ways, composed (é, 배: what most keyboards send) or decomposed (e + accent,
ㅂ + ㅐ: what files from a Mac hold). Unicode calls them canonically equivalent (Unicode Standard Annex 15); both are
found, and the place is given in the text as it was typed.

Borders: English words end where letters end. Korean writes particles and endings right behind a word (배를 is 배 with
an object particle, GPT는 is GPT with a topic particle), so a word counts where it begins, whatever Korean letters
follow. Chinese and Japanese put no space between words at all.

>>> [(o.sentence, o.start) for o in find_word(["I record the record."], "record")]
[(0, 2), (0, 13)]
>>> [o.text for o in find_word(["배가 고파서 배를 먹었다", "나무배"], "배")]
['배', '배']
>>> [o.text for o in find_word(["GPT는 다음 단어를 쓴다", "GPTs"], "GPT")]
['GPT']
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

_GRAPHEME = regex.compile(r"\X")
_WORD = regex.compile(r"[\w\p{M}]+")
_HANGUL = regex.compile(r"\p{Script=Hangul}")
_NO_SPACES = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]"
)
"""Scripts that write words without a border between them."""


@dataclass(frozen=True)
class Occurrence:
    """Where a word stands: sentence, first character, one past the last, and the text there."""

    sentence: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Composed:
    """A text in composed spelling; for each of its characters the place of the typed one it belongs to."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def _composed(text: str) -> _Composed:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _GRAPHEME.finditer(text):
        joined = unicodedata.normalize("NFC", match.group())
        letters.append(joined)
        starts += [match.start()] * len(joined)
        ends += [match.end()] * len(joined)
    return _Composed("".join(letters), tuple(starts), tuple(ends))


def find_word(sentences: Sequence[str], word: str) -> tuple[Occurrence, ...]:
    """Every occurrence of a whole word, in any case and in any normal form, in the order of the text."""
    wanted = unicodedata.normalize("NFC", word.strip())
    if not wanted:
        return ()
    pattern = regex.compile(_before(wanted[0]) + regex.escape(wanted), regex.IGNORECASE)
    return tuple(
        Occurrence(number, start, end, sentence[start:end])
        for number, sentence in enumerate(sentences)
        for start, end in _matches(pattern, _composed(sentence))
    )


def _matches(pattern: regex.Pattern[str], text: _Composed) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text.text):
        first, last = match.start(), match.end() - 1
        # Not half of what a reader sees as one letter (a consonant without the vowel sign that belongs to it).
        begins = first == 0 or text.starts[first] != text.starts[first - 1]
        stops = last + 1 == len(text.text) or text.ends[last] != text.ends[last + 1]
        if begins and stops and _ends_here(text.text, match.end()):
            yield text.starts[first], text.ends[last]


def _before(letter: str) -> str:
    """What may stand before a word that begins with ``letter``."""
    if not _is_letter(letter) or _NO_SPACES.match(letter):
        return ""
    return r"(?<!\w)" if _HANGUL.match(letter) else r"(?<!(?!\p{Script=Hangul})\w)"


def _ends_here(text: str, end: int) -> bool:
    """Whether a word that ends before character ``end`` of ``text`` is whole."""
    letter, rest = text[end - 1], _WORD.match(text, end)
    if rest is None or not _is_letter(letter) or _NO_SPACES.match(letter):
        return True
    return bool(_HANGUL.match(rest.group()))  # particles and endings; in Latin letters only what is Korean


def _is_letter(letter: str) -> bool:
    return bool(regex.match(r"[\w\p{M}]", letter))


def words_of(text: str) -> tuple[tuple[int, int], ...]:
    """Where the words of a text stand, by runs of letters and digits with their accents.

    >>> words_of("He ran.")
    ((0, 2), (3, 6))
    """
    return tuple(match.span() for match in _WORD.finditer(text))
