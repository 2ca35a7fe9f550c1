"""Two tables of positions side by side, stepped in the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.elements.mount import element
from components.elements.packed import packed

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
    start = st.session_state.get(f"_{key}_start")
    if start is None or start[0] != rev:
        start = st.session_state[f"_{key}_start"] = (rev, look)
    header = {
        "rev": rev,
        "start": {"position": start[1].position, "dim": start[1].dim, "view": start[1].view},
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
    return checked(result.get("view"), look, rev, positions, width)


def checked(value: Any, otherwise: Look, rev: int, positions: int, width: int) -> Look:
    """Return what a browser sent under this ``rev``, within bounds, or ``otherwise``."""
    if not isinstance(value, Mapping) or value.get("rev") != rev or value.get("view") not in VIEWS:
        return otherwise
    try:
        position, dim = int(value["position"]), int(value["dim"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return otherwise
    return Look(min(max(position, 0), positions - 1), min(max(dim, 0), width - 1), str(value["view"]))
