"""Attention of a whole model: every weight, what flowed along it, and how exact a picture of it is.

The weights are those of scaled dot-product attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762,
section 3.2.1), read from a model of transformers as (layer, head, query, key): row ``query`` says which keys that
position reads, and sums to 1. Two readings go beyond the raw weights: rollout follows attention and residual through
the layers (Abnar and Zuidema 2020, https://arxiv.org/abs/2005.00928, section 3), value-weighted attention measures
the vectors that were really added (Kobayashi et al. 2020, https://arxiv.org/abs/2004.10102, section 3).

    attention = attend(loaded, "The fox sat on the stone.")
    attention.weights[2, 1]         # layer 2, head 1: (query, key)

Nothing here changes a shared model. What needs hooks uses a :func:`twin`: a second set of modules around the very
same parameters.
"""

from __future__ import annotations

import bisect
import copy
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.tokens.token_text import token_infos

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ALL_LAYERS_UP_TO = 128
"""Tokens up to which all layers are worth sending to a browser; above, one layer at a time."""


class TooLong(ValueError):
    """A text has more tokens than the model has positions."""

    def __init__(self, num_tokens: int, limit: int) -> None:
        self.num_tokens, self.limit = num_tokens, limit
        super().__init__(f"{num_tokens} tokens, but the model has {limit} positions")


class Unreadable(ValueError):
    """A family whose layers this module cannot take apart; its weights can still be read."""

    def __init__(self, family: str) -> None:
        self.family = family
        super().__init__(f"the layers of {family} cannot be taken apart")


# --- The input ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as the model reads it. All arrays are (seq,).

    ``tokens`` are the model's own spelling (``Ġlow``, ``##ing``), ``texts`` what they stand for. ``segments`` is 0
    for the first text and 1 for the second; in BERT these are the token_type_ids.
    """

    tokens: tuple[str, ...]
    texts: tuple[str, ...]
    input_ids: Ints
    segments: Ints
    special: Bools
    mask_token_id: int | None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def punctuation(self) -> Bools:
        """Which tokens hold no letter and no digit (special tokens are not counted)."""
        return np.array(
            [
                bool(text.strip()) and not any(c.isalnum() for c in text) and not special
                for text, special in zip(self.texts, self.special, strict=True)
            ]
        )

    def with_mask_at(self, position: int) -> Encoded:
        """The same text with the token at ``position`` replaced by the model's mask token."""
        if self.mask_token_id is None:
            raise ValueError("this model has no mask token")
        ids = self.input_ids.copy()
        ids[position] = self.mask_token_id
        tokens = (*self.tokens[:position], "[MASK]", *self.tokens[position + 1 :])
        texts = (*self.texts[:position], "[MASK]", *self.texts[position + 1 :])
        return Encoded(tokens, texts, ids, self.segments, self.special, self.mask_token_id)


def encode(loaded: LoadedModel, text: str, pair: str = "") -> Encoded:
    """Tokens of one text or of a pair, with the special tokens the model expects.

    A model without segments reads a pair as one text with a space in between. An empty text becomes the tokenizer's
    beginning token where there is one.

    Raises:
        TooLong: the model has fewer positions.
    """
    tokenizer = loaded.tokenizer
    segmented = "token_type_ids" in tokenizer.model_input_names and not loaded.card.can("generation")
    if segmented:
        given = (text, pair) if pair else (text,)
        out = tokenizer(*given, return_token_type_ids=True, verbose=False)
        ids, segments = list(out["input_ids"]), list(out["token_type_ids"])
    else:
        first = list(tokenizer(text, verbose=False)["input_ids"]) if text else []
        both = list(tokenizer(f"{text} {pair}", verbose=False)["input_ids"]) if pair else first
        shared = next(
            (i for i, (a, b) in enumerate(zip(first, both, strict=False)) if a != b),
            min(len(first), len(both)),
        )
        ids, segments = both, [int(i >= shared) for i in range(len(both))]
    if not ids:
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        ids, segments = [int(start or 0)], [0]
    limit = loaded.card.max_positions
    if limit is not None and len(ids) > limit:
        raise TooLong(len(ids), limit)
    infos = token_infos(tokenizer, ids)
    mask_id = getattr(tokenizer, "mask_token_id", None)
    framing = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id}
    content = {mask_id, tokenizer.unk_token_id} - framing  # they stand for words of the text
    can_mask = loaded.card.can("masked_prediction") and mask_id is not None
    return Encoded(
        tokens=tuple(info.token for info in infos),
        texts=tuple(info.text for info in infos),
        input_ids=np.array(ids, np.int64),
        segments=np.array(segments, np.int64),
        special=np.array([info.special and info.token_id not in content for info in infos]),
        mask_token_id=int(mask_id) if can_mask else None,  # type: ignore[arg-type]  # not None here
    )


