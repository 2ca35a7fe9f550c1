"""One text through any tokenizer, in one shape: tokens with ids, and what the text costs.

>>> by_characters("low").num_tokens
3
>>> [token.token for token in by_words("low fast", ("low", "lower")).tokens]
['low', '[UNK]']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from components.lm.tokens.bpe import UNKNOWN, BpeModel
from components.lm.tokens.segments import Segment, graphemes
from components.lm.tokens.unigram import UnigramModel
from components.lm.tokens.wordpiece import WordPieceModel
from components.lm.tokens.words import split_words, utf8_size


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a text.

    Attributes:
        token: as the tokenizer writes it (Ġlow, ##st, [UNK]).
        token_id: None where the tokenizer gives none.
        text: what it stands for, as far as it is text of its own (U+FFFD for a part of a character).
        unknown: it stands for something the tokenizer does not know.
    """

    token: str
    token_id: int | None
    text: str
    unknown: bool


@dataclass(frozen=True)
class Tokenization:
    """A text cut by one tokenizer.

    Attributes:
        text: as given.
        tokens: in order.
        segments: for byte-level tokenizers, tokens grouped until they form whole characters; empty for others.
        vocab_size: tokens the tokenizer knows; None when that is not a fixed list.
    """

    text: str
    tokens: tuple[Token, ...]
    segments: tuple[Segment, ...] = ()
    vocab_size: int | None = None

    @property
    def num_tokens(self) -> int:
        """Tokens in the text."""
        return len(self.tokens)

    @property
    def num_unknown(self) -> int:
        """Unknown tokens."""
        return sum(token.unknown for token in self.tokens)

    @cached_property
    def num_words(self) -> int:
        """Words of the text, by white space."""
        return len(self.text.split())

    @cached_property
    def num_characters(self) -> int:
        """Characters of the text as a reader counts them, spaces included."""
        return len(graphemes(self.text))

    @property
    def num_bytes(self) -> int:
        """Bytes of the text in UTF-8."""
        return utf8_size(self.text)

    @property
    def tokens_per_word(self) -> float:
        """Tokens / words; 0 for an empty text."""
        return self.num_tokens / self.num_words if self.num_words else 0.0

    @property
    def characters_per_token(self) -> float:
        """Characters / tokens; 0 for an empty text."""
        return self.num_characters / self.num_tokens if self.num_tokens else 0.0


def by_characters(text: str) -> Tokenization:
    """Every code point is a token; its id is the code point."""
    return Tokenization(text, tuple(Token(letter, ord(letter), letter, False) for letter in text))


def by_words(text: str, words: Sequence[str]) -> Tokenization:
    """Whole words; one that is not in ``words`` is [UNK]. Ids are the places in ``words``."""
    ids = {word: number for number, word in enumerate(words)}
    tokens = tuple(
        Token(span.text if span.text in ids else UNKNOWN, ids.get(span.text), span.text, span.text not in ids)
        for span in split_words(text)
    )
    return Tokenization(text, tokens, (), len(words))


def by_bpe(text: str, model: BpeModel) -> Tokenization:
    """BPE trained here."""
    tokens = tuple(
        Token(token, token_id, letters, token_id is None)
        for span in model.encode(text)
        for token, token_id, letters in zip(
            span.encoded.tokens, span.encoded.token_ids, span.encoded.texts, strict=True
        )
    )
    return Tokenization(text, tokens, (), len(model.vocabulary))


def by_wordpiece(text: str, model: WordPieceModel) -> Tokenization:
    """WordPiece trained here."""
    tokens: list[Token] = []
    pieces = cache(model.pieces)  # a long text has most of its words many times
    for span in split_words(text):
        for piece in pieces(span.text):
            tokens.append(_wordpiece_token(piece, model, span.text))
    return Tokenization(text, tuple(tokens), (), len(model.token_ids))


def by_unigram(text: str, model: UnigramModel) -> Tokenization:
    """Unigram trained here: the most probable way to cut each word."""
    tokens: list[Token] = []
    cut = cache(model.tokenize)
    for span in split_words(text):
        for piece in cut(span.text):
            known = model.knows(piece)
            token_id = model.token_ids[piece] if known else None
            tokens.append(Token(piece if known else UNKNOWN, token_id, piece, not known))
    return Tokenization(text, tuple(tokens), (), len(model.pieces))


def _wordpiece_token(piece: str, model: WordPieceModel, word: str) -> Token:
    unknown = piece == model.unknown
    text = word if unknown else piece.removeprefix(model.prefix) if model.prefix else piece
    return Token(piece, model.token_ids[piece], text, unknown)
