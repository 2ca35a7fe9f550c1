"""Tokenizers without their models: the same ones that the models read with.

The bundled models are read from ``tokenizer.json`` by the ``tokenizers`` library alone, without torch and transformers;
the tests compare them with the class of transformers. Any other folder is read by that class: it knows the settings of
``tokenizer_config.json`` and the frame of its family, which may stand nowhere in the files (RoBERTa over ``vocab.json``
and ``merges.txt``). A folder that does not say its class is taken to be BERT's for a ``vocab.txt`` (uncased when no
piece has a capital letter, if the settings do not say it) and GPT-2's for ``vocab.json`` with ``merges.txt``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from components.lm.checkpoints import BUNDLED_FOLDER
from components.lm.checkpoints.tokenizer_folder import FILES, has_tokenizer
from components.lm.reading import frame
from components.lm.tokens.byte_level import from_byte_symbols, is_byte_level
from components.lm.tokens.segments import group_tokens
from components.lm.tokens.tokenizations import Token, Tokenization
from components.lm.tokens.tokenizer_call import TokenizerCall
from components.lm.tokens.wordpiece import WordPieceModel
from components.lm.tokens.words import utf8_size

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""BERT's special tokens: a ``vocab.txt`` that lists them is WordPiece."""
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

    tokenizer: Tokenizer
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
        framed = frame(self.tokenizer, text)
        found = framed.part(framed.content)
        data = list(map(cache(self._bytes), found.tokens))
        tokens = tuple(
            Token(
                name,
                token_id,
                text[slice(*span)] if name == self.unknown and span else piece.decode("utf-8", "replace"),
                name == self.unknown,
            )
            for name, token_id, span, piece in zip(found.tokens, found.ids, found.spans, data, strict=True)
        )
        in_bytes = self.byte_level or any(_BYTE.fullmatch(name) for name in found.tokens)
        segments = group_tokens(found.ids, data) if in_bytes else ()
        return Tokenization(text, tokens, segments, self.vocab_size)

    def call(self, text: str, pair: str | None = None) -> TokenizerCall:
        """What a call of the tokenizer gives, special tokens included; an empty pair is none."""
        utf8_size(text)
        utf8_size(pair or "")
        framed = frame(self.tokenizer, text, pair or None)
        return TokenizerCall(
            tokens=framed.tokens,
            input_ids=framed.ids,
            token_type_ids=framed.type_ids if self.token_types else (),
            attention_mask=(1,) * len(framed.ids),
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
        if folder.resolve().parent == BUNDLED_FOLDER.resolve():
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            inputs = config.get("model_input_names") or _INPUTS.get(config.get("tokenizer_class", ""), ())
        else:
            built = _build(folder, config)
            if not getattr(built, "is_fast", False):
                raise NoTokenizer(f"{type(built).__name__}: written in Python, without places in the text")
            tokenizer, inputs = built.backend_tokenizer, built.model_input_names
    except NoTokenizer:
        raise
    except Exception as error:  # the libraries raise bare Exceptions
        raise NoTokenizer(f"{type(error).__name__}: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    described = json.loads(tokenizer.to_str())["model"]
    kind = _KINDS.get(described.get("type", ""), "bpe")
    unknown = described.get("unk_token")
    if kind == "unigram":
        number = described.get("unk_id")
        unknown = tokenizer.id_to_token(number) if number is not None else None
    return TokenizerFile(tokenizer, kind, unknown, "token_type_ids" in inputs)


def kind_of(folder: Path) -> Kind | None:
    """What kind of tokenizer a folder holds, by its files alone; None where they do not say it.

    Nothing is built: a list of many folders asks it.
    """
    if (folder / "tokenizer.json").is_file():
        model = _json(folder / "tokenizer.json").get("model")
        return _KINDS.get(str(model.get("type"))) if isinstance(model, dict) else None
    if (folder / "vocab.txt").is_file():
        return "wordpiece" if set(SPECIAL_TOKENS) <= set(_pieces(folder)) else None
    return "bpe" if has_tokenizer(folder) else None


_INPUTS: Mapping[str, tuple[str, ...]] = {"BertTokenizer": ("input_ids", "token_type_ids", "attention_mask")}
"""What the classes of the bundled models say a call gives, where it is not the default."""


def _build(folder: Path, config: Mapping[str, Any]) -> Any:
    """The tokenizer as transformers builds it."""
    from components.lm.checkpoints import load_tokenizer

    if not has_tokenizer(folder):
        raise NoTokenizer(" / ".join(" + ".join(names) for names in FILES))
    try:
        return load_tokenizer(folder)
    except Exception:  # nothing says the class of these files
        if (folder / "tokenizer.json").is_file() or config.get("tokenizer_class"):
            raise
    if not (folder / "vocab.txt").is_file():
        return load_tokenizer(folder, "GPT2Tokenizer")
    pieces = _pieces(folder)
    missing = [token for token in SPECIAL_TOKENS if token not in pieces]
    if missing:
        raise NoTokenizer(f"vocab.txt lacks {', '.join(missing)}")
    if config.get("do_lower_case") is not None:
        return load_tokenizer(folder, "BertTokenizer")
    lower = not any(piece != piece.lower() for piece in pieces if piece not in SPECIAL_TOKENS)
    return load_tokenizer(folder, "BertTokenizer", do_lower_case=lower)


def _pieces(folder: Path) -> list[str]:
    """The pieces of a vocab.txt, in order."""
    text = (folder / "vocab.txt").read_text(encoding="utf-8", errors="replace")
    return [piece.rstrip("\r") for piece in text.rstrip("\n").split("\n")]


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
