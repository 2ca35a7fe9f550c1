"""How many parameters a Transformer has, tensor by tensor, without building it.

A model is a list of parts (token table, attention of one layer, ...), a part a list of tensors, and a tensor a shape
written in six letters, so the count of any size is a product of numbers and can be redone anywhere, for example in
a browser while somebody drags a slider:

    >>> bert_base = Size("encoder", 12, 768, 12, 3072, 30522, 512, 768, 2)
    >>> count(bert_base)
    109482240
    >>> [(part.name, part_count(part, bert_base)) for part in parts(bert_base)][:2]
    [('token', 23440896), ('position', 393216)]

The stacks: the encoder of BERT (Devlin et al. 2019, section 3), with the small token table and the shared layers of
ALBERT (Lan et al. 2020, section 3.1) where asked for; the decoder of GPT-2 and GPT-3 (Radford et al. 2019, section
2.3; Brown et al. 2020, section 2.1) and of GPT-1, which has no LayerNorm after the last layer (Radford et al. 2018);
the encoder-decoder of Vaswani et al. 2017 (section 3; sinusoids instead of a position table, one table for both
languages and the output). The output matrix of a language model is its token table again and counts once.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

__all__ = [
    "BYTES",
    "LETTERS",
    "NUMBERS",
    "SHARED",
    "STACKS",
    "Part",
    "Preset",
    "Size",
    "Tensor",
    "bundled_presets",
    "compute_per_token",
    "count",
    "fact_rows",
    "head_dim",
    "letters",
    "memory",
    "part_count",
    "parts",
    "plans",
    "presets",
    "times",
]

FACTS = Path(__file__).resolve().parents[3] / "assets" / "facts"

STACKS = ("encoder", "decoder", "decoder_post_norm", "encoder_decoder")
SHARED = ("none", "attention", "feed_forward", "all")
"""What all layers share (ALBERT, section 3.1 and Table 4)."""

LETTERS = ("V", "P", "S", "E", "H", "F")
"""Vocabulary, positions, segments, embedding width, hidden width, feed-forward width: what shapes are made of."""

NUMBERS = {
    "num_layers": (1, 128),
    "hidden_size": (16, 16_384),
    "num_heads": (1, 128),
    "intermediate_size": (16, 65_536),
    "vocab_size": (10, 500_000),
    "max_positions": (0, 16_384),
    "embedding_size": (8, 16_384),
}
"""Bounds of what can be built on the page; GPT-3 and every other preset lie inside."""

BYTES: Mapping[str, int] = MappingProxyType({"fp32": 4, "fp16": 2, "int8": 1})
"""Bytes of one parameter in each number format."""


@dataclass(frozen=True)
class Size:
    """The numbers that decide how large a model is.

    ``embedding_size`` differs from ``hidden_size`` only in ALBERT. ``heads`` is whether the layers used only during
    pre-training (masked prediction and next sentence) are counted. ``num_layers`` counts both sides of an
    encoder-decoder once: 6 means 6 + 6.
    """

    stack: str
    num_layers: int
    hidden_size: int
    num_heads: int
    intermediate_size: int
    vocab_size: int
    max_positions: int
    embedding_size: int
    token_types: int = 0
    shared: str = "none"
    heads: bool = False

    def __post_init__(self) -> None:
        if self.stack not in STACKS or self.shared not in SHARED:
            raise ValueError(f"unknown stack or sharing: {self.stack!r}, {self.shared!r}")
        smallest = min(
            self.num_layers,
            self.hidden_size,
            self.num_heads,
            self.intermediate_size,
            self.vocab_size,
            self.embedding_size,
        )
        if smallest < 1 or self.max_positions < 0 or self.token_types < 0:
            raise ValueError("sizes are whole numbers from 1 up")


@dataclass(frozen=True)
class Tensor:
    """A matrix or a vector. ``shape`` holds letters of :data:`LETTERS` and whole numbers (written as digits)."""

    name: str
    shape: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Tensors that do one job. ``place`` is ``input``, ``encoder``, ``decoder`` (both once a layer) or ``output``.

    ``group`` is what ALBERT's sharing calls it: ``attention``, ``feed_forward`` or nothing.
    """

    name: str
    place: str
    tensors: tuple[Tensor, ...]
    group: str = ""


def _linear(name: str, rows: str, columns: str) -> tuple[Tensor, Tensor]:
    return Tensor(name, (rows, columns)), Tensor(f"{name}_bias", (columns,))


def _norm(name: str, width: str) -> tuple[Tensor, Tensor]:
    return Tensor(f"{name}_gamma", (width,)), Tensor(f"{name}_beta", (width,))


def _attention(name: str, place: str) -> Part:
    matrices = [tensor for part in ("query", "key", "value", "output") for tensor in _linear(part, "H", "H")]
    return Part(name, place, (*matrices, *_norm("norm", "H")), "attention")


