"""What a token of a tokenizer stands for: its own spelling, its bytes, and whether it is a whole character.

GPT-2's tokenizer works on bytes (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners",
section 2.2), so a token can be a part of a character: 안 is three bytes in UTF-8 and often two or three tokens.
Such vocabularies spell each byte as one visible character; this module reads that spelling back. Vocabularies of
SentencePiece with byte fallback (``<0xEC>``, Kudo and Richardson 2018, arXiv:1808.06226) are read as well; for any
other tokenizer the bytes are those of the token's text.

>>> spelled = "".join(BYTE_SPELLING[b] for b in " 안".encode())
>>> spelled
'ĠìķĪ'
>>> bytes(SPELLED_BYTE[c] for c in spelled).decode()
' 안'
"""

from __future__ import annotations

import json
import re
import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _byte_spelling() -> dict[int, str]:
    """Byte -> the character that byte-level BPE vocabularies write for it.

    Bytes that print as one visible character of Latin-1 stand for themselves; the other 68 (spaces, control
    bytes, the soft hyphen) take the characters from U+0100 on, in order of their value.
    """
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte if byte in visible else 0x100 + hidden.index(byte)) for byte in range(256)}


BYTE_SPELLING = _byte_spelling()
SPELLED_BYTE = {character: byte for byte, character in BYTE_SPELLING.items()}

_FALLBACK_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True)
class TokenInfo:
    """One vocabulary entry, ready to show."""

    token_id: int
    token: str  # the model's own spelling: Ġlow, ##ing
    text: str  # what it adds to the text; bytes that are no whole character are written \\xec
    raw: bytes  # the bytes it stands for
    partial: bool  # True if those bytes are not whole characters
    special: bool  # True for <|endoftext|> and its like


def token_info(tokenizer: PreTrainedTokenizerBase, token_id: int) -> TokenInfo:
    """What ``token_id`` stands for in a ``transformers`` tokenizer.

    An id beyond the tokenizer's vocabulary (models sometimes have spare rows) gives an empty text.
    """
    return _table(tokenizer).info(int(token_id))


def token_infos(tokenizer: PreTrainedTokenizerBase, token_ids: Iterable[int]) -> tuple[TokenInfo, ...]:
    """``token_info`` for each id."""
    table = _table(tokenizer)
    return tuple(table.info(int(token_id)) for token_id in token_ids)


def token_bytes(tokenizer: PreTrainedTokenizerBase, token_ids: Iterable[int]) -> list[bytes]:
    """The bytes of each token; joined they are the UTF-8 of the text."""
    return [info.raw for info in token_infos(tokenizer, token_ids)]


_VISIBLE = str.maketrans({" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍"})


def visible(text: str) -> str:
    """Return a token's text with its white space drawn, as every page shows it; nothing at all is ``∅``.

    >>> visible(" a\\n"), visible("")
    ('·a↵', '∅')
    """
    return text.translate(_VISIBLE) or "∅"


def whole_characters(pieces: Sequence[bytes]) -> list[tuple[int, int]]:
    """Group tokens, given as bytes, so that no group ends inside a character.

    Returns ``(start, end)`` index pairs that follow each other without a gap. A group has more than one token
    only where a character is spread over tokens. Bytes that can never become a character end their group.

    >>> whole_characters([b"a", b"\\xec\\x95", b"\\x88", b"b"])
    [(0, 1), (1, 3), (3, 4)]
    >>> whole_characters([b"\\xec", b"a"])  # the first never becomes a character
    [(0, 1), (1, 2)]
    """
    groups: list[tuple[int, int]] = []
    start, missing = 0, 0
    for index, piece in enumerate(pieces):
        for byte in piece:
            if missing and byte & 0xC0 == 0x80:
                missing -= 1
                continue
            if missing and start < index:  # the open character was broken off before this token
                groups.append((start, index))
                start = index
            missing = (
                1 if byte & 0xE0 == 0xC0 else 2 if byte & 0xF0 == 0xE0 else 3 if byte & 0xF8 == 0xF0 else 0
            )
        if not missing:
            groups.append((start, index + 1))
            start = index + 1
    if start < len(pieces):
        groups.append((start, len(pieces)))
    return groups


class _TokenTable:
    """Infos of one tokenizer, each worked out once."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        # Weak, so that the table (kept per tokenizer) does not keep its tokenizer alive.
        self._held = weakref.ref(tokenizer)
        self._kind = _kind(tokenizer)
        added = getattr(tokenizer, "added_tokens_decoder", {})
        self._added: dict[int, str] = {int(i): str(token) for i, token in added.items()}
        self._special: set[int] = {int(i) for i in getattr(tokenizer, "all_special_ids", [])}
        self._special |= {int(i) for i, token in added.items() if getattr(token, "special", False)}
        self._infos: dict[int, TokenInfo] = {}

    def info(self, token_id: int) -> TokenInfo:
        known = self._infos.get(token_id)
        if known is None:
            known = self._infos[token_id] = self._read(token_id)
        return known

    def _read(self, token_id: int) -> TokenInfo:
        tokenizer = self._held()
        try:
            token = tokenizer.convert_ids_to_tokens(token_id) if tokenizer is not None else None
        except (IndexError, KeyError, OverflowError, ValueError):
            token = None
        if not isinstance(token, str):
            return TokenInfo(token_id, "", "", b"", partial=False, special=False)
        raw = token.encode("utf-8", "replace")
        if token_id not in self._added:
            raw = self._bytes(tokenizer, token)
        try:
            text, partial = raw.decode("utf-8"), False
        except UnicodeDecodeError:
            text, partial = raw.decode("utf-8", "backslashreplace"), True
        return TokenInfo(token_id, token, text, raw, partial, token_id in self._special)

    def _bytes(self, tokenizer: PreTrainedTokenizerBase, token: str) -> bytes:
        if self._kind == "byte_level":
            if all(character in SPELLED_BYTE for character in token):
                return bytes(SPELLED_BYTE[character] for character in token)
        elif self._kind == "byte_fallback":
            byte = _FALLBACK_BYTE.fullmatch(token)
            return bytes([int(byte[1], 16)]) if byte else token.replace("▁", " ").encode("utf-8", "replace")
        elif "▁" in token:
            return token.replace("▁", " ").encode("utf-8", "replace")
        return str(tokenizer.convert_tokens_to_string([token])).encode("utf-8", "replace")


_tables: weakref.WeakKeyDictionary[Any, _TokenTable] = weakref.WeakKeyDictionary()
_tables_lock = threading.Lock()


def _table(tokenizer: PreTrainedTokenizerBase) -> _TokenTable:
    with _tables_lock:
        table = _tables.get(tokenizer)
        if table is None:
            table = _tables[tokenizer] = _TokenTable(tokenizer)
        return table


def _kind(tokenizer: PreTrainedTokenizerBase) -> str:
    """How the vocabulary spells bytes: "byte_level", "byte_fallback" or "text"."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return "byte_level" if hasattr(tokenizer, "byte_decoder") else "text"
    state = json.loads(backend.decoder.__getstate__()) if backend.decoder is not None else {}
    kinds = {part["type"] for part in state.get("decoders", [state]) if "type" in part}
    if "ByteLevel" in kinds:
        return "byte_level"
    return "byte_fallback" if "ByteFallback" in kinds else "text"
