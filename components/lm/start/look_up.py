"""Look up before answering: the sentences of a text that share most words with a question.

The simplest retriever. Retrieval-augmented generation (Lewis et al. 2020, https://arxiv.org/abs/2005.11401) puts what it found in front of
the question in the same way, and finds it with trained vectors instead of shared words.

>>> found = look_up("The mill is old. The bakery opened in 1921.", "When was the bakery opened?")
>>> [(one.sentence, one.shared) for one in found]
[('The bakery opened in 1921.', ('bakery', 'opened'))]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from components.lm.reading import clean

MOST = 3
_END = re.compile(r"(?<=[.!?。！？…])\s+|\n+")
_WORD = re.compile(r"[^\W_]+")
_HANGUL = re.compile(r"[가-힣]{2,}")


@dataclass(frozen=True)
class Found:
    """A sentence, its place in the text, and its words that the question has too."""

    place: int
    sentence: str
    shared: tuple[str, ...]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a line ends one, too.

    >>> sentences("One. Two!\\nThree")
    ['One.', 'Two!', 'Three']
    """
    return [part.strip() for part in _END.split(clean(text)) if part and part.strip()]


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, Korean syllables whole (NFC)."""
    return _WORD.findall(_folded(clean(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.lower())


def same_word(one: str, other: str) -> bool:
    """Whether two words are the same; in Korean, where particles are written to the word, whether they begin with the same two syllables.

    >>> same_word("빵집은", "빵집이"), same_word("mill", "mills")
    (True, False)
    """
    one, other = _folded(one), _folded(other)
    if _HANGUL.match(one) and _HANGUL.match(other):
        return one[:2] == other[:2]
    return one == other


def _shared(asked: Sequence[str], sentence: str) -> tuple[str, ...]:
    own = words(sentence)
    return tuple(dict.fromkeys(word for word in own if any(same_word(word, question) for question in asked)))


def look_up(text: str, question: str, most: int = MOST) -> list[Found]:
    """Return up to ``most`` sentences that share a word with the question, those with most shared words first.

    Words of the question that stand in more than half of the sentences do not count: they say nothing of any of them. Of two sentences
    with equally many the earlier one comes first.
    """
    lines = sentences(text)
    asked = [
        word
        for word in dict.fromkeys(words(question))
        if 2 * sum(any(same_word(word, own) for own in words(line)) for line in lines) <= max(2, len(lines))
    ]
    found = [Found(i, line, _shared(asked, line)) for i, line in enumerate(lines)]
    kept = sorted((one for one in found if one.shared), key=lambda one: (-len(one.shared), one.place))
    return kept[:most]
