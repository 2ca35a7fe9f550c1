"""Tiny random models on disk, in Hugging Face format, for tests that need a real checkpoint.

``tiny_gpt_folder`` is a GPT-2 with a byte-level BPE tokenizer, ``tiny_bert_folder`` a BERT with both pre-training
heads (masked tokens and next sentence) and a WordPiece tokenizer. Both are built once per test run from a fixed
seed, their weights are wide (standard deviation 0.2 instead of 0.02) so that probabilities and attention weights
differ visibly from uniform. Treat the folders as read-only; copy one before changing it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

# Sentences of our own; the vocabularies of the tiny tokenizers are learned from them.
SENTENCES = [
    "The low river runs lower than the new bridge.",
    "A small fox sat on the wide stone and looked at the moon.",
    "The newest lamp is the brightest; the oldest lamp is warm.",
    "My brother plays the piano, and she was playing chess.",
    "We read the letter twice. Then we wrote an answer.",
    "안녕하세요. 오늘은 날씨가 좋습니다.",
    "작은 여우가 돌 위에 앉아 있었다.",
]


def build_tiny_gpt(folder: Path, *, seed: int = 0, **config_changes: Any) -> Path:
    """Write a random GPT-2 (2 layers, 4 heads, width 32, context 64) with its tokenizer into ``folder``."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        model_max_length=64,
    )
    settings: dict[str, Any] = {
        "vocab_size": len(fast),
        "n_positions": 64,
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 4,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "initializer_range": 0.2,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(GPT2Config(**{**settings, **config_changes}))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def build_tiny_bert(folder: Path, *, seed: int = 0, **config_changes: Any) -> Path:
    """Write a random BERT (2 layers, 4 heads, width 32, 64 positions) with its tokenizer into ``folder``."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertForPreTraining, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    settings: dict[str, Any] = {
        "vocab_size": len(fast),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "initializer_range": 0.2,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": 0,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertForPreTraining(BertConfig(**{**settings, **config_changes}))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_gpt_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random GPT-2 in Hugging Face format; read-only."""
    return build_tiny_gpt(tmp_path_factory.mktemp("models") / "tiny-gpt")


@pytest.fixture(scope="session")
def tiny_bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with both pre-training heads in Hugging Face format; read-only."""
    return build_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")
