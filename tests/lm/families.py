"""Tiny random models of many families on disk, each with a tokenizer of its kind, for tests of what every page reads.

``build(name, parent)`` writes one folder in Hugging Face format (2 layers, 4 heads, width 32, some 64 positions) and
returns it. Weights are wide (standard deviation 0.2), so that attention and probabilities differ visibly from uniform.

The differences that matter for reading are all here: how the tokenizer frames one text and two, how many segments the
model has rows for, whether the table of tokens is as wide as the layers, whether the tokenizer closes a text, and
whether each layer sees the whole past.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Sentences of our own; the vocabularies are learned from them.
SENTENCES = (
    "the little girl gave her brother the red ball because he was sad",
    "The girl gave the boy a ball. The ball fell into the river.",
    "my dog is cute and he likes playing in the garden",
    "Hello world, Hi there: the king said yes to the old queen.",
    "he broke the old record while I record the new record in the morning",
    "The newest lamp is the brightest; the oldest lamp is warm.",
    "안녕하세요. 오늘은 날씨가 좋습니다. 배가 고파서 배를 먹었다.",
    "나는 GPT를 배운다. GPT는 다음 단어를 쓴다.",
)
POSITIONS = 64
_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SIZES = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 64}
_WIDE = {"initializer_range": 0.2}
_STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


# --- Tokenizers -------------------------------------------------------------------------------------------------------


def _wordpieces() -> dict[str, int]:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    learned = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learned.normalizer = normalizers.BertNormalizer(lowercase=True)
    learned.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=260, special_tokens=list(_BERT_SPECIAL), show_progress=False
    )
    learned.train_from_iterator(SENTENCES, trainer)
    return dict(learned.get_vocab())


def _bert_tokenizer(kind: str = "BertTokenizer") -> Any:
    import transformers

    return getattr(transformers, kind)(vocab=_wordpieces(), model_max_length=POSITIONS)


def merges(first: tuple[str, ...]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a byte-level BPE; ``first`` are the special tokens in front."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(first),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learned.train_from_iterator(SENTENCES, trainer)
    model = json.loads(learned.to_str())["model"]
    pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
    return model["vocab"], [(left, right) for left, right in pairs]


def _gpt2_tokenizer(**changes: Any) -> Any:
    from transformers import GPT2Tokenizer

    vocab, pairs = merges(("<|endoftext|>",))
    return GPT2Tokenizer(vocab=vocab, merges=pairs, model_max_length=POSITIONS, **changes)


def _roberta_tokenizer(**changes: Any) -> Any:
    from transformers import RobertaTokenizer

    vocab, pairs = merges(("<s>", "<pad>", "</s>", "<unk>"))
    vocab["<mask>"] = len(vocab)
    return RobertaTokenizer(vocab=vocab, merges=pairs, model_max_length=POSITIONS, **changes)


def _pieces(first: tuple[str, ...]) -> list[tuple[str, float]]:
    """Pieces and log-probabilities of a unigram model; ``first`` are the special tokens in front."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learned = Tokenizer(models.Unigram())
    learned.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=240, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
    )
    learned.train_from_iterator(SENTENCES, trainer)
    found = [(str(piece), float(score)) for piece, score in json.loads(learned.to_str())["model"]["vocab"]]
    return [(piece, 0.0) for piece in first] + [row for row in found if row[0] not in first]


def _xlmr_tokenizer() -> Any:
    from transformers import XLMRobertaTokenizer

    pieces = [*_pieces(("<s>", "<pad>", "</s>", "<unk>")), ("<mask>", 0.0)]
    return XLMRobertaTokenizer(vocab=pieces, model_max_length=POSITIONS)


def _albert_tokenizer() -> Any:
    from transformers import AlbertTokenizer

    pieces = _pieces(("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"))
    return AlbertTokenizer(vocab=pieces, model_max_length=POSITIONS)


