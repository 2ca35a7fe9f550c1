"""Two models at one moment of their training: a probe with its candidates, and what each kind of probe came to."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.elements.mount import element

_mount = element("gpt/learning_board")


@dataclass(frozen=True)
class LearningView:
    """``probe`` counts through all probes, ``moment`` through the snapshots; both from 0."""

    probe: int
    moment: int


def show_learning_board(data: Mapping[str, Any], view: LearningView, *, rev: int, key: str) -> LearningView:
    """Draw the board and return where the reader is now.

    Args:
        data: models, probes, kinds and words as ``components/shell/learning_page.py`` makes them.
        view: the state of the link; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    start = st.session_state.get(f"_{key}_start")
    if start is None or start[0] != rev:
        start = st.session_state[f"_{key}_start"] = (rev, view)
    result = _mount(
        key=key,
        data={**data, "rev": rev, "start": {"probe": start[1].probe, "moment": start[1].moment}},
        on_view_change=lambda: None,
    )
    last = max(len(model["moments"]) for model in data["models"]) - 1
    return checked(result.get("view"), view, rev, last, len(data["probes"]))


def checked(value: Any, otherwise: LearningView, rev: int, last: int, count: int) -> LearningView:
    """Return what a browser sent under this ``rev``, within bounds, or ``otherwise``."""
    if isinstance(value, Mapping) and value.get("rev") == rev:
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            otherwise = LearningView(int(value["probe"]), int(value["moment"]))
    return LearningView(min(max(otherwise.probe, 0), count - 1), min(max(otherwise.moment, 0), last))
