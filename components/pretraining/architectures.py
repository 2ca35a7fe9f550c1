"""The sizes of the bundled models, and how one is built.

The designs are GPT-2's (Radford et al. 2019) and BERT's (Devlin et al. 2019); only the sizes are ours.
Dropout is 0: the models are far too small for this much text to memorise it.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Size:
    """Width, depth and lengths of one size, shared by its GPT and its BERT."""

    name: str
    num_layers: int
    num_heads: int
    hidden_size: int
    vocab_size: int
    gpt_context: int
    bert_context: int

    def context(self, kind: str) -> int:
        """Number of learned positions."""
        return self.gpt_context if kind == "gpt" else self.bert_context


SIZES = {
    size.name: size
    for size in (
        Size("nano", 4, 4, 96, 2048, 128, 128),
        Size("pocket", 6, 6, 192, 8192, 512, 256),
        Size("pocket-384", 6, 6, 384, 8192, 512, 256),  # the pocket twins made on a GPU
    )
}


def build_model(
    kind: str, size: Size, seed: int, attention: str = "sdpa", neighbour_layers: int = 1
) -> nn.Module:
    """A freshly initialised ``GPT2LMHeadModel``, ``BertForPreTraining`` or ``AlbertForPreTraining`` in float32.

    ``neighbour_layers``: in how many of BERT's layers some heads start at a neighbour.
    """
    from transformers import (
        AlbertConfig,
        AlbertForPreTraining,
        BertConfig,
        BertForPreTraining,
        GPT2Config,
        GPT2LMHeadModel,
    )

    torch.manual_seed(seed)
    model: Any
    if kind == "gpt":
        gpt_config = GPT2Config(
            vocab_size=size.vocab_size,
            n_positions=size.gpt_context,
            n_embd=size.hidden_size,
            n_layer=size.num_layers,
            n_head=size.num_heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
        )
        model = GPT2LMHeadModel._from_config(gpt_config, attn_implementation=attention)
    elif kind == "bert":
        bert_config = BertConfig(
            vocab_size=size.vocab_size,
            hidden_size=size.hidden_size,
            num_hidden_layers=size.num_layers,
            num_attention_heads=size.num_heads,
            intermediate_size=4 * size.hidden_size,
            max_position_embeddings=size.bert_context,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        model = BertForPreTraining._from_config(bert_config, attn_implementation=attention)
        start_attention(model, neighbour_layers)
    elif kind == "albert":
        albert_config = AlbertConfig(
            vocab_size=size.vocab_size,
            embedding_size=size.hidden_size // ALBERT_FACTOR,
            hidden_size=size.hidden_size,
            num_hidden_layers=size.num_layers,
            num_hidden_groups=1,
            num_attention_heads=size.num_heads,
            intermediate_size=4 * size.hidden_size,
            max_position_embeddings=size.bert_context,
            hidden_act="gelu",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            classifier_dropout_prob=0.0,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=None,
        )
        model = AlbertForPreTraining._from_config(albert_config, attn_implementation=attention)
        start_shared_attention(model)
    else:
        raise ValueError(f"kind must be 'gpt', 'bert' or 'albert', not {kind!r}")
    module: nn.Module = model
    return module


# By layer, going round; a layer uses as many as half of its heads.
NEIGHBOUR_OFFSETS = ((-1, 1, -2, 2), (-1, 1, -3, 3), (-2, 2, -4, 4), (-3, 3, -1, 1))
_POSITION_AMPLITUDE = 2.0  # positions against words, in units of the words' standard deviation
_HEAD_GAIN = 1.5
ALBERT_FACTOR = 3
"""How many times wider ALBERT's layers are here than its embedding (Lan et al. 2020: 6 at the Base size)."""


