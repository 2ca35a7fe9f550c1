"""One attention head, step by step, from the vectors that enter a layer to the vectors that leave it.

Scaled dot-product attention is softmax(q·kᵀ/√d)·v with the mask added before the softmax (Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762, sections 3.2.1 and 3.2.2). Around it stand the residual connection and LayerNorm:
after the sum in BERT (post-LN), before the attention in GPT-2 (pre-LN; Radford et al. 2019, section 2.3).

    steps = head_steps(loaded, read(loaded, "The fox sat."), layer=0, head=0)
    steps.weights        # (query, key), the model's own to 1e-6
    steps.difference     # how far our arithmetic is from what the model computed

:func:`worked_example` is the same chain with whole numbers, for doing by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.reading import Bools, Reading, inputs, is_causal
from components.lm.transformer.attention import Floats, entropy, layer_parts, twin

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel


def softmax(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Softmax over the last axis; minus infinity becomes exactly 0.

    >>> softmax([0.0, 0.0, -np.inf]).tolist()
    [0.5, 0.5, 0.0]
    """
    rows = np.asarray(scores, np.float64)
    powers = np.exp(rows - rows.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


@dataclass(frozen=True, eq=False)
class WorkedExample:
    """Self-attention of three tokens with two dimensions, in whole numbers.

    ``x`` is (3, 2); q, k and v are ``x @ weight + bias``. ``scores``, ``scaled`` and ``weights`` are (query, key),
    ``output`` is (3, 2).
    """

    x: npt.NDArray[np.float64]
    query_weight: npt.NDArray[np.float64]
    key_weight: npt.NDArray[np.float64]
    value_weight: npt.NDArray[np.float64]
    value_bias: npt.NDArray[np.float64]
    q: npt.NDArray[np.float64]
    k: npt.NDArray[np.float64]
    v: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    scaled: npt.NDArray[np.float64]
    allowed: Bools
    weights: npt.NDArray[np.float64]
    output: npt.NDArray[np.float64]


def worked_example(causal: bool = False) -> WorkedExample:
    """Three tokens, two dimensions: Q = K = [[1,0],[0,1],[1,1]], V = [[1,2],[3,4],[5,6]].

    The input is none of them, so that the work of the matrices is seen; one matrix makes Q and K here, a model learns two.

    >>> worked_example().weights[2].round(3).tolist()
    [0.248, 0.248, 0.503]
    >>> worked_example(causal=True).output[1].round(3).tolist()
    [2.34, 3.34]
    """
    x = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 2.0]])
    query_weight = np.array([[1.0, -1.0], [0.0, 1.0]])
    value_weight, value_bias = np.array([[-2.0, -2.0], [4.0, 4.0]]), np.array([-1.0, 0.0])
    q, k, v = x @ query_weight, x @ query_weight, x @ value_weight + value_bias
    scores = q @ k.T
    scaled = scores / np.sqrt(2)
    allowed = np.tril(np.ones((3, 3), bool)) if causal else np.ones((3, 3), bool)
    weights = softmax(np.where(allowed, scaled, -np.inf))
    return WorkedExample(
        x,
        query_weight,
        query_weight,
        value_weight,
        value_bias,
        q,
        k,
        v,
        scores,
        scaled,
        allowed,
        weights,
        weights @ v,
    )


@dataclass(frozen=True, eq=False)
class HeadSteps:
    """Everything between the input and the output of one attention layer, for one head.

    (seq, hidden): ``block_input`` enters the layer; ``x`` is what q, k and v are made of (in a pre-LN layer: its
    LayerNorm); ``joined`` are all heads side by side; ``projected`` is after the output projection with its bias;
    ``residual`` is block_input + projected; ``normed`` is its LayerNorm (in a post-LN layer the result of the
    attention part, in a pre-LN layer what the feed-forward network reads).
    (seq, head_dim): ``q``, ``k``, ``v``, ``head_output``. (query, key): ``scores``, ``scaled``, ``allowed``,
    ``weights``. ``scaling`` is what scores are multiplied by, 1/√head_dim.
    ``difference`` holds the largest absolute difference from the model's own: ``weights``, ``projected`` and
    ``normed``.
    """

    reading: Reading
    layer: int
    head: int
    pre_norm: bool
    causal: bool
    scaling: float
    block_input: Floats
    x: Floats
    q: Floats
    k: Floats
    v: Floats
    scores: Floats
    scaled: Floats
    allowed: Bools
    weights: Floats
    head_output: Floats
    joined: Floats
    projected: Floats
    residual: Floats
    normed: Floats
    difference: dict[str, float]


