"""A text being encoded, written down for stepping: one learned merge at a time, in all its words at once.

A BPE encoder applies its merges in the order in which they were learned (Sennrich et al. 2016,
https://arxiv.org/abs/1508.07909, section 3.2). A merge whose pair does not occur does nothing; the steps here are
those that do something. Each word is its first symbols and, for each boundary between two of them, the step that
removed it: enough to cut it as it stood after any number of steps.

>>> from components.lm.tokens.bpe import train_bpe
>>> model = train_bpe({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10).model()
>>> lesson = encode_letters(model, "lowest low")
>>> [(step.rank, step.merged) for step in lesson.steps]
[(1, 'es'), (2, 'est'), (3, 'lo'), (4, 'low')]
>>> [lesson.words[0].cut(moment) for moment in (0, 2, 4)]
[('l', 'o', 'w', 'e', 's', 't'), ('l', 'o', 'w', 'est'), ('low', 'est')]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.lm.tokens.bpe import BpeModel, EncodeStep, Pair, UnknownLetter
from components.lm.tokens.byte_level import ByteLevelBpe, gpt2_words, is_byte_level
from components.lm.tokens.segments import characters

MAX_WORDS = 120
"""Words of a text that are encoded step by step."""


@dataclass(frozen=True)
class TextStep:
    """One merge firing.

    Attributes:
        rank: its number among the learned merges, from 1.
        pair, merged: what it joins.
        joins: how many places of the text it joins.
    """

    rank: int
    pair: Pair
    merged: str
    joins: int


@dataclass(frozen=True)
class CharacterSpan:
    """A character of a byte-level word: its bytes are number ``start`` to ``end - 1`` of the word."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class EncodingWord:
    """One word.

    Attributes:
        text: as it stands in the text.
        start: its symbols before any merge.
        removed_by: for each symbol of ``start`` the step (from 1) that joined it to the one before, 0 for none.
        token_ids: ids of the tokens left at the end, None for ``[UNK]``.
        unknown: letters that became ``[UNK]``, and why.
        characters: for byte-level words, which bytes are which character.
    """

    text: str
    start: tuple[str, ...]
    removed_by: tuple[int, ...]
    token_ids: tuple[int | None, ...]
    unknown: tuple[UnknownLetter, ...] = ()
    characters: tuple[CharacterSpan, ...] = ()

    def cut(self, moment: int) -> tuple[str, ...]:
        """The symbols after ``moment`` steps."""
        parts: list[str] = []
        for symbol, gone in zip(self.start, self.removed_by, strict=True):
            if 0 < gone <= moment:
                parts[-1] += symbol
            else:
                parts.append(symbol)
        return tuple(parts)


@dataclass(frozen=True)
class EncodeLesson:
    """A text encoded: its words, the merges that fired, and how many words were left out at its end."""

    words: tuple[EncodingWord, ...]
    steps: tuple[TextStep, ...]
    left_out: int


def encode_letters(model: BpeModel, text: str) -> EncodeLesson:
    """Encode the words of a text from letters; unknown letters become ``[UNK]``."""
    spans = model.encode(text)
    shown = [span.encoded for span in spans[:MAX_WORDS]]
    steps, removed = _timeline([(word.start, word.steps) for word in shown])
    words = tuple(
        EncodingWord(word.word, word.start, gone, word.token_ids, word.unknown)
        for word, gone in zip(shown, removed, strict=True)
    )
    return EncodeLesson(words, steps, len(spans) - len(shown))


def encode_bytes(model: ByteLevelBpe, text: str) -> EncodeLesson:
    """Encode a text from its bytes of UTF-8; nothing is unknown.

    Raises:
        InputProblem: ``lone_surrogate``.
    """
    pieces = gpt2_words(text)
    shown = [model.encode_word(piece) for piece in pieces[:MAX_WORDS]]
    steps, removed = _timeline([(word.start, word.steps) for word in shown])
    words = tuple(
        EncodingWord(
            word.word,
            word.start,
            gone,
            word.token_ids,
            characters=tuple(
                CharacterSpan(character.text, character.start, character.end)
                for character in characters(word.word.encode("utf-8"))
            ),
        )
        for word, gone in zip(shown, removed, strict=True)
    )
    return EncodeLesson(words, steps, len(pieces) - len(shown))


def byte_level_from_file(path: Path) -> ByteLevelBpe:
    """Read the byte-level BPE in a ``tokenizer.json`` (the format of the ``tokenizers`` library).

    Raises:
        OSError: there is no such file. ValueError: it holds another kind of tokenizer.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    model = content.get("model", {})
    if model.get("type") != "BPE" or not is_byte_level(model.get("vocab", {})):
        raise ValueError(f"{path.name} is no byte-level BPE")
    pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
    special = tuple(token["content"] for token in content.get("added_tokens", []) if token.get("special"))
    return ByteLevelBpe(model["vocab"], tuple((left, right) for left, right in pairs), special)


def _timeline(
    words: Sequence[tuple[tuple[str, ...], tuple[EncodeStep, ...]]],
) -> tuple[tuple[TextStep, ...], tuple[tuple[int, ...], ...]]:
    """Put the merges of all words in one order: each time the lowest number that any word is waiting for."""
    waiting = [0] * len(words)
    removed = [[0] * len(start) for start, _ in words]
    begins = [list(range(len(start))) for start, _ in words]  # first letter of each symbol as it stands now
    steps: list[TextStep] = []
    while True:
        ready = [(own[waiting[i]].rank, i) for i, (_, own) in enumerate(words) if waiting[i] < len(own)]
        if not ready:
            break
        rank = min(ready)[0]
        joins = 0
        fired = None
        for number, i in ready:
            if number != rank:
                continue
            fired = words[i][1][waiting[i]]
            waiting[i] += 1
            for place in fired.places:
                removed[i][begins[i][place + 1]] = len(steps) + 1
            joins += len(fired.places)
            gone = {place + 1 for place in fired.places}
            begins[i] = [begin for at, begin in enumerate(begins[i]) if at not in gone]
        assert fired is not None
        steps.append(TextStep(rank, fired.pair, fired.merged, joins))
    return tuple(steps), tuple(tuple(gone) for gone in removed)
