"""GPT-2's computation in one function, over a dictionary of tensors named as in its file.

For models so small that the page may change them while it looks: heads are switched by a number each, attention is
there for the asking, gradients flow if the weights want them, and nothing is shared but the tensors. Radford et al.
2019 (pre-LN, learned positions, GELU by tanh, output tied to the words). A test compares it with ``transformers``.

    weights = load_weights(folder / "model.safetensors")
    logits, attentions = forward(weights, ids, num_heads=4, attentions=True)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from components.lm import checkpoints

checkpoints.import_torch()  # before the imports below: from several threads at once they can fail halfway, for as long as the server runs

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention  # noqa: E402

Weights = Mapping[str, Tensor]
"""Tensor by name, such as ``transformer.h.0.attn.c_attn.weight`` (in, out)."""
BASE = "transformer."


def load_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights of a safetensors file in float32."""
    from safetensors.torch import load_file

    return {name: tensor.float() for name, tensor in load_file(path).items()}


def num_layers(weights: Weights) -> int:
    """Return how many layers these weights have."""
    return sum(name.endswith(".attn.c_attn.weight") for name in weights)


def digest(weights: Weights) -> str:
    """Return the SHA-256 of all numbers as they lie in memory, in the order of their names; 64 hex digits."""
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(weights[name].detach().contiguous().numpy().tobytes())
    return found.hexdigest()


def forward(
    weights: Weights,
    input_ids: Tensor,
    *,
    num_heads: int,
    keep: Tensor | None = None,
    attentions: bool = False,
    answers: slice = slice(None),
) -> tuple[Tensor, list[Tensor]]:
    """Return logits (batch, position, token) and, if asked, attention (batch, head, query, key) for each layer.

    Args:
        weights: all tensors of the model.
        input_ids: (batch, seq).
        num_heads: heads of each layer.
        keep: (layer, head), each head's output is multiplied by it: 0 switches a head off.
        attentions: whether to compute the weights one by one; without it a fused kernel is used.
        answers: the positions that logits are wanted for.
    """
    shared, seq = weights[f"{BASE}wte.weight"], input_ids.shape[1]
    hidden = shared[input_ids] + weights[f"{BASE}wpe.weight"][:seq]
    found = []
    for layer in range(num_layers(weights)):
        own = f"{BASE}h.{layer}."
        fused = _affine(weights, f"{own}attn.c_attn", _norm(weights, f"{own}ln_1", hidden))
        query, key, value = (
            part.view(*part.shape[:-1], num_heads, -1).transpose(1, 2) for part in fused.chunk(3, dim=-1)
        )
        if attentions:
            scores = query @ key.mT / query.shape[-1] ** 0.5
            hidden_from = torch.ones(seq, seq, dtype=torch.bool).triu(1)
            attention = scores.masked_fill(hidden_from, -torch.inf).softmax(-1)
            found.append(attention)
            heads = attention @ value
        else:
            heads = scaled_dot_product_attention(query, key, value, is_causal=True)
        if keep is not None:
            heads = heads * keep[layer][:, None, None]
        hidden = hidden + _affine(weights, f"{own}attn.c_proj", heads.transpose(1, 2).flatten(2))
        inner = gelu(
            _affine(weights, f"{own}mlp.c_fc", _norm(weights, f"{own}ln_2", hidden)), approximate="tanh"
        )
        hidden = hidden + _affine(weights, f"{own}mlp.c_proj", inner)
    return _norm(weights, f"{BASE}ln_f", hidden[:, answers]) @ shared.T, found


def _affine(weights: Weights, name: str, x: Tensor) -> Tensor:
    return torch.addmm(weights[f"{name}.bias"], x.flatten(0, -2), weights[f"{name}.weight"]).view(
        *x.shape[:-1], -1
    )


def _norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])