def head_steps(loaded: LoadedModel, reading: Reading, layer: int, head: int) -> HeadSteps:
    """Take one head of the loaded model apart; layer and head are clamped to what the model has.

    Raises:
        Unreadable: the family cannot be taken apart.
    """
    import torch

    own = twin(loaded.model)
    parts = layer_parts(own)
    layer = min(max(layer, 0), len(parts) - 1)
    head = min(max(head, 0), loaded.card.num_heads - 1)
    part = parts[layer]
    seen: dict[str, Any] = {}

    def keep(name: str, value: Any) -> None:
        seen[name] = (value[0] if isinstance(value, tuple) else value)[0]

    part.block.register_forward_pre_hook(lambda module, args: keep("block_input", args[0]))
    part.reads.register_forward_pre_hook(lambda module, args: keep("x", args[0]))
    part.output.register_forward_hook(lambda module, args, out: keep("projected", out))
    part.norm.register_forward_hook(lambda module, args, out: keep("normed", out))
    with torch.inference_mode():
        output = own(**inputs(loaded, [reading]), output_attentions=True)
        x = seen["x"]
        heads = loaded.card.num_heads
        q, k, v = (
            project(x).view(len(reading), heads, -1).transpose(0, 1)
            for project in (part.query, part.key, part.value)
        )  # each (head, seq, head_dim)
        scores = q @ k.transpose(1, 2)
        causal = is_causal(loaded.card)
        allowed = torch.ones(len(reading), len(reading), dtype=torch.bool)
        if causal:
            allowed = allowed.tril()
        scaled = scores * part.scaling
        weights = torch.softmax(scaled.masked_fill(~allowed, -torch.inf), -1)
        head_output = weights @ v
        joined = head_output.transpose(0, 1).reshape(len(reading), -1)
        bias = part.output.bias if part.output.bias is not None else 0.0
        matrix = part.output.weight if type(part.output).__name__ == "Conv1D" else part.output.weight.T
        projected = joined @ matrix + bias
        residual = seen["block_input"] + projected
        normed = torch.nn.functional.layer_norm(
            residual, residual.shape[-1:], part.norm.weight, part.norm.bias, part.norm.eps
        )
    ours = {"weights": weights[head], "projected": projected, "normed": normed}
    theirs = {"weights": output.attentions[layer][0, head], **{n: seen[n] for n in ("projected", "normed")}}

    def array(tensor: Any) -> Floats:
        return np.asarray(tensor.float().numpy(), np.float32)

    return HeadSteps(
        reading=reading,
        layer=layer,
        head=head,
        pre_norm=part.pre_norm,
        causal=causal,
        scaling=part.scaling,
        block_input=array(seen["block_input"]),
        x=array(x),
        q=array(q[head]),
        k=array(k[head]),
        v=array(v[head]),
        scores=array(scores[head]),
        scaled=array(scaled[head]),
        allowed=allowed.numpy(),
        weights=array(weights[head]),
        head_output=array(head_output[head]),
        joined=array(joined),
        projected=array(projected),
        residual=array(residual),
        normed=array(normed),
        difference={name: float((ours[name] - theirs[name]).abs().max()) for name in ours},
    )


MIXTURE = (0.5, 0.9)
"""A head mixes when its rows have between half and nine tenths of the entropy they could have."""


def head_that_shows_dividing(loaded: LoadedModel, reading: Reading) -> tuple[int, int]:
    """The head (layer, head) of a model that a page on dividing by √d begins with.

    Among the heads that mix (:data:`MIXTURE`), the one whose rows lose most entropy when the scores are not divided.
    Run when a bundled model is replaced: a test compares what it returns with the head the page begins with.

    Raises:
        ValueError: no head of the model mixes on this text.
    """
    lost: dict[tuple[int, int], float] = {}
    for layer in range(loaded.card.num_layers):
        for head in range(loaded.card.num_heads):
            steps = head_steps(loaded, reading, layer, head)
            allowed = np.asarray(steps.allowed, bool)
            most = np.log2(allowed.sum(-1)).mean()
            mixed = entropy(steps.weights).mean()
            if MIXTURE[0] * most <= mixed <= MIXTURE[1] * most:
                alone = softmax(np.where(allowed, steps.scores, -np.inf))
                lost[layer, head] = float(mixed - entropy(alone).mean())
    if not lost:
        raise ValueError("no head mixes on this text")
    return max(lost, key=lost.__getitem__)
