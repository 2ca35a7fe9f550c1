"""The tokenizers of the bundled models, trained on the corpus with the ``tokenizers`` library.

GPT: byte-level BPE (Radford et al. 2019, section 2.2), ``<|endoftext|>`` is token 0.
BERT: uncased WordPiece with the special ids of the released BERT. The library's ``WordPieceTrainer`` merges the
most frequent pair, as BPE does, not the pair with the best likelihood; the model card says so.
"""

import string
from collections.abc import Iterable
from pathlib import Path

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


def train_wordpiece(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """BERT's uncased tokenizer design, trained on ``texts``.

    Every letter, digit and Hangul jamo is in the vocabulary both plain and with ``##``, so a word made of them
    always becomes pieces, however rare it is.
    """
    reserved = [f"[unused{i}]" for i in range(99)]
    special = ["[PAD]", *reserved, "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    learner = _bert_pipeline(models.WordPiece(unk_token="[UNK]"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=special,
        initial_alphabet=[*REQUIRED_CHARACTERS, *string.punctuation],
        show_progress=False,
    )

    def with_continuations() -> Iterable[str]:
        # One word per character puts its ## form into the alphabet; a count of one is never merged.
        yield " ".join("a" + character for character in REQUIRED_CHARACTERS)
        yield from texts

    learner.train_from_iterator(with_continuations(), trainer)
    tokenizer = _bert_pipeline(models.WordPiece(learner.get_vocab(), unk_token="[UNK]"))
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


def _bert_pipeline(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def save_for_transformers(tokenizer: Tokenizer, kind: str, context: int, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json so that ``AutoTokenizer.from_pretrained(folder)`` works."""
    from transformers import BertTokenizerFast, GPT2TokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    if kind == "bert":
        wrapped = BertTokenizerFast(tokenizer_object=tokenizer, model_max_length=context, do_lower_case=True)
    else:
        wrapped = GPT2TokenizerFast(
            tokenizer_object=tokenizer,
            model_max_length=context,
            bos_token=END_OF_TEXT,
            eos_token=END_OF_TEXT,
            unk_token=END_OF_TEXT,
        )
    wrapped.save_pretrained(str(folder))