def _feed_forward(place: str) -> Part:
    return Part(
        "feed_forward",
        place,
        (*_linear("up", "H", "F"), *_linear("down", "F", "H"), *_norm("norm", "H")),
        "feed_forward",
    )


def parts(size: Size) -> tuple[Part, ...]:
    """Return the parts from the input to the output; a part of a layer appears once for all layers."""
    encoder = size.stack == "encoder"
    found = [Part("token", "input", (Tensor("table", ("V", "E")),))]
    if size.stack != "encoder_decoder" and size.max_positions:
        found.append(Part("position", "input", (Tensor("table", ("P", "E")),)))
    if size.token_types:
        found.append(Part("segment", "input", (Tensor("table", ("S", "E")),)))
    if encoder:
        found.append(Part("embedding_norm", "input", _norm("norm", "E")))
    if size.embedding_size != size.hidden_size:
        found.append(Part("projection", "input", _linear("projection", "E", "H")))
    if size.stack in ("encoder", "encoder_decoder"):
        found += [_attention("attention", "encoder"), _feed_forward("encoder")]
    if size.stack != "encoder":
        found.append(_attention("attention", "decoder"))
        if size.stack == "encoder_decoder":
            found.append(_attention("cross_attention", "decoder"))
        found.append(_feed_forward("decoder"))
    if size.stack == "decoder":
        found.append(Part("final_norm", "output", _norm("norm", "H")))
    if encoder:
        found.append(Part("pooler", "output", _linear("pooler", "H", "H")))
    if encoder and size.heads:
        mlm = (*_linear("transform", "H", "E"), *_norm("norm", "E"), Tensor("vocab_bias", ("V",)))
        found += [
            Part("masked_prediction", "output", mlm),
            Part("next_sentence", "output", _linear("next_sentence", "H", "2")),
        ]
    return tuple(found)


def plans() -> dict[str, list[dict[str, object]]]:
    """Return the parts of every stack as plain values, for a page that counts while a slider moves.

    Keys are ``stack``, with ``+small`` for a token table narrower than the layers and ``+heads`` for the layers used
    only in pre-training. Every plan lists all optional tables (positions, segments); a letter of 0 makes them empty.
    """
    found = {}
    for stack in STACKS:
        for small in (False, True) if stack == "encoder" else (False,):
            for heads in (False, True) if stack == "encoder" else (False,):
                size = Size(
                    stack, 1, 2, 1, 2, 1, 1, 1 if small else 2, 2 if stack == "encoder" else 0, heads=heads
                )
                key = stack + "+small" * small + "+heads" * heads
                found[key] = [asdict(part) for part in parts(size)]
    return found


def letters(size: Size) -> dict[str, int]:
    """Return what each letter of a shape stands for."""
    return {
        "V": size.vocab_size,
        "P": size.max_positions,
        "S": size.token_types,
        "E": size.embedding_size,
        "H": size.hidden_size,
        "F": size.intermediate_size,
    }


def part_count(part: Part, size: Size) -> int:
    """Return the parameters of a part, once (not times the layers)."""
    value = letters(size)
    return sum(
        math.prod(int(letter) if letter.isdigit() else value[letter] for letter in tensor.shape)
        for tensor in part.tensors
    )


def times(part: Part, size: Size) -> int:
    """Return how many copies of a part are stored: one a layer, or one for all layers that share it."""
    if part.place not in ("encoder", "decoder") or size.shared in ("all", part.group):
        return 1
    return size.num_layers


def count(size: Size) -> int:
    """Return the number of parameters."""
    return sum(part_count(part, size) * times(part, size) for part in parts(size))


def compute_per_token(size: Size) -> int:
    """Return the multiplications by weights inside the layers for one token (each side of an encoder-decoder once).

    Sharing layers does not lower it: a shared layer is still computed once per pass (ALBERT, Table 2). What attention
    adds, 2 x length x width a layer for the scores and the weighted sum, depends on the text and is left out.
    """
    value = letters(size)
    matrices = sum(
        value[tensor.shape[0]] * value[tensor.shape[1]]
        for part in parts(size)
        if part.place in ("encoder", "decoder")
        for tensor in part.tensors
        if len(tensor.shape) == 2
    )
    return matrices * size.num_layers


def memory(parameters: int) -> dict[str, int]:
    """Return the bytes that the parameters alone take in each number format.

    >>> memory(109_482_240)
    {'fp32': 437928960, 'fp16': 218964480, 'int8': 109482240}
    """
    return {name: each * parameters for name, each in BYTES.items()}


def head_dim(size: Size) -> float:
    """Return the width of one head; not a whole number where a paper's printed sizes do not fit together."""
    return size.hidden_size / size.num_heads


@dataclass(frozen=True)
class Preset:
    """A model of a paper, or one in the repository.

    ``paper_label`` is the size as its paper prints it, ``source`` the paper and table. ``counted_file`` is what the
    weights file of a bundled model holds, else ``None``. ``note`` is a key for a remark about the printed sizes.
    """

    name: str
    family: str
    size: Size
    paper_label: str
    source: str
    counted_file: int | None = None
    note: str = ""

    @property
    def as_dict(self) -> dict[str, object]:
        """The preset with its count, as plain values."""
        return asdict(self) | {"count": count(self.size)}


