"""What a model has met of one text after some epochs: a grid of epochs and tokens for each way of masking."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("bert/seen_grid")


def seen_grid(tokens: Sequence[tuple[str, bool]], panels: Sequence[Mapping[str, Any]]) -> None:
    """Draw the grids.

    Args:
        tokens: (token, is special) of each column.
        panels: title, line (what it amounts to in words), actions (epoch, token), predicted (token).
    """
    _mount(key="seen_grid", data={"tokens": list(tokens), "panels": list(panels), "words": labels("dice")})
