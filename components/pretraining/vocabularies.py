"""The tokenizers of the bundled models, trained on the corpus with the ``tokenizers`` library.

GPT: byte-level BPE (Radford et al. 2019, section 2.2), ``<|endoftext|>`` is token 0.
BERT: uncased WordPiece with the special ids of the released BERT. The library's ``WordPieceTrainer`` merges the
most frequent pair, as BPE does, not the pair with the best likelihood; the model card says so.
BERT in Korean: the same, on composed text (Unicode's NFC), so that a syllable stays one character; the 2,350 syllables
of KS X 1001, those that ordinary Korean is written with, are tokens of their own, alone and with ``##``.
"""

import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

END_OF_TEXT = "<|endoftext|>"
BERT_SPECIAL_IDS = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
FIRST_WORD_ID = 104  # smaller ids are special or unused, as in the released BERT

# BertNormalizer decomposes (NFD) to strip accents, which takes Hangul syllables apart into these.
HANGUL_JAMO = [chr(code) for first, last in ((0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2)) for code in range(first, last + 1)]  # fmt: skip
REQUIRED_CHARACTERS = [*string.ascii_lowercase, *string.digits, *HANGUL_JAMO]

# Two bytes in EUC-KR: the syllables of KS X 1001. Python writes the others in eight (annex 3 of the standard).
COMMON_SYLLABLES = [chr(code) for code in range(0xAC00, 0xD7A4) if len(chr(code).encode("euc_kr")) == 2]
# ㅋㅋ, ㅠㅠ: letters that are typed without a syllable.
COMPATIBILITY_JAMO = [chr(code) for code in range(0x3131, 0x3164)]
REQUIRED_KOREAN = [*string.ascii_lowercase, *string.digits, *COMPATIBILITY_JAMO, *COMMON_SYLLABLES]
OTHER_CHARACTERS = (
    120  # the most frequent of the rest (quotation marks, dashes, Chinese characters) of Korean text
)


def vocabulary_name(kind: str, vocab_size: int, language: str = "en") -> str:
    """Name of a vocabulary's files.

    >>> vocabulary_name("gpt", 8192), vocabulary_name("bert", 8192, "ko")
    ('gpt-8192', 'bert-ko-8192')
    """
    kind = (
        "bert" if kind == "albert" else kind
    )  # the same vocabulary and packed text, so that the two can be compared
    return f"{kind}-{vocab_size}" if language == "en" else f"{kind}-{language}-{vocab_size}"


