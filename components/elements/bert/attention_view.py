"""Attention of a text: every head as a thumbnail, the chosen ones as lines between tokens and as a matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from components.elements.mount import element
from components.lm.reading import Reading
from components.lm.transformer.attention import message
from components.words import labels

_mount = element("bert/attention_view")


@dataclass(frozen=True)
class AttentionChoice:
    """What the reader chose in the element: one layer, some of its columns (heads, or other readings), a pinned token
    (-1: none), an order, the least score shown in it, what is left out of the picture, the weight below which no line
    is drawn.

    To start with no heads means the first head of the order.
    """

    layer: int
    heads: tuple[int, ...]
    token: int
    sort: str
    least: float = 0.0
    no_special: bool = False
    no_punctuation: bool = False
    pair: str = "all"
    threshold: float = 0.0


PAIRS = ("all", "aa", "ab", "ba", "bb")
"""Which text reads which, in a pair."""


def attention_view(
    packed: npt.NDArray[np.uint8],
    reading: Reading,
    *,
    key: str,
    layers: Sequence[int],
    columns: Sequence[str],
    scores: Mapping[str, Sequence[Sequence[float | None]]],
    strongest: Sequence[Sequence[str]] | None,
    even_induction: float,
    start: AttentionChoice,
    now: AttentionChoice,
    rev: int,
) -> AttentionChoice:
    """Draw the view and return what is chosen in it. All pointing and choosing happens in the browser.

    Args:
        packed: (layer, column, query, key) bytes of ``components.lm.transformer.attention.pack_weights``.
        reading: the tokens along the last two axes.
        key: identity of the element; a new key forgets what was chosen.
        layers: number of the layer for each place of the first axis.
        columns: name of each place of the second axis, heads or other readings.
        scores: kind -> (layer, column), what a head does; None where the text cannot tell.
        strongest: (layer, column), the kind with the highest score; None if there are no scores.
        even_induction: the score of kind ``induction`` of a head that looks at everything alike.
        start: where to begin; taken over only when ``rev`` changed. Must stay the same while ``rev`` does, or all
            weights travel again.
        now: what the page holds; returned as long as the browser has said nothing about this ``key`` and ``rev``.
        rev: raised by Python when it moved the choice.
    """
    header: dict[str, Any] = {
        "id": key,
        "rev": rev,
        "tokens": list(reading.texts),
        "segments": reading.segments.tolist(),
        "special": reading.special.astype(int).tolist(),
        "punctuation": reading.punctuation.astype(int).tolist(),
        "pair": bool(reading.segments.any()),
        "layers": list(layers),
        "columns": list(columns),
        "scores": dict(scores),
        "kinds": list(scores),
        "strongest": strongest,
        "evenInduction": round(even_induction, 4),
        "start": {
            "layer": start.layer,
            "heads": list(start.heads),
            "token": None if start.token < 0 else start.token,
            "sort": start.sort,
            "least": start.least,
            "noSpecial": start.no_special,
            "noPunctuation": start.no_punctuation,
            "pair": start.pair,
            "threshold": start.threshold,
        },
        "words": labels("attention_view"),
    }
    result = _mount(key="attention_view", data=message(header, packed), on_view_change=lambda: None)
    chosen = result.view
    if not chosen or (chosen.get("id"), chosen.get("rev")) != (key, rev):  # older than what Python moved
        return replace(
            now,
            layer=now.layer if now.layer in layers else layers[-1],
            heads=tuple(head for head in now.heads if head < len(columns)) or (0,),
            token=now.token if now.token < len(reading) else -1,
        )
    return AttentionChoice(
        layer=int(chosen["layer"]),
        heads=tuple(int(head) for head in chosen["heads"] if 0 <= int(head) < len(columns)) or (0,),
        token=int(chosen["token"]) if int(chosen["token"]) < len(reading) else -1,
        sort=str(chosen["sort"]),
        least=min(max(float(chosen["least"]), 0.0), 1.0),
        no_special=bool(chosen["noSpecial"]),
        no_punctuation=bool(chosen["noPunctuation"]),
        pair=str(chosen["pair"]) if chosen["pair"] in PAIRS else "all",
        threshold=min(max(float(chosen["threshold"]), 0.0), 0.5),
    )
