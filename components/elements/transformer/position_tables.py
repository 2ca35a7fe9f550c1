"""Two tables of positions side by side, stepped in the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Bound, OneOf, Whole, reported, started

_mount = element("transformer/position_tables")
VIEWS = ("curve", "matrix")


@dataclass(frozen=True)
class Look:
    """What the reader points at."""

    position: int
    dim: int
    view: str


@dataclass(frozen=True)
class Panel:
    """One table: ``rows`` is (positions, width); ``value_range`` fixes the colours, else the 99th percentile does."""

    name: str
    rows: npt.NDArray[Any]
    title: str
    about: str
    note: str = ""
    value_range: float | None = None


def position_tables(
    panels: Sequence[Panel],
    look: Look,
    *,
    frequencies: npt.NDArray[Any],
    measure: str,
    words: Mapping[str, str],
    stepper: Mapping[str, str],
    rev: int,
    key: str,
) -> Look:
    """Draw the tables over the same positions and return what the reader points at now.

    Args:
        panels: a panel called ``sinusoids`` shows its formula and clock hands, others their nearest rows.
        look: the state of the link; the element follows it when ``rev`` changes.
        frequencies: radians per position of each pair of dimensions of the sinusoids.
        measure: ``dot`` or ``cosine``.
        words: labels of the element; ``stepper``: those of the stepper.
        rev: raised when a link moved the state.
        key: the element's key in the session.
    """
    positions = min(len(panel.rows) for panel in panels)
    start = started(key, look, rev)
    header = {
        "rev": rev,
        "start": {"position": start.position, "dim": start.dim, "view": start.view},
        "positions": positions,
        "measure": measure,
        "frequencies": [float(f) for f in frequencies],
        "panels": [
            {"name": p.name, "title": p.title, "about": p.about, "note": p.note, "range": p.value_range}
            for p in panels
        ],
        "words": dict(words),
        "stepper": dict(stepper),
    }
    arrays = {panel.name: np.asarray(panel.rows[:positions]) for panel in panels}
    result = _mount(key=key, data=packed(header, arrays), on_view_change=lambda: None)
    width = max(panel.rows.shape[1] for panel in panels)
    bounds: dict[str, Bound] = {
        "position": Whole(0, positions - 1),
        "dim": Whole(0, width - 1),
        "view": OneOf(VIEWS),
    }
    return reported(result.get("view"), look, rev, bounds)