def fact_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table in ``assets/facts``."""
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class _Shelf:
    found: list[Preset] = field(default_factory=list)

    def put(self, name: str, family: str, size: Size, label: str, source: str, note: str = "") -> None:
        self.found.append(Preset(name, family, size, label, source, None, note))


@cache
def presets() -> tuple[Preset, ...]:
    """Return the models of the papers, in the order of their families, from the tables in ``assets/facts``."""
    shelf = _Shelf()
    for row in fact_rows("transformer_sizes"):
        layers, width, heads, inner = (
            int(row[key]) for key in ("encoder_layers", "d_model", "heads", "d_ff")
        )
        size = Size("encoder_decoder", layers, width, heads, inner, 37_000, 0, width)
        name = row["model"].lower().replace(" ", "-")
        shelf.put(name, "Transformer", size, f"{row['params_M']}M", "Vaswani et al. 2017, Table 3")
    for row in fact_rows("bert_sizes"):
        layers, width, heads, inner, positions, vocab = (
            int(row[key])
            for key in ("layers_L", "hidden_H", "heads_A", "ffn_4H", "max_positions", "vocab_size")
        )
        size = Size("encoder", layers, width, heads, inner, vocab, positions, width, 2)
        shelf.put(
            row["model"].lower(),
            "BERT",
            size,
            f"{row['params_paper_M']}M",
            "Devlin et al. 2019, section 3",
            "bert_large" if width == 1024 else "",
        )
    for row in fact_rows("albert_facts"):
        if row["kind"] == "config" and row["model_or_setting"].startswith("ALBERT"):
            layers, width, small = int(row["layers"]), int(row["hidden"]), int(row["embedding_E"])
            heads = width // 64  # Lan et al. 2020, section 4.1
            size = Size(
                "encoder", layers, width, heads, 4 * width, 30_000, 512, small, 2, row["shared_across_layers"]
            )
            shelf.put(
                row["model_or_setting"].lower(),
                "ALBERT",
                size,
                f"{row['params_M']}M",
                "Lan et al. 2020, Table 1",
                "albert",
            )
    # The paper gives no total; the GPT-2 paper calls this size 117M. 40,478 is the released vocabulary.
    gpt1 = Size("decoder_post_norm", 12, 768, 12, 3072, 40_478, 512, 768)
    shelf.put("gpt-1", "GPT-1", gpt1, "117M", "Radford et al. 2018, section 4.1")
    for row in fact_rows("gpt2_models"):
        layers, width = int(row["layers"]), int(row["d_model"])
        size = Size(
            "decoder", layers, width, width // 64, 4 * width, int(row["vocab"]), int(row["context"]), width
        )
        shelf.put(
            f"gpt-2-{row['label_in_paper'].lower()}",
            "GPT-2",
            size,
            row["label_in_paper"],
            "Radford et al. 2019, Table 2",
            "gpt2",
        )
    notes = {"GPT-3 XL": "gpt3_xl", "GPT-3 13B": "gpt3_13b"}
    for row in fact_rows("gpt3_models"):
        layers, width, heads, inner = (int(row[key]) for key in ("n_layers", "d_model", "n_heads", "d_ff"))
        size = Size("decoder", layers, width, heads, inner, 50_257, int(row["n_ctx"]), width)
        name = "gpt-3-" + row["params_label"].lower().replace(".0b", "b")
        shelf.put(
            name,
            "GPT-3",
            size,
            row["params_label"],
            "Brown et al. 2020, Table 2.1",
            notes.get(row["model"], ""),
        )
    return tuple(shelf.found)


def bundled_presets() -> tuple[Preset, ...]:
    """Return the models in the repository, with what their weights files hold, without loading them."""
    from components.lm import checkpoints

    found = []
    for name in checkpoints.store().bundled_names():
        try:
            card = checkpoints.card(name)
            folder = checkpoints.store().folder(checkpoints.store().parse_name(name))
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (checkpoints.ModelRefused, OSError, ValueError):
            continue
        if card.family not in ("bert", "gpt2") or card.max_positions is None:
            continue
        encoder = card.family == "bert"
        inner = config.get("intermediate_size") if encoder else config.get("n_inner")
        size = Size(
            "encoder" if encoder else "decoder",
            card.num_layers,
            card.hidden_size,
            card.num_heads,
            int(inner or 4 * card.hidden_size),
            card.vocab_size,
            card.max_positions,
            card.hidden_size,
            int(config.get("type_vocab_size", 2)) if encoder else 0,
            heads=encoder and card.can("masked_prediction"),
        )
        found.append(Preset(name, "Glassbox", size, "", card.revision, card.num_parameters))
    return tuple(found)
