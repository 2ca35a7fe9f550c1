"""Two models at one moment of their training: a probe with its candidates, and what each kind of probe came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.elements.mount import element
from components.elements.view import Whole, reported, started

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
    start = started(key, view, rev)
    result = _mount(
        key=key,
        data={**data, "rev": rev, "start": {"probe": start.probe, "moment": start.moment}},
        on_view_change=lambda: None,
    )
    last = max(len(model["moments"]) for model in data["models"]) - 1
    bounds = {"probe": Whole(0, len(data["probes"]) - 1), "moment": Whole(0, last)}
    return reported(result.get("view"), view, rev, bounds)
