"""The course as a line through its stops."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from components.elements.mount import element

_mount = element("start/course_map")
_MINIATURES = Path(__file__).parents[3] / "assets" / "traces" / "miniatures.json"


@cache
def _miniatures() -> dict[str, Any]:
    """Return page -> what its miniature shows; computed by ``assets/traces/make.py``."""
    found: dict[str, Any] = json.loads(_MINIATURES.read_text(encoding="utf-8"))
    return found


class Stop(TypedDict):
    """One stop of the map: ``name`` is chapter and page (``bert/masking``), ``path`` its address."""

    name: str
    path: str
    chapter: str
    title: str
    question: str


def course_map(stops: Sequence[Stop], *, start: str, intro: str) -> str | None:
    """Draw the map and return the name of the stop that was clicked, if any."""
    result = _mount(
        key="course_map",
        data={
            "start": start,
            "intro": intro,
            "stops": [{**stop, "miniature": _miniatures().get(stop["name"])} for stop in stops],
        },
        on_go_change=lambda: None,
    )
    return next((stop["name"] for stop in stops if stop["name"] == result.go), None)
