"""Group tokens until they form whole characters.

A byte-level token is a run of bytes. It can end in the middle of a character: one Korean syllable is three bytes and
an emoji family is 18 or 25, so a single token often has no text of its own. For display, tokens are gathered until
their bytes end where a character ends. "Character" here is what a reader sees as one (an extended grapheme cluster,
Unicode Standard Annex 29): é written as e + accent, or a family of emoji joined by zero-width joiners, is one.

>>> [segment.text for segment in group_tokens([1, 2, 3], ["안".encode()[:2], "안".encode()[2:], b" hi"])]
['안', ' hi']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands for bytes that form no character."""

_GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True)
class Segment:
    """Tokens that together are whole characters.

    Attributes:
        text: the characters; U+FFFD for bytes that form none.
        token_ids: the tokens' ids.
        start, end: the tokens are number ``start`` to ``end - 1`` of the sequence.
        data: their bytes.
        complete: False when some of the bytes form no character.
    """

    text: str
    token_ids: tuple[int, ...]
    start: int
    end: int
    data: bytes
    complete: bool


@dataclass(frozen=True)
class Character:
    """One character as a reader sees it: its text (U+FFFD when broken) and its bytes ``start`` to ``end - 1``."""

    text: str
    start: int
    end: int
    complete: bool


def graphemes(text: str) -> tuple[str, ...]:
    """The characters of a text as a reader counts them.

    >>> len(graphemes("👨‍👩‍👧e\u0301안"))
    3
    """
    return tuple(_GRAPHEME.findall(text))


def characters(data: bytes) -> tuple[Character, ...]:
    """The characters in bytes of UTF-8, with their places. Bytes that form none become U+FFFD, one per run that a
    decoder gives up on.

    >>> [(character.text, character.start, character.end) for character in characters("é안".encode())]
    [('é', 0, 2), ('안', 2, 5)]
    """
    found: list[Character] = []
    for text, start, end in _decoded_runs(data):
        if text is None:
            found.append(Character(REPLACEMENT, start, end, False))
            continue
        at = start
        for grapheme in graphemes(text):
            size = len(grapheme.encode("utf-8"))
            found.append(Character(grapheme, at, at + size, True))
            at += size
    return tuple(found)


def group_tokens(token_ids: Sequence[int], token_bytes: Sequence[bytes]) -> tuple[Segment, ...]:
    """Group a token sequence into the smallest runs that end where a character ends.

    Args:
        token_ids: any tokens, in order.
        token_bytes: the bytes of each. A token with no bytes (padding) joins the run it stands in.

    Raises:
        ValueError: the two differ in length.
    """
    if len(token_ids) != len(token_bytes):
        raise ValueError(f"{len(token_ids)} token ids but {len(token_bytes)} byte strings")
    data = b"".join(token_bytes)
    found = characters(data)
    ends = {character.end for character in found}
    segments: list[Segment] = []
    start, begin, at = 0, 0, 0
    next_character = 0
    for index, piece in enumerate(token_bytes, start=1):
        at += len(piece)
        closes = at > begin and at in ends
        if not closes and index < len(token_ids):
            continue
        first = next_character
        while next_character < len(found) and found[next_character].end <= at:
            next_character += 1
        inside = found[first:next_character]
        segments.append(
            Segment(
                "".join(character.text for character in inside),
                tuple(token_ids[start:index]),
                start,
                index,
                data[begin:at],
                all(character.complete for character in inside),
            )
        )
        start, begin = index, at
    return tuple(segments)


def _decoded_runs(data: bytes) -> Iterator[tuple[str | None, int, int]]:
    """Runs of valid UTF-8 as text and runs of broken bytes as None, each with its place."""
    at = 0
    while at < len(data):
        try:
            yield data[at:].decode("utf-8"), at, len(data)
            return
        except UnicodeDecodeError as error:
            if error.start:
                yield data[at : at + error.start].decode("utf-8"), at, at + error.start
            yield None, at + error.start, at + error.end
            at += error.end
