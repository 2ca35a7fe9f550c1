"""Byte-level BPE: the alphabet of 256 bytes, and GPT-2's way of encoding.

A letter outside a BPE alphabet is lost. Radford et al. 2019 (GPT-2), section 2.2, start from the 256 bytes instead:
every text in every script is a sequence of bytes of UTF-8, so nothing is ever unknown.

Merges are written down as text, and many bytes have no visible character (a space, a line break, half of a Korean
syllable). GPT-2 therefore gives every byte a visible stand-in: a byte that is a visible Latin-1 character stands for
itself, and the others get the code points from 256 on, in order. The space, byte 32, is the 33rd of those others: Ġ.

>>> to_byte_symbols(" low")
'Ġlow'
>>> from_byte_symbols(to_byte_symbols("안녕")).decode()
'안녕'
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import regex  # type: ignore[import-untyped]

from components.lm.tokens.bpe import BpeTrace, EncodeStep, Pair, join_pair, lowest_pair
from components.lm.tokens.segments import Segment, characters, group_tokens
from components.lm.tokens.words import WordTable, utf8_size

_CACHED_WORDS = 20_000

# GPT-2's rule for cutting a text into words before any merge: English clitics; letters, digits or other signs, each
# run with at most one space before it; white space, leaving its last character to the word that follows.
_GPT2_WORD = regex.compile(r"'(?:[stmd]|re|ve|ll)| ?(?:\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+)|\s+(?!\S)|\s+")


@cache
def byte_alphabet() -> tuple[str, ...]:
    """Byte -> visible stand-in, for the bytes 0 to 255.

    >>> alphabet = byte_alphabet()
    >>> alphabet[ord("a")], alphabet[ord(" ")], alphabet[ord("\\n")], len(set(alphabet))
    ('a', 'Ġ', 'Ċ', 256)
    """
    stand_ins: list[str] = []
    moved = 0
    for byte in range(256):
        letter = chr(byte)
        if letter.isprintable() and not letter.isspace():
            stand_ins.append(letter)
        else:
            stand_ins.append(chr(256 + moved))
            moved += 1
    return tuple(stand_ins)


@cache
def _byte_of() -> dict[str, int]:
    return {letter: byte for byte, letter in enumerate(byte_alphabet())}


def to_byte_symbols(text: str) -> str:
    """The bytes of a text, each as its stand-in.

    Raises:
        InputProblem: ``lone_surrogate``; half of a surrogate pair has no bytes.
    """
    utf8_size(text)
    alphabet = byte_alphabet()
    return "".join(alphabet[byte] for byte in text.encode("utf-8"))


def from_byte_symbols(symbols: str) -> bytes:
    """The bytes behind stand-ins.

    Raises:
        KeyError: a character is no stand-in.
    """
    byte_of = _byte_of()
    return bytes(byte_of[letter] for letter in symbols)


def is_byte_level(tokens: Iterable[str]) -> bool:
    """Whether a vocabulary is written in the stand-in alphabet: all 256 stand-ins are tokens of their own."""
    return set(byte_alphabet()) <= set(tokens)


@dataclass(frozen=True)
class CharacterBytes:
    """One character as a reader sees it.

    Attributes:
        text: the character.
        code_points: its code points, as ``U+C548``.
        names: their Unicode names.
        data: its bytes of UTF-8.
        symbols: the stand-ins of these bytes.
    """

    text: str
    code_points: tuple[str, ...]
    names: tuple[str, ...]
    data: bytes
    symbols: tuple[str, ...]


def character_bytes(text: str) -> tuple[CharacterBytes, ...]:
    """The characters of a text with code points and bytes.

    >>> [(len(character.code_points), len(character.data)) for character in character_bytes("é안👩‍👩‍👦")]
    [(1, 2), (1, 3), (5, 18)]
    """
    utf8_size(text)
    alphabet = byte_alphabet()
    return tuple(
        CharacterBytes(
            character.text,
            tuple(f"U+{ord(letter):04X}" for letter in character.text),
            tuple(unicodedata.name(letter, "") for letter in character.text),
            character.text.encode("utf-8"),
            tuple(alphabet[byte] for byte in character.text.encode("utf-8")),
        )
        for character in characters(text.encode("utf-8"))
    )


@dataclass(frozen=True)
class NormalForms:
    """One text in both normal forms. They look the same and have different bytes.

    Attributes:
        composed: Unicode NFC: é is one code point.
        decomposed: Unicode NFD: e and an accent.
        differ: False when the text has only one form.
    """

    composed: tuple[CharacterBytes, ...]
    decomposed: tuple[CharacterBytes, ...]
    differ: bool


def normal_forms(text: str) -> NormalForms:
    """Both normal forms of a text, byte by byte.

    >>> forms = normal_forms("é")
    >>> forms.composed[0].data, forms.decomposed[0].data
    (b'\\xc3\\xa9', b'e\\xcc\\x81')
    """
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    return NormalForms(character_bytes(composed), character_bytes(decomposed), composed != decomposed)


def byte_level_words(words: Mapping[str, int] | WordTable) -> dict[str, int]:
    """Words written in stand-ins, ready for :func:`components.lm.tokens.bpe.train_bpe` with ``extra_alphabet`` set to
    :func:`byte_alphabet`."""
    return {to_byte_symbols(word): count for word, count in words.items()}


def gpt2_words(text: str) -> tuple[str, ...]:
    """Cut a text as GPT-2 does before any merge. Nothing is lost: the words joined are the text.

    >>> gpt2_words("I don't  know 42")
    ('I', ' don', "'t", ' ', ' know', ' 42')
    """
    return tuple(_GPT2_WORD.findall(text))


@dataclass(frozen=True)
class ByteEncodedWord:
    """A word encoded in bytes, with every merge that fired.

    Attributes:
        word: as it stood in the text, with the space before it.
        characters: its characters with their bytes.
        start: its stand-ins before any merge.
        steps: merges that fired, in order.
        tokens: what is left, in stand-ins.
        token_ids: their ids.
        segments: tokens grouped until they form whole characters.
    """

    word: str
    characters: tuple[CharacterBytes, ...]
    start: tuple[str, ...]
    steps: tuple[EncodeStep, ...]
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class ByteLevelBpe:
    """A byte-level BPE encoder.

    Attributes:
        token_ids: token (in stand-ins) -> id.
        merges: pairs in the order learned.
        special_tokens: texts that are one token wherever they stand.
    """

    token_ids: Mapping[str, int]
    merges: tuple[Pair, ...]
    special_tokens: tuple[str, ...] = ()
    _cache: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def ranks(self) -> dict[Pair, int]:
        """Pair -> number of its merge, from 1."""
        return {pair: rank for rank, pair in enumerate(self.merges, start=1)}

    @cached_property
    def tokens(self) -> dict[int, str]:
        """Id -> token."""
        return {token_id: token for token, token_id in self.token_ids.items()}

    @classmethod
    def from_trace(cls, trace: BpeTrace, num_merges: int | None = None) -> ByteLevelBpe:
        """The encoder of a run trained on :func:`byte_level_words` with all 256 stand-ins in its alphabet.

        Raises:
            ValueError: a stand-in is missing from the alphabet.
        """
        model = trace.model(num_merges)
        if not is_byte_level(model.vocabulary):
            raise ValueError("train with extra_alphabet=byte_alphabet()")
        return cls(model.token_ids, model.merges)

    def encode_word(self, word: str) -> ByteEncodedWord:
        """One word (as cut by :func:`gpt2_words`), merge by merge."""
        start = to_byte_symbols(word)
        symbols = list(start)
        steps: list[EncodeStep] = []
        while (pair := lowest_pair(symbols, self.ranks)) is not None:
            before = tuple(symbols)
            symbols, places, new_places = join_pair(symbols, pair)
            after = tuple(symbols)
            steps.append(EncodeStep(self.ranks[pair], pair, "".join(pair), before, after, places, new_places))
        tokens = tuple(symbols)
        ids = tuple(self.token_ids[token] for token in tokens)
        return ByteEncodedWord(
            word,
            character_bytes(word),
            tuple(start),
            tuple(steps),
            tokens,
            ids,
            group_tokens(ids, [from_byte_symbols(token) for token in tokens]),
        )

    def tokenize(self, text: str) -> tuple[str, ...]:
        """The tokens of a text, in stand-ins; special tokens stay as they are."""
        tokens: list[str] = []
        for part in self._split_special(text):
            if part in self.special_tokens:
                tokens.append(part)
                continue
            for word in gpt2_words(part):
                if word not in self._cache:
                    if len(self._cache) >= _CACHED_WORDS:
                        self._cache.clear()
                    self._cache[word] = self._merge(word)
                tokens.extend(self._cache[word])
        return tuple(tokens)

    def encode(self, text: str) -> tuple[int, ...]:
        """The token ids of a text."""
        return tuple(self.token_ids[token] for token in self.tokenize(text))

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of a token; a special token's are its own text's."""
        token = self.tokens[token_id]
        return token.encode("utf-8") if token in self.special_tokens else from_byte_symbols(token)

    def decode_bytes(self, token_ids: Iterable[int]) -> bytes:
        """The bytes of tokens, one after the other."""
        return b"".join(self.token_bytes(token_id) for token_id in token_ids)

    def decode(self, token_ids: Iterable[int]) -> str:
        """The text of tokens. ``decode(encode(text)) == text``; bytes that form no character become U+FFFD."""
        return self.decode_bytes(token_ids).decode("utf-8", errors="replace")

    def segments(self, token_ids: Sequence[int]) -> tuple[Segment, ...]:
        """Tokens grouped until they form whole characters."""
        return group_tokens(token_ids, [self.token_bytes(token_id) for token_id in token_ids])

    def _merge(self, word: str) -> tuple[str, ...]:
        symbols = list(to_byte_symbols(word))
        while (pair := lowest_pair(symbols, self.ranks)) is not None:
            symbols, _, _ = join_pair(symbols, pair)
        return tuple(symbols)

    def _split_special(self, text: str) -> list[str]:
        if not self.special_tokens:
            return [text]
        pattern = "|".join(regex.escape(token) for token in self.special_tokens)
        return [part for part in regex.split(f"({pattern})", text) if part]
