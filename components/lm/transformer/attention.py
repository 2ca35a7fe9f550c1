"""Attention of a whole model: every weight, what flowed along it, and how exact a picture of it is.

The weights are those of scaled dot-product attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762,
section 3.2.1), read from a model of transformers as (layer, head, query, key): row ``query`` says which keys that
position reads, and sums to 1. Two readings go beyond the raw weights: rollout follows attention and residual through
the layers (Abnar and Zuidema 2020, https://arxiv.org/abs/2005.00928, section 3), value-weighted attention measures
the vectors that were really added (Kobayashi et al. 2020, https://arxiv.org/abs/2004.10102, section 3).

    attention = attend(loaded, read(loaded, "The fox sat on the stone."))
    attention.weights[2, 1]         # layer 2, head 1: (query, key)

Nothing here changes a shared model. What needs hooks uses a :func:`twin`: a second set of modules around the very
same parameters.
"""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.reading import Reading, inputs, is_causal

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel
    from transformers.pytorch_utils import Conv1D

    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

ALL_LAYERS_UP_TO = 128
"""Tokens up to which all layers are worth sending to a browser; above, one layer at a time."""


class Unreadable(ValueError):
    """A family whose layers this module cannot take apart; its weights can still be read."""

    def __init__(self, family: str) -> None:
        self.family = family
        super().__init__(f"the layers of {family} cannot be taken apart")


# --- The weights ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Attention:
    """Weights of a text: ``weights`` is (layer, head, query, key), rows sum to 1.

    ``layers`` are the numbers of the layers along the first axis: all, or the one that was asked for. ``windows`` says
    for each of them how many positions back a query sees, itself counted; None for all of them.
    """

    reading: Reading
    weights: Floats
    layers: tuple[int, ...]
    causal: bool
    windows: tuple[int | None, ...]

    @property
    def visible(self) -> Bools:
        """Which keys each query may read, (layer, query, key)."""
        query, key = np.indices((len(self.reading), len(self.reading)))
        seen = key <= query if self.causal else np.ones_like(key, bool)
        return np.stack(
            [seen if window is None else seen & (key > query - window) for window in self.windows]
        )


def layer_windows(model: PreTrainedModel) -> tuple[int | None, ...]:
    """How many positions back the queries of each layer see, itself counted; None for all of them.

    GPT-Neo alternates layers that see everything with local ones (Black et al. 2021); Mistral and some layers of Qwen
    slide a window (Beltagy et al. 2020, https://arxiv.org/abs/2004.05150, section 3.1).
    """
    config = model.config
    layers = int(config.num_hidden_layers)
    if config.model_type == "gpt_neo":
        return tuple(int(config.window_size) if kind == "local" else None for kind in config.attention_layers)
    window = getattr(config, "sliding_window", None)
    if window is None:
        return (None,) * layers
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"] * layers
    return tuple(int(window) if kind == "sliding_attention" else None for kind in kinds)


def attend(loaded: LoadedModel, reading: Reading, layer: int | None = None) -> Attention:
    """Run the model over a text and return its attention weights, of all layers or of one.

    Raises:
        Unreadable: the model gave no weights.
    """
    output = loaded.forward(**inputs(loaded, [reading]), output_attentions=True)
    given = output.attentions or ()
    if not given or any(item is None for item in given):
        raise Unreadable(loaded.card.family)
    layers = tuple(range(len(given))) if layer is None else (min(max(layer, 0), len(given) - 1),)
    weights = np.stack([given[i][0].float().numpy() for i in layers])
    windows = layer_windows(loaded.model)
    return Attention(reading, weights, layers, is_causal(loaded.card), tuple(windows[i] for i in layers))