def _llama_tokenizer(**changes: Any) -> Any:
    """A BPE of ▁ and letters with byte fallback, as Llama's; ``add_bos_token`` and ``add_eos_token`` frame it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import LlamaTokenizer

    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.Metaspace()
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=560, special_tokens=["<unk>", "<s>", "</s>", *fallback], show_progress=False
    )
    learned.train_from_iterator(SENTENCES, trainer)
    model = json.loads(learned.to_str())["model"]
    pairs = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in model["merges"]]
    return LlamaTokenizer(
        vocab=model["vocab"], merges=pairs, model_max_length=POSITIONS, **{"add_bos_token": True, **changes}
    )


def _qwen_tokenizer() -> Any:
    from transformers import Qwen2Tokenizer

    vocab, pairs = merges(("<|endoftext|>",))
    return Qwen2Tokenizer(vocab=vocab, merges=pairs, model_max_length=POSITIONS)


# --- Models -----------------------------------------------------------------------------------------------------------

Made = tuple[Any, Any]
"""A model and its tokenizer."""


def _encoder(kind: str, tokenizer: Any, **more: Any) -> Made:
    """A masked language model of the BERT kind; ``kind`` is the beginning of its class names."""
    import transformers

    head = more.pop("head", "ForMaskedLM")
    settings = {**_SIZES, **_WIDE, **_STILL, "max_position_embeddings": POSITIONS, **more}
    settings = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, **settings}
    config = getattr(transformers, f"{kind}Config")(**settings)
    return getattr(transformers, f"{kind}{head}")(config), tokenizer


def _distilbert(tokenizer: Any) -> Made:
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    sizes = {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4, "max_position_embeddings": POSITIONS}
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dropout=0.0, attention_dropout=0.0, initializer_range=0.2, **sizes
    )
    return DistilBertForMaskedLM(config), tokenizer


def _gpt2(tokenizer: Any, **more: Any) -> Made:
    from transformers import GPT2Config, GPT2LMHeadModel

    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    sizes = {"n_positions": POSITIONS, "n_embd": 32, "n_layer": 2, "n_head": 4, **_WIDE}
    still = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
    settings = {"vocab_size": len(tokenizer), **ends, **sizes, **still, **more}
    return GPT2LMHeadModel(GPT2Config(**settings)), tokenizer


def _gpt2_wordpiece() -> Made:
    """GPT-2's weights with a tokenizer that frames a text by [CLS] and [SEP] (Korean and Chinese GPT-2s exist so)."""
    return _gpt2(_bert_tokenizer())


def _gpt_neo() -> Made:
    from transformers import GPTNeoConfig, GPTNeoForCausalLM

    tokenizer = _gpt2_tokenizer()
    config = GPTNeoConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=POSITIONS,
        hidden_size=32,
        num_layers=2,
        num_heads=4,
        intermediate_size=64,
        attention_types=[[["global", "local"], 1]],
        window_size=6,
        embed_dropout=0.0,
        resid_dropout=0.0,
        attention_dropout=0.0,
        bos_token_id=0,
        eos_token_id=0,
        **_WIDE,
    )
    return GPTNeoForCausalLM(config), tokenizer


def _opt(**more: Any) -> Made:
    """OPT begins every text with </s>; the small one narrows its embedding and normalises after the sum."""
    from transformers import GPT2Tokenizer, OPTConfig, OPTForCausalLM

    vocab, pairs = merges(("<s>", "<pad>", "</s>", "<unk>"))
    tokenizer = GPT2Tokenizer(
        vocab=vocab,
        merges=pairs,
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="<pad>",
        add_bos_token=True,
        model_max_length=POSITIONS,
    )
    config = OPTConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=POSITIONS,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        ffn_dim=64,
        init_std=0.2,
        dropout=0.0,
        **{"word_embed_proj_dim": 32, **more},
    )
    return OPTForCausalLM(config), tokenizer


def _bloom() -> Made:
    from transformers import BloomConfig, BloomForCausalLM

    tokenizer = _gpt2_tokenizer()
    config = BloomConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        n_layer=2,
        n_head=4,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=None,
        **_WIDE,
    )
    return BloomForCausalLM(config), tokenizer


def _decoder(kind: str, tokenizer: Any, **more: Any) -> Made:
    """A causal model of the Llama kind: rotary positions, two key-value heads for four query heads."""
    import transformers

    ends = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": None,
    }
    settings = {**_SIZES, **_WIDE, **ends, "num_key_value_heads": 2, "max_position_embeddings": POSITIONS}
    config = getattr(transformers, f"{kind}Config")(**{"vocab_size": len(tokenizer), **settings, **more})
    return getattr(transformers, f"{kind}ForCausalLM")(config), tokenizer


def _more_tokens(made: Made) -> Made:
    """A tokenizer to which a token was added without a row for it in the model."""
    model, tokenizer = made
    tokenizer.add_tokens(["glassbox"])
    return model, tokenizer