def train_byte_level_bpe(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """GPT-2's tokenizer design, trained on ``texts``; all 256 bytes are in the alphabet, so nothing is unknown."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def train_wordpiece(texts: Iterable[str], vocab_size: int, language: str = "en") -> Tokenizer:
    """BERT's uncased tokenizer design, trained on ``texts``.

    Every letter, digit and Hangul jamo (in Korean: every common syllable) is in the vocabulary both plain and with
    ``##``, so a word made of them always becomes pieces, however rare it is. Raises ValueError when ``vocab_size`` has
    no room for them.
    """
    required = REQUIRED_CHARACTERS if language == "en" else REQUIRED_KOREAN
    alphabet = [*required, *string.punctuation]
    reserved = [f"[unused{i}]" for i in range(99)]
    special = ["[PAD]", *reserved, "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    if vocab_size < len(special) + len(alphabet) + len(required):
        raise ValueError(
            f"{vocab_size} tokens have no room for an alphabet of {len(alphabet) + len(required)}"
        )
    learner = _bert_pipeline(models.WordPiece(unk_token="[UNK]"), language)
    options: dict[str, Any] = {} if language == "en" else {"limit_alphabet": len(alphabet) + OTHER_CHARACTERS}
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=special,
        initial_alphabet=alphabet,
        show_progress=False,
        **options,
    )

    def with_continuations() -> Iterable[str]:
        # One word per character puts its ## form into the alphabet; a count of one is never merged.
        yield " ".join("a" + character for character in required)
        yield from texts

    learner.train_from_iterator(with_continuations(), trainer)
    tokenizer = _bert_pipeline(models.WordPiece(learner.get_vocab(), unk_token="[UNK]"), language)
    tokenizer.add_special_tokens(list(BERT_SPECIAL_IDS))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", BERT_SPECIAL_IDS["[CLS]"]), ("[SEP]", BERT_SPECIAL_IDS["[SEP]"])],
    )
    for token, token_id in BERT_SPECIAL_IDS.items():
        if tokenizer.token_to_id(token) != token_id:
            raise RuntimeError(f"{token} has id {tokenizer.token_to_id(token)}, not {token_id}")
    return tokenizer


def _bert_pipeline(model: models.Model, language: str) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = (
        normalizers.BertNormalizer(lowercase=True)
        if language == "en"
        # Stripping accents would decompose the text and take every syllable apart.
        else normalizers.Sequence(
            [normalizers.BertNormalizer(lowercase=True, strip_accents=False), normalizers.NFC()]
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def continuing_tokens(path: Path) -> npt.NDArray[np.bool_]:
    """Which tokens of a saved WordPiece vocabulary go on with a word (``##``), (vocab,) bool."""
    vocab = Tokenizer.from_file(str(path)).get_vocab()
    continues = np.zeros(len(vocab), bool)
    continues[
        [token_id for token, token_id in vocab.items() if token.startswith("##") and len(token) > 2]
    ] = True
    return continues


def byte_lengths(tokenizer: Tokenizer) -> npt.NDArray[np.int64]:
    """How many bytes of UTF-8 the text of each WordPiece token has, without its ``##``, (vocab,)."""
    lengths = np.zeros(tokenizer.get_vocab_size(), np.int64)
    for token, token_id in tokenizer.get_vocab().items():
        lengths[token_id] = len((token[2:] if token.startswith("##") and len(token) > 2 else token).encode())
    return lengths


def unknown_share(tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Share of the words of ``texts``, as the tokenizer cuts them before it looks into its vocabulary, that become
    [UNK]; 0 where there is no word."""
    unknown = words = 0
    for text in texts:
        normalized = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
        pieces = tokenizer.pre_tokenizer.pre_tokenize_str(normalized)
        words += len(pieces)
        tokens = tokenizer.encode(text, add_special_tokens=False).tokens
        unknown += tokens.count("[UNK]")  # a word that cannot be cut is one [UNK]
    return unknown / words if words else 0.0


def for_transformers(tokenizer: Tokenizer, kind: str, context: int) -> Any:
    """The tokenizer as transformers uses it."""
    from transformers import BertTokenizerFast, GPT2TokenizerFast, PreTrainedTokenizerFast

    if kind == "gpt":
        return GPT2TokenizerFast(
            tokenizer_object=tokenizer,
            model_max_length=context,
            bos_token=END_OF_TEXT,
            eos_token=END_OF_TEXT,
            unk_token=END_OF_TEXT,
        )
    if isinstance(tokenizer.normalizer, normalizers.Sequence):
        # Korean. BertTokenizerFast would put BERT's own normalizer in place of this one.
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            model_max_length=context,
            **{f"{token[1:-1].lower()}_token": token for token in BERT_SPECIAL_IDS},
        )
    return BertTokenizerFast(tokenizer_object=tokenizer, model_max_length=context, do_lower_case=True)


def save_for_transformers(tokenizer: Tokenizer, kind: str, context: int, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json so that ``AutoTokenizer.from_pretrained(folder)`` works."""
    folder.mkdir(parents=True, exist_ok=True)
    for_transformers(tokenizer, kind, context).save_pretrained(str(folder))
    config_path = folder / "tokenizer_config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    if config["tokenizer_class"] == "TokenizersBackend":  # a name that older versions do not know
        config["tokenizer_class"] = "PreTrainedTokenizerFast"
        config_path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