@torch.no_grad()
def start_attention(model: Any, num_layers: int = 1) -> None:
    """Let BERT's heads begin by looking at something: at a neighbour, or at what is like the token itself.

    Left to itself a small BERT stays for millions of tokens on a plateau where it only knows which words are
    frequent (Chen et al. 2024, https://arxiv.org/abs/2309.07311, watch the same wait and its sudden end), because a
    [MASK] knows nothing until some head has found its neighbours. Here position embeddings start as sines and
    cosines of evenly spaced frequencies, and half of the heads (at most 4) of the first ``num_layers`` layers as the
    rotation that moves a position by one or two places. In every other head queries start equal to keys, large
    enough to tell tokens apart; with BERT's own 0.02, meant for a width of 768, most heads of a small model looked at
    everything alike to the end. Nothing is fixed: all of it is trained like the rest. The idea of starting attention
    with structure is that of Trockman and Kolter 2023, https://arxiv.org/abs/2305.09828.
    """
    config = model.config
    half = config.hidden_size // 2
    head_dim = config.hidden_size // config.num_attention_heads
    frequencies = _start_positions(
        model.bert.embeddings.position_embeddings.weight, half, config.initializer_range
    )
    for index, layer in enumerate(model.bert.encoder.layer):
        attention = layer.attention.self
        offsets = NEIGHBOUR_OFFSETS[index % len(NEIGHBOUR_OFFSETS)][: config.num_attention_heads // 2]
        for head in range(config.num_attention_heads):
            if index < num_layers and head < len(offsets):
                query, key = _near(frequencies, head_dim, offsets[head])
            else:
                query = key = torch.randn(head_dim, config.hidden_size) / config.hidden_size**0.5
            own = slice(head * head_dim, (head + 1) * head_dim)
            attention.query.weight[own] = query
            attention.key.weight[own] = key


@torch.no_grad()
def start_shared_attention(model: Any) -> None:
    """The same start for an ALBERT: one layer, used at every depth, and positions as narrow as its embedding.

    The waves stand in the narrow space; a head that looks for them reads them through the mapping to the layers' width.
    """
    config = model.config
    frequencies = _start_positions(
        model.albert.embeddings.position_embeddings.weight,
        config.embedding_size // 2,
        config.initializer_range,
    )
    widen = model.albert.encoder.embedding_hidden_mapping_in.weight  # (width, embedding)
    nn.init.orthogonal_(widen)
    attention = model.albert.encoder.albert_layer_groups[0].albert_layers[0].attention
    head_dim = config.hidden_size // config.num_attention_heads
    offsets = NEIGHBOUR_OFFSETS[0][: config.num_attention_heads // 2]
    for head in range(config.num_attention_heads):
        if head < len(offsets):
            query, key = (half @ widen.T for half in _near(frequencies, head_dim, offsets[head]))
        else:
            query = key = torch.randn(head_dim, config.hidden_size) / config.hidden_size**0.5
        own = slice(head * head_dim, (head + 1) * head_dim)
        attention.query.weight[own] = query
        attention.key.weight[own] = key


def _start_positions(positions: torch.Tensor, half: int, initializer_range: float) -> torch.Tensor:
    """Fill the table (positions, 2 * half) with sines and cosines; returns their ``half`` frequencies."""
    frequencies = torch.pi * (torch.arange(half) + 0.5) / half
    angles = torch.arange(len(positions))[:, None] * frequencies
    waves = torch.cat([angles.sin(), angles.cos()], 1)
    positions.copy_(waves * (2**0.5 * initializer_range * _POSITION_AMPLITUDE))
    return frequencies


def _near(frequencies: torch.Tensor, head_dim: int, offset: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(query, key) of a head, each (head_dim, width), whose query at i equals the key at i + ``offset``."""
    half = len(frequencies)
    chosen = torch.randperm(half)[: head_dim // 2]
    rows = torch.arange(len(chosen))
    cosine, sine = (_HEAD_GAIN * f(frequencies[chosen] * offset) for f in (torch.cos, torch.sin))
    key = torch.zeros(head_dim, 2 * half)
    key[2 * rows, chosen] = _HEAD_GAIN
    key[2 * rows + 1, half + chosen] = _HEAD_GAIN
    query = torch.zeros_like(key)  # sine and cosine of a sum
    query[2 * rows, chosen], query[2 * rows, half + chosen] = cosine, sine
    query[2 * rows + 1, half + chosen], query[2 * rows + 1, chosen] = cosine, -sine
    return query, key