def _mpnet() -> Made:
    from transformers import MPNetConfig, MPNetForMaskedLM, MPNetTokenizer

    vocab = {**_wordpieces()}
    for token in ("<s>", "<pad>", "</s>", "<unk>", "<mask>"):
        vocab.setdefault(token, len(vocab))
    tokenizer = MPNetTokenizer(vocab=vocab, model_max_length=POSITIONS)
    config = MPNetConfig(vocab_size=len(tokenizer), max_position_embeddings=POSITIONS, **_SIZES)
    return MPNetForMaskedLM(config), tokenizer


_ROBERTA = {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}

MASKED: dict[str, Callable[[], Made]] = {
    "bert": lambda: _encoder("Bert", _bert_tokenizer(), head="ForPreTraining"),
    "distilbert": lambda: _distilbert(_bert_tokenizer("DistilBertTokenizer")),
    "distilbert-as-bert": lambda: _distilbert(_bert_tokenizer()),
    "roberta": lambda: _encoder("Roberta", _roberta_tokenizer(), **_ROBERTA),
    "roberta-as-bert": lambda: _encoder("Roberta", _bert_tokenizer(), **_ROBERTA),
    "xlm-roberta": lambda: _encoder("XLMRoberta", _xlmr_tokenizer(), **_ROBERTA),
    "albert": lambda: _encoder("Albert", _albert_tokenizer(), embedding_size=16),
    "electra": lambda: _encoder("Electra", _bert_tokenizer(), embedding_size=16),
}
"""Families that predict masked tokens."""
CAUSAL: dict[str, Callable[[], Made]] = {
    "gpt2": lambda: _gpt2(_gpt2_tokenizer()),
    "gpt2-wordpiece": _gpt2_wordpiece,
    "gpt-neo": _gpt_neo,
    "opt": _opt,
    "opt-narrow": lambda: _opt(word_embed_proj_dim=16, do_layer_norm_before=False),
    "bloom": _bloom,
    "llama": lambda: _decoder("Llama", _llama_tokenizer()),
    "llama-closing": lambda: _decoder("Llama", _llama_tokenizer(add_eos_token=True)),
    "mistral": lambda: _decoder("Mistral", _llama_tokenizer(), sliding_window=6),
    "qwen3": lambda: _decoder("Qwen3", _qwen_tokenizer(), head_dim=16),
}
"""Families that write on."""
BROKEN: dict[str, Callable[[], Made]] = {
    "bert-more-tokens": lambda: _more_tokens(MASKED["bert"]()),
    "gpt2-more-tokens": lambda: _more_tokens(CAUSAL["gpt2"]()),
}
"""Folders whose tokenizer knows a token ("glassbox") that the model has no row for."""
UNSUPPORTED: dict[str, Callable[[], Made]] = {"mpnet": _mpnet}
"""Families that no page can use."""
ALL = {**MASKED, **CAUSAL, **BROKEN, **UNSUPPORTED}


def build(name: str, parent: Path, *, seed: int = 0) -> Path:
    """Write the family ``name`` into ``parent / name`` and return that folder; a folder that is there is kept."""
    import torch

    folder = parent / name
    if folder.is_dir():
        return folder
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model, tokenizer = ALL[name]()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class Families:
    """The families as the app loads them, each written and loaded at the first call."""

    def __init__(self, parent: Path) -> None:
        from components.lm.checkpoints import Checkpoints, Settings

        self.parent = parent
        self._store: Checkpoints = Checkpoints(Settings())

    def folder(self, name: str) -> Path:
        """The folder of a family; read-only."""
        return build(name, self.parent)

    def load(self, name: str) -> Any:
        """A ``LoadedModel``.

        Raises:
            ModelRefused: no page can use it.
        """
        return self._store.load(self._store.add_local_folder(self.folder(name)))

    def alone(self, name: str) -> tuple[Any, Any]:
        """Model and tokenizer as a stranger loads them: ``transformers`` and nothing of ours."""
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

        kind = AutoModelForCausalLM if name in CAUSAL or name.startswith("gpt") else AutoModelForMaskedLM
        model = kind.from_pretrained(
            self.folder(name), dtype=torch.float32, attn_implementation="eager"
        ).eval()
        return model, AutoTokenizer.from_pretrained(self.folder(name))

    def __iter__(self) -> Iterator[str]:
        return iter(ALL)
