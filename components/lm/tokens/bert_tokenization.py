"""BERT's tokenizer, stage by stage: clean, cut into words, cut into pieces, add special tokens.

Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 3 (input) and the released uncased vocabulary. What
comes before WordPiece is called basic tokenization; the uncased models also lower-case and drop accents. The order of
the stages and the character classes follow the Hugging Face ``tokenizers`` BERT normalizer, to which the tests
compare.

One thing depends on the Unicode version: which characters are letters, marks or punctuation. The compared library
knows Unicode 8.0 (2015); Python knows more. For punctuation and marks added to Unicode since, results can differ.

>>> stages = basic_tokens("Café 안녕!")
>>> [len(word) for word in stages.words], stages.words[0]
([4, 6, 1], 'cafe')
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import regex  # type: ignore[import-untyped]

from components.lm.tokens.wordpiece import WordPieceModel

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""BERT's special tokens."""

# Blocks of Chinese characters, each of which is a word of its own for BERT. Korean is not among them. The last block
# but two begins at 2B920 in the compared library and at 2B820 in the Unicode standard.
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True)
class BasicTokens:
    """A text on its way to words.

    Attributes:
        text: as given.
        cleaned: control characters gone, every white space a plain space.
        spaced: a space around every Chinese character.
        stripped: accents gone (uncased only). Korean syllables fall apart into jamo here, because accents are found
            by decomposing every letter.
        lowered: in small letters (uncased only).
        words: cut at white space and around every punctuation character.
    """

    text: str
    cleaned: str
    spaced: str
    stripped: str
    lowered: str
    words: tuple[str, ...]


def basic_tokens(text: str, *, lowercase: bool = True) -> BasicTokens:
    """BERT's basic tokenization with every stage; ``lowercase`` is True for uncased models.

    >>> basic_tokens("I love NLP!").words
    ('i', 'love', 'nlp', '!')
    """
    cleaned = "".join(" " if _is_space(letter) else letter for letter in text if not _is_dropped(letter))
    spaced = "".join(f" {letter} " if _is_chinese(letter) else letter for letter in cleaned)
    stripped = lowered = spaced
    if lowercase:
        decomposed = unicodedata.normalize("NFD", spaced)
        stripped = "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn")
        # Letter by letter: Σ becomes σ at a word's end too.
        lowered = "".join(letter.lower() for letter in stripped)
    words: list[str] = []
    for chunk in lowered.split():
        words.extend(_cut_at_punctuation(chunk))
    return BasicTokens(text, cleaned, spaced, stripped, lowered, tuple(words))


@dataclass(frozen=True)
class TokenizerCall:
    """What a tokenizer call gives a model, shape (seq,) each.

    Attributes:
        tokens: the tokens.
        input_ids: their ids.
        token_type_ids: 0 for the first segment, 1 for the second; empty when the tokenizer gives none.
        attention_mask: 1 for tokens, 0 for padding.
    """

    tokens: tuple[str, ...]
    input_ids: tuple[int, ...]
    token_type_ids: tuple[int, ...]
    attention_mask: tuple[int, ...]


@dataclass(frozen=True)
class BertTokenization:
    """BERT's tokenizer over a released vocabulary.

    Attributes:
        model: the vocabulary with its longest-match encoder.
        lowercase: True for uncased models.
    """

    model: WordPieceModel
    lowercase: bool = True

    @classmethod
    def from_folder(cls, folder: Path, *, lowercase: bool = True) -> BertTokenization:
        """Read ``vocab.txt``: one piece a line, its id is the line's number from 0.

        Raises:
            OSError: the file is missing. ValueError: it lacks a special token.
        """
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
        token_ids = {piece.rstrip("\r"): number for number, piece in enumerate(lines)}
        missing = [token for token in SPECIAL_TOKENS if token not in token_ids]
        if missing:
            raise ValueError(f"vocab.txt lacks {missing}")
        return cls(WordPieceModel(token_ids), lowercase)

    @cached_property
    def _special(self) -> regex.Pattern[str]:
        present = [token for token in SPECIAL_TOKENS if token in self.model.token_ids]
        return regex.compile("(" + "|".join(map(regex.escape, present)) + ")")

    def tokenize(self, text: str) -> tuple[str, ...]:
        """The pieces of a text, without [CLS] and [SEP]. Special tokens typed in the text are kept as they are."""
        tokens: list[str] = []
        for part in self._special.split(text):
            if part in SPECIAL_TOKENS:
                tokens.append(part)
                continue
            for word in basic_tokens(part, lowercase=self.lowercase).words:
                tokens.extend(self.model.pieces(word))
        return tuple(tokens)

    def call(self, text: str, pair: str | None = None, *, pad_to: int = 0) -> TokenizerCall:
        """[CLS] text [SEP], or [CLS] text [SEP] pair [SEP], padded to ``pad_to`` tokens."""
        first = ["[CLS]", *self.tokenize(text), "[SEP]"]
        second = [] if pair is None else [*self.tokenize(pair), "[SEP]"]
        tokens = [*first, *second]
        padding = max(0, pad_to - len(tokens))
        ids = self.model.token_ids
        return TokenizerCall(
            tokens=(*tokens, *["[PAD]"] * padding),
            input_ids=(*(ids[token] for token in tokens), *[ids["[PAD]"]] * padding),
            token_type_ids=(*[0] * len(first), *[1] * len(second), *[0] * padding),
            attention_mask=(*[1] * len(tokens), *[0] * padding),
        )

    def tokens(self, input_ids: Iterable[int]) -> tuple[str, ...]:
        """Ids back to tokens."""
        return tuple(self.model.tokens[token_id] for token_id in input_ids)


def _cut_at_punctuation(chunk: str) -> list[str]:
    """Every punctuation character is a word of its own."""
    words: list[str] = []
    grows = False
    for letter in chunk:
        if _is_punctuation(letter):
            words.append(letter)
            grows = False
        elif grows:
            words[-1] += letter
        else:
            words.append(letter)
            grows = True
    return words


def _is_space(letter: str) -> bool:
    return letter in " \t\n\r" or letter.isspace()


@lru_cache(maxsize=4096)
def _is_dropped(letter: str) -> bool:
    """Control, format and private characters, the null character and U+FFFD."""
    if letter in "\t\n\r":
        return False
    return letter == "\N{REPLACEMENT CHARACTER}" or unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cs")


def _is_chinese(letter: str) -> bool:
    code_point = ord(letter)
    return code_point >= 0x3400 and any(first <= code_point <= last for first, last in _CHINESE)


@lru_cache(maxsize=4096)
def _is_punctuation(letter: str) -> bool:
    """Unicode punctuation, and every ASCII sign that is neither letter, digit nor space ($ + < = > ^ ` | ~ too)."""
    return letter in string.punctuation or unicodedata.category(letter).startswith("P")
