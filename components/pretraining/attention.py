"""Attention for training on a processor that multiplies bf16: products in bf16, softmax in float32.

PyTorch's fused attention for the CPU has a slow backward pass. For rows of a few hundred tokens all weights of a layer
fit in the cache, so here they are kept from the forward pass (in bf16), and the backward pass is four products
and one pass over them. Attention took a third of a step of GPT; this takes a third of that.
"""

from functools import cache
from typing import Any

import torch
from torch import nn


def _softmax(scores: torch.Tensor, bias: torch.Tensor, scale: float) -> torch.Tensor:
    """Weights (..., query, key) in the type of ``scores``; ``bias`` is added to the scaled scores."""
    scaled = scores.float() * scale + bias
    exponentials = (scaled - scaled.amax(-1, keepdim=True)).exp()
    return (exponentials * (1 / exponentials.sum(-1, keepdim=True))).to(scores.dtype)


def _softmax_slope(weights: torch.Tensor, weights_grad: torch.Tensor, scale: float) -> torch.Tensor:
    """Gradient of the loss by the unscaled scores, from the one by the weights."""
    weights32 = weights.float()
    product = weights32 * weights_grad.float()
    return ((product - weights32 * product.sum(-1, keepdim=True)) * scale).to(weights.dtype)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        bias: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        weights = _softmax(query @ key.transpose(-1, -2), bias, scale)
        ctx.save_for_backward(query, key, value, weights)
        ctx.scale = scale
        return weights @ value

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, weights = ctx.saved_tensors
        (grad,) = grad_outputs
        slope = _softmax_slope(weights, grad @ value.transpose(-1, -2), ctx.scale)
        return (
            slope @ key,
            slope.transpose(-1, -2) @ query,
            weights.transpose(-1, -2) @ grad,
            None,
            None,
        )


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor, scale: float
) -> torch.Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1): softmax(scale Q Kᵀ + bias) V.

    Shapes: query, key, value (rows, heads, seq, head_dim) of one type; ``bias`` float32, broadcast to (rows, heads,
    seq, seq), a large negative number where a place must not be looked at. The result has the shape of ``query``.
    """
    out: torch.Tensor = _Attention.apply(query, key, value, bias, scale)  # type: ignore[no-untyped-call]
    return out


_HIDDEN = -1e9


@cache
def _causal_bias(length: int) -> torch.Tensor:
    return torch.full((length, length), _HIDDEN).triu(1)


def register_training_attention() -> str:
    """Make ``attend`` known to transformers and return its name there."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    def attention(
        module: nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor, None]:
        length = query.shape[-2]
        if attention_mask is not None:
            bias = torch.where(attention_mask, 0.0, _HIDDEN)  # True: may be looked at
        elif getattr(module, "is_causal", False):
            bias = _causal_bias(length)
        else:
            bias = torch.zeros(1, 1)
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        with torch.autocast(query.device.type, enabled=False):
            out = attend(query, key, value, bias, scale)
        return out.transpose(1, 2).contiguous(), None

    name = "training_attention"
    ALL_ATTENTION_FUNCTIONS.register(name, attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(name, sdpa_mask)
    return name