def beginning(loaded: LoadedModel, text: str, most: int) -> str:
    """The longest beginning of ``text`` that gives at most ``most`` tokens, special ones counted: the whole text, or
    whole words of it, or a part of its first word where not even that fits."""
    tokenizer = loaded.tokenizer

    def tokens(of: str) -> int:
        return len(tokenizer(of, verbose=False)["input_ids"])

    if tokens(text) <= most:
        return text
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    for cuts in (ends, range(len(text))):
        fits = bisect.bisect_right(cuts, most, key=lambda end: tokens(text[:end]))
        if fits and text[: cuts[fits - 1]].strip():
            return text[: cuts[fits - 1]]
    return ""


def model_inputs(loaded: LoadedModel, encoded: Encoded, batch: int = 1) -> dict[str, Any]:
    """The tensors of transformers for ``batch`` copies of one text, each (batch, seq)."""
    import torch

    ids = torch.from_numpy(encoded.input_ids)[None].expand(batch, -1)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "token_type_ids" in loaded.tokenizer.model_input_names and not loaded.card.can("generation"):
        inputs["token_type_ids"] = torch.from_numpy(encoded.segments)[None].expand(batch, -1)
    return inputs


def separator_ids(loaded: LoadedModel) -> frozenset[int]:
    """Ids of the tokens that end or separate texts, such as [SEP]."""
    tokenizer = loaded.tokenizer
    return frozenset(i for i in (tokenizer.sep_token_id, tokenizer.eos_token_id) if i is not None)


# --- The weights ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Attention:
    """Weights of a text: ``weights`` is (layer, head, query, key), rows sum to 1.

    ``layers`` are the numbers of the layers along the first axis: all, or the one that was asked for.
    """

    encoded: Encoded
    weights: Floats
    layers: tuple[int, ...]
    causal: bool


def attend(loaded: LoadedModel, encoded: Encoded, layer: int | None = None) -> Attention:
    """Run the model over a text and return its attention weights, of all layers or of one.

    Raises:
        Unreadable: the model gave no weights.
    """
    output = loaded.forward(**model_inputs(loaded, encoded), output_attentions=True)
    given = output.attentions or ()
    if not given or any(item is None for item in given):
        raise Unreadable(loaded.card.family)
    layers = tuple(range(len(given))) if layer is None else (min(max(layer, 0), len(given) - 1),)
    weights = np.stack([given[i][0].float().numpy() for i in layers])
    return Attention(encoded, weights, layers, loaded.card.can("generation"))


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

    weight: Any
    bias: Any

    def __call__(self, x: Any) -> Any:
        return x @ self.weight + self.bias


@dataclass(frozen=True, eq=False)
class LayerParts:
    """The modules of one layer that attention is made of.

    ``reads`` is the module whose input is what q, k and v are computed from, ``output`` the projection of the joined
    heads, ``norm`` the LayerNorm that follows the residual sum (in a pre-LN layer: the one before the feed-forward).
    """

    block: Any
    reads: Any
    query: Projection
    key: Projection
    value: Projection
    output: Any
    norm: Any
    pre_norm: bool
    scaling: float


def _affine(module: Any) -> Projection:
    weight = module.weight if type(module).__name__ == "Conv1D" else module.weight.T
    bias = module.bias if module.bias is not None else weight.new_zeros(weight.shape[1])
    return Projection(weight, bias)


def _thirds(fused: Any, width: int) -> list[Projection]:
    whole = _affine(fused)
    return [
        Projection(whole.weight[:, i * width : (i + 1) * width], whole.bias[i * width : (i + 1) * width])
        for i in range(3)
    ]


def layer_parts(model: Any) -> list[LayerParts]:
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


def twin(model: Any) -> Any:
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
    inputs: dict[int, Any] = {}
    for number in attention.layers:
        parts[number].reads.register_forward_pre_hook(
            lambda module, args, number=number: inputs.__setitem__(number, args[0][0])
        )
    norms = np.empty_like(attention.weights)
    with torch.inference_mode():
        own(**model_inputs(loaded, attention.encoded))
        for row, number in enumerate(attention.layers):
            part = parts[number]
            values = part.value(inputs[number])  # (seq, hidden)
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


def unpack_weights(packed: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The weights that a browser reads from :func:`pack_weights`."""
    return np.asarray((np.asarray(packed, np.float64) / 255.0) ** 2)


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
    tokens = attention.encoded.tokens
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
