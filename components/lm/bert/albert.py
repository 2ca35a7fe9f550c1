"""ALBERT's two levers: a narrow embedding, and layers that share their weights.

Lan et al. 2020, https://arxiv.org/abs/1909.11942, section 3.1. A token table of V x H becomes V x E and E x H; the twelve
layers use one set of weights, or one attention, or one feed-forward network. Three costs follow, and they are not the same:
parameters (:func:`cost`), the memory they take, and the time of a pass, which is measured (:func:`pass_seconds`).

>>> cost(size(768, "none")).parameters, cost(size(128, "all")).parameters
(109081344, 11683584)
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.lm import checkpoints
from components.lm.transformer.model_size import SHARED, Size, compute_per_token, count, fact_rows, memory

if TYPE_CHECKING:
    from transformers import AlbertModel

VOCABULARY, WIDTH, LAYERS, HEADS = 30_000, 768, 12, 12
"""The Base size of the paper (Table 1)."""
EMBEDDINGS = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768)
"""Widths of the embedding to choose from; the paper's Table 3 has 64, 128, 256 and 768."""


@dataclass(frozen=True)
class Cost:
    """What one setting costs. ``table``: parameters of the token table, its projection included; ``multiplications``: by
    weights, for one token, inside the layers and for the projection."""

    parameters: int
    table: int
    bytes_fp32: int
    multiplications: int


def size(embedding: int, shared: str) -> Size:
    """Return the Base size with this embedding and this sharing."""
    return Size("encoder", LAYERS, WIDTH, HEADS, 4 * WIDTH, VOCABULARY, 512, embedding, 2, shared)


def cost(of: Size) -> Cost:
    """Count a setting."""
    narrow = of.embedding_size != of.hidden_size
    projection = of.embedding_size * of.hidden_size if narrow else 0
    parameters = count(of)
    return Cost(
        parameters,
        of.vocab_size * of.embedding_size + projection,
        memory(parameters)["fp32"],
        compute_per_token(of) + projection,
    )


def costs() -> dict[str, dict[int, Cost]]:
    """Return every setting that can be chosen: sharing -> width of the embedding -> cost."""
    return {shared: {width: cost(size(width, shared)) for width in EMBEDDINGS} for shared in SHARED}


def random_model(of: Size) -> AlbertModel:
    """Return an untrained ``AlbertModel`` that shares what ``of.shared`` says; a shared part is one module.

    Without sharing every layer is a group of its own; where only a part is shared, the layers hold the same module. A
    table as wide as the layers still passes through a projection here: ``transformers`` knows no ALBERT without one.
    """
    torch = checkpoints.import_torch()
    model: Any = checkpoints.without_weights(
        "albert",
        vocab_size=of.vocab_size,
        embedding_size=of.embedding_size,
        hidden_size=of.hidden_size,
        num_hidden_layers=of.num_layers,
        num_hidden_groups=1 if of.shared == "all" else of.num_layers,
        num_attention_heads=of.num_heads,
        intermediate_size=of.intermediate_size,
        max_position_embeddings=of.max_positions,
        type_vocab_size=of.token_types,
        hidden_act="gelu",
    )
    layers = [group.albert_layers[0] for group in model.encoder.albert_layer_groups]
    for layer in layers[1:]:
        if of.shared == "attention":
            layer.attention = layers[0].attention
        if of.shared == "feed_forward":
            layer.ffn, layer.ffn_output = layers[0].ffn, layers[0].ffn_output
            layer.full_layer_layer_norm = layers[0].full_layer_layer_norm
    model.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            buffer.copy_(
                torch.arange(buffer.numel()).reshape(buffer.shape) if "position" in name else 0 * buffer
            )
        for parameter in model.parameters():
            parameter.normal_(0, 0.02, generator=generator)
    found: AlbertModel = model.eval()
    return found


def pass_seconds(sizes: list[Size], *, tokens: int = 64, runs: int = 5) -> list[float]:
    """Measure a pass of one text through an untrained model of each size; the fastest of ``runs`` of each, in turns.

    Returns seconds, one a size. All the models are in memory together, because they take turns.
    """
    torch = checkpoints.import_torch()
    models = [random_model(one) for one in sizes]
    text = torch.arange(tokens)[None] + 1_000
    fastest = [float("inf")] * len(sizes)
    with torch.inference_mode():
        for _ in range(runs):
            for i, model in enumerate(models):
                begin = time.perf_counter()
                model(input_ids=text)
                fastest[i] = min(fastest[i], time.perf_counter() - begin)
    return fastest


@dataclass(frozen=True)
class Published:
    """A row of ALBERT's tables: parameters in millions, average score, speed beside BERT-Large (or None)."""

    kind: str
    name: str
    parameters: float
    layers: int
    width: int
    embedding: int
    shared: str
    score: float
    speed: float | None


def published(kind: str) -> list[Published]:
    """Return the rows of one table: ``config``, ``embedding-size ablation`` or ``sharing ablation``."""
    return [
        Published(
            row["kind"],
            row["model_or_setting"],
            float(row["params_M"]),
            int(row["layers"]),
            int(row["hidden"]),
            int(row["embedding_E"]),
            row["shared_across_layers"],
            float(row["average_score"]),
            float(row["speed_vs_bert_large"].rstrip("x")) if row["speed_vs_bert_large"] else None,
        )
        for row in fact_rows("albert_facts")
        if row["kind"] == kind
    ]