def entropy(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Entropy in bits of every row: 0 when one key gets everything, log2(n) when all n get the same.

    >>> entropy([[1.0, 0.0], [0.5, 0.5]]).tolist()
    [0.0, 1.0]
    """
    p = np.asarray(weights, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(-np.where(p > 0, p * np.log2(p), 0.0).sum(-1)) + 0.0


def rollout(weights: npt.ArrayLike, *, residual: float = 0.5) -> npt.NDArray[np.float64]:
    """Attention rollout: how much of each input position is in each position after every layer.

    ``weights`` is (layer, head, query, key); heads are averaged, each layer is mixed with the residual connection
    (half and half in the paper) and the layers are multiplied. Returns (layer, query, key); rows sum to 1.

    >>> uniform = np.full((2, 1, 2, 2), 0.5)
    >>> rollout(uniform)[-1].tolist()
    [[0.625, 0.375], [0.375, 0.625]]
    """
    mean = np.asarray(weights, np.float64).mean(axis=1)
    identity = np.eye(mean.shape[-1])
    mixed = residual * identity + (1 - residual) * mean
    mixed /= mixed.sum(-1, keepdims=True)
    joined = [mixed[0]]
    for layer in mixed[1:]:
        joined.append(layer @ joined[-1])
    return np.stack(joined)


# --- Inside a layer -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Projection:
    """An affine map ``x @ weight + bias``: weight is (in, out), bias (out,)."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight + self.bias


@dataclass(frozen=True, eq=False)
class LayerParts:
    """The modules of one layer that attention is made of.

    ``reads`` is the module whose input is what q, k and v are computed from, ``output`` the projection of the joined
    heads, ``norm`` the LayerNorm that follows the residual sum (in a pre-LN layer: the one before the feed-forward).
    """

    block: nn.Module
    reads: nn.Linear | Conv1D
    query: Projection
    key: Projection
    value: Projection
    output: nn.Linear | Conv1D
    norm: nn.LayerNorm
    pre_norm: bool
    scaling: float


def _affine(module: nn.Linear | Conv1D) -> Projection:
    weight = module.weight if type(module).__name__ == "Conv1D" else module.weight.T
    bias = module.bias if module.bias is not None else weight.new_zeros(weight.shape[1])
    return Projection(weight, bias)


def _thirds(fused: Conv1D, width: int) -> list[Projection]:
    whole = _affine(fused)
    return [
        Projection(whole.weight[:, i * width : (i + 1) * width], whole.bias[i * width : (i + 1) * width])
        for i in range(3)
    ]


def layer_parts(model: PreTrainedModel) -> list[LayerParts]:
    """The parts of every layer, for GPT-2, BERT and the families built like them (RoBERTa, ELECTRA, DistilBERT).

    Raises:
        Unreadable: another family.
    """
    base = model.base_model
    family = str(model.config.model_type)
    found: list[LayerParts] = []
    if family == "gpt2":
        for block in base.h:
            q, k, v = _thirds(block.attn.c_attn, block.attn.embed_dim)
            scaling = float(block.attn.scaling)
            found.append(
                LayerParts(block, block.attn.c_attn, q, k, v, block.attn.c_proj, block.ln_2, True, scaling)
            )
    elif family == "distilbert":
        for block in base.transformer.layer:
            part = block.attention
            q, k, v = _affine(part.q_lin), _affine(part.k_lin), _affine(part.v_lin)
            scaling = (model.config.dim // model.config.n_heads) ** -0.5
            found.append(
                LayerParts(block, part.q_lin, q, k, v, part.out_lin, block.sa_layer_norm, False, scaling)
            )
    elif hasattr(base, "encoder") and hasattr(base.encoder, "layer"):
        for block in base.encoder.layer:
            part, out = block.attention.self, block.attention.output
            if not hasattr(part, "query") or not hasattr(out, "LayerNorm"):
                raise Unreadable(family)
            q, k, v = _affine(part.query), _affine(part.key), _affine(part.value)
            scaling = float(part.attention_head_size) ** -0.5
            found.append(LayerParts(block, part.query, q, k, v, out.dense, out.LayerNorm, False, scaling))
    else:
        raise Unreadable(family)
    return found


def twin(model: PreTrainedModel) -> PreTrainedModel:
    """A copy of the modules of a model around the same parameters and buffers.

    Hooks on the copy are seen by nobody else, so sessions that share the model are not disturbed. No weights are
    copied: for 12 layers it takes some tens of milliseconds and almost no memory.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, {**shared, id(model.config): model.config})


def value_weighted(loaded: LoadedModel, attention: Attention) -> Floats:
    """Norm of the vector that each key adds to each query: ‖α · (v W_O)‖, (layer, head, query, key).

    A key with a large weight and a small value adds little; this is what raw weights hide (Kobayashi et al. 2020,
    section 3.2: the norm of the weighted, transformed vector). Not normalised.

    Raises:
        Unreadable: the family cannot be taken apart.
    """
    import torch

    own = twin(loaded.model)
    parts = layer_parts(own)
    entering: dict[int, Any] = {}
    for number in attention.layers:
        parts[number].reads.register_forward_pre_hook(
            lambda module, args, number=number: entering.__setitem__(number, args[0][0])
        )
    norms = np.empty_like(attention.weights)
    with torch.inference_mode():
        own(**inputs(loaded, [attention.reading]))
        for row, number in enumerate(attention.layers):
            part = parts[number]
            values = part.value(entering[number])  # (seq, hidden)
            out = _affine(part.output).weight  # (hidden, hidden)
            num_heads = attention.weights.shape[1]
            head_dim = values.shape[1] // num_heads
            for head in range(num_heads):
                own_dims = slice(head * head_dim, (head + 1) * head_dim)
                added = (values[:, own_dims] @ out[own_dims]).norm(dim=-1).numpy()  # (key,)
                norms[row, head] = attention.weights[row, head] * added[None, :]
    return norms


def shares(norms: npt.ArrayLike) -> Floats:
    """Each row divided by its sum, so that norms can be read like weights; a row of zeros stays zero.

    >>> shares([[1.0, 3.0], [0.0, 0.0]]).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    rows = np.asarray(norms, np.float32)
    total = rows.sum(-1, keepdims=True)
    return np.asarray(np.divide(rows, total, out=np.zeros_like(rows), where=total > 0), np.float32)


# --- To the browser -------------------------------------------------------------------------------------------------


def pack_weights(weights: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Weights in one byte each: round(255·√p). Small weights keep their digits, the error stays below 1/255.

    With u the byte, the true weight lies within ((u ± 0.5) / 255)², so its error is at most (u + 0.25) / 255².

    >>> pack_weights([0.0, 0.0001, 0.25, 1.0]).tolist()
    [0, 3, 128, 255]
    """
    clipped = np.clip(np.asarray(weights, np.float32), 0.0, 1.0)
    return np.asarray(np.rint(np.sqrt(clipped) * 255.0), np.uint8)


def message(header: Mapping[str, Any], weights: npt.ArrayLike) -> bytes:
    """One message for the browser: length of the header, the header as JSON, the packed weights.

    The header is padded so that the weights begin at a multiple of four bytes. Weights that are packed already are
    taken as they are.
    """
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 4) % 4)
    packed = np.asarray(weights)
    if packed.dtype != np.uint8:
        packed = pack_weights(packed)
    return struct.pack("<I", len(text)) + text + packed.tobytes()


def as_rows(attention: Attention, heads: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """The weights of some (layer, head) pairs as rows of a table, exact."""
    tokens = attention.reading.tokens
    where = {number: row for row, number in enumerate(attention.layers)}
    return [
        {
            "layer": layer,
            "head": head,
            "query": q,
            "query_token": tokens[q],
            "key": k,
            "key_token": tokens[k],
            "weight": float(attention.weights[where[layer], head, q, k]),
        }
        for layer, head in heads
        if layer in where and head < attention.weights.shape[1]
        for q in range(len(tokens))
        for k in range(len(tokens))
    ]
