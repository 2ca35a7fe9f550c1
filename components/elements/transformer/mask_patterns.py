"""The four masks on grids that can be edited, with the row of weights that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.elements.mount import element
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


def mask_patterns(
    panels: Sequence[MaskPanel], scores: npt.ArrayLike, state: Mapping[str, object], *, view: str, rev: int
) -> None:
    """Draw the grids. The cells that were changed are the view that another element of the page reports; this one tells nothing.

    Args:
        panels: the four patterns, at most 10 by 10.
        scores: (query, key) before the mask; panels with fewer keys use the first columns.
        state: the view of the page; its ``flips`` are the cells that differ from the pattern, as panel * 100 + query * 10 + key.
        view: the name that the elements of the page share (``lib/view.js``).
        rev: raised by Python when it moved the view.
    """
    _mount(
        key="mask_patterns",
        data={
            "view": view,
            "rev": rev,
            "state": dict(state),
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
    )
