"""Tokenizers read from a model folder with the ``tokenizers`` library alone: no torch, no transformers, no weights.

A folder may hold ``tokenizer.json`` (everything), or the older files: ``vocab.txt`` (BERT's WordPiece) or ``vocab.json``
with ``merges.txt`` (GPT-2's byte-level BPE). Whether a BERT vocabulary is uncased stands in ``tokenizer_config.json``;
without that file it is taken to be uncased when no piece has a capital letter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from components.lm.tokens.bert_tokenization import SPECIAL_TOKENS, TokenizerCall
from components.lm.tokens.byte_level import END_OF_TEXT, from_byte_symbols, is_byte_level
from components.lm.tokens.segments import group_tokens
from components.lm.tokens.tokenizations import Token, Tokenization
from components.lm.tokens.wordpiece import WordPieceModel
from components.lm.tokens.words import utf8_size

Kind = Literal["bpe", "wordpiece", "unigram", "words"]
"""The model inside a tokenizer."""

_KINDS: dict[str, Kind] = {"BPE": "bpe", "WordPiece": "wordpiece", "Unigram": "unigram", "WordLevel": "words"}
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class NoTokenizer(ValueError):
    """The folder holds no tokenizer that can be read; the text says what was looked for or what is wrong."""


@dataclass(frozen=True, eq=False)
class TokenizerFile:
    """A tokenizer as its files describe it.

    Attributes:
        tokenizer: a ``tokenizers.Tokenizer``; do not change it.
        kind: the model inside.
        unknown: the token for what it does not know; None for byte-level tokenizers, which know everything.
        token_types: a call gives ``token_type_ids`` (BERT and its like).
    """

    tokenizer: Any
    kind: Kind
    unknown: str | None
    token_types: bool

    @property
    def vocab_size(self) -> int:
        """Tokens it knows, added ones included."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))

    @cached_property
    def token_ids(self) -> dict[str, int]:
        """Token -> id."""
        return dict(self.tokenizer.get_vocab(with_added_tokens=True))

    @cached_property
    def byte_level(self) -> bool:
        """Its tokens are bytes, written as stand-ins."""
        return self.kind == "bpe" and is_byte_level(self.token_ids)

    @cached_property
    def special(self) -> frozenset[str]:
        """Tokens that are marks, not text."""
        added = json.loads(self.tokenizer.to_str())["added_tokens"]
        return frozenset(str(token["content"]) for token in added if token["special"])

    def tokenization(self, text: str) -> Tokenization:
        """The tokens of a text, without the special tokens it would add.

        Raises:
            InputProblem: ``lone_surrogate``.
        """
        utf8_size(text)
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        data = [self._bytes(name) for name in encoded.tokens]
        tokens = tuple(
            Token(
                name,
                token_id,
                text[start:end] if name == self.unknown else piece.decode("utf-8", errors="replace"),
                name == self.unknown,
            )
            for name, token_id, (start, end), piece in zip(
                encoded.tokens, encoded.ids, encoded.offsets, data, strict=True
            )
        )
        in_bytes = self.byte_level or any(_BYTE.fullmatch(name) for name in encoded.tokens)
        segments = group_tokens(encoded.ids, data) if in_bytes else ()
        return Tokenization(text, tokens, segments, self.vocab_size)

    def call(self, text: str, pair: str | None = None) -> TokenizerCall:
        """What a model is given, special tokens included."""
        utf8_size(text)
        utf8_size(pair or "")
        encoded = self.tokenizer.encode(text, pair) if pair is not None else self.tokenizer.encode(text)
        return TokenizerCall(
            tokens=tuple(encoded.tokens),
            input_ids=tuple(encoded.ids),
            token_type_ids=tuple(encoded.type_ids) if self.token_types else (),
            attention_mask=tuple(encoded.attention_mask),
        )

    def tokens(self, ids: Iterable[int]) -> tuple[str | None, ...]:
        """Ids back to tokens; None for an id it does not have."""
        return tuple(
            self.tokenizer.id_to_token(number) if 0 <= number < 2**32 else None for number in map(int, ids)
        )

    def wordpiece(self) -> WordPieceModel:
        """Its vocabulary with our own longest-match encoder.

        Raises:
            ValueError: it is no WordPiece tokenizer.
        """
        if self.kind != "wordpiece" or self.unknown is None:
            raise ValueError("not a WordPiece tokenizer")
        model = json.loads(self.tokenizer.to_str())["model"]
        return WordPieceModel(
            self.token_ids,
            model.get("continuing_subword_prefix", "##"),
            self.unknown,
            int(model.get("max_input_chars_per_word", 100)),
        )

    def words(self, text: str) -> tuple[str, ...]:
        """The words it cuts a text into before it looks for pieces."""
        utf8_size(text)
        normalizer, cut = self.tokenizer.normalizer, self.tokenizer.pre_tokenizer
        normal = normalizer.normalize_str(text) if normalizer is not None else text
        return tuple(word for word, _ in cut.pre_tokenize_str(normal)) if cut is not None else (normal,)

    def _bytes(self, name: str) -> bytes:
        """The bytes of the text a token stands for."""
        if name in self.special:
            return name.encode("utf-8")
        if self.byte_level:
            try:
                return from_byte_symbols(name)
            except KeyError:  # a token added later, written in plain text
                return name.encode("utf-8")
        if match := _BYTE.fullmatch(name):
            return bytes([int(match.group(1), 16)])
        text = name[2:] if self.kind == "wordpiece" and len(name) > 2 and name.startswith("##") else name
        return text.replace("▁", " ").encode("utf-8")


