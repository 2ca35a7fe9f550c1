"""The four masks on grids that can be edited, with the row of weights that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.elements.mount import element
from components.elements.view import Several, Whole, reported
from components.words import labels

_mount = element("transformer/mask_patterns")


@dataclass(frozen=True, eq=False)
class MaskPanel:
    """One grid: ``allowed`` is (query, key); ``start`` the row whose weights are shown first."""

    name: str
    allowed: npt.NDArray[np.bool_]
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    start: int


@dataclass(frozen=True)
class Flips:
    """The cells that differ from the patterns, as panel * 100 + query * 10 + key."""

    flips: tuple[int, ...]


def mask_patterns(
    panels: Sequence[MaskPanel], scores: npt.ArrayLike, flips: Sequence[int], *, rev: int
) -> tuple[int, ...]:
    """Draw the grids and return the cells that were flipped, as panel * 100 + query * 10 + key.

    Args:
        panels: the four patterns, at most 10 by 10.
        scores: (query, key) before the mask; panels with fewer keys use the first columns.
        flips: cells that differ from the pattern at first.
        rev: raised by Python when it moved ``flips``.
    """
    result = _mount(
        key="mask_patterns",
        data={
            "rev": rev,
            "flips": list(flips),
            "scores": np.asarray(scores).tolist(),
            "patterns": [
                {
                    "name": panel.name,
                    "allowed": panel.allowed.tolist(),
                    "queries": list(panel.queries),
                    "keys": list(panel.keys),
                    "start": panel.start,
                }
                for panel in panels
            ],
            "words": labels("mask_patterns"),
        },
        on_flips_change=lambda: None,
    )
    now = Flips(tuple(flips))
    return reported(result.flips, now, rev, {"flips": Several(Whole(0, 100 * len(panels) - 1))}).flips