def read_tokenizer(folder: Path) -> TokenizerFile:
    """Read the tokenizer of a model folder.

    Raises:
        NoTokenizer: there is none, or its files are not what they should be.
    """
    config = _json(folder / "tokenizer_config.json")
    try:
        tokenizer = _open(folder, config)
    except NoTokenizer:
        raise
    except Exception as error:  # the library raises bare Exceptions
        raise NoTokenizer(f"{type(error).__name__}: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    described = json.loads(tokenizer.to_str())["model"]
    kind = _KINDS.get(described.get("type", ""), "bpe")
    unknown = described.get("unk_token")
    if kind == "unigram":
        number = described.get("unk_id")
        unknown = tokenizer.id_to_token(number) if number is not None else None
    wanted = config.get("model_input_names")
    types = "token_type_ids" in wanted if isinstance(wanted, list) else kind == "wordpiece"
    return TokenizerFile(tokenizer, kind, unknown, types)


def _open(folder: Path, config: dict[str, Any]) -> Any:
    from tokenizers import ByteLevelBPETokenizer, Tokenizer
    from tokenizers.implementations import BertWordPieceTokenizer

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    if (folder / "vocab.txt").is_file():
        pieces = (folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
        vocab = {piece.rstrip("\r"): number for number, piece in enumerate(pieces)}
        missing = [token for token in SPECIAL_TOKENS if token not in vocab]
        if missing:
            raise NoTokenizer(f"vocab.txt lacks {', '.join(missing)}")
        lower = config.get("do_lower_case")
        if lower is None:
            lower = not any(piece != piece.lower() for piece in vocab if piece not in SPECIAL_TOKENS)
        # The wrapper builds the normalizer, the cut into words and the frame of [CLS] and [SEP].
        built = BertWordPieceTokenizer(vocab, lowercase=bool(lower))._tokenizer
        built.add_special_tokens(list(SPECIAL_TOKENS))
        return built
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        built = ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))._tokenizer
        built.add_special_tokens([token for token in (END_OF_TEXT,) if built.token_to_id(token) is not None])
        return built
    raise NoTokenizer("tokenizer.json, vocab.txt, vocab.json + merges.txt")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
