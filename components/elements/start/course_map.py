"""The course as a line through its stops."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from components.elements.mount import element
from components.shell.navigation import Lesson
from components.words import t

_mount = element("start/course_map")
_MINIATURES = Path(__file__).parents[3] / "assets" / "traces" / "miniatures.json"


@cache
def _miniatures() -> dict[str, Any]:
    """Return page -> what its miniature shows; computed by ``assets/traces/make.py``."""
    found: dict[str, Any] = json.loads(_MINIATURES.read_text(encoding="utf-8"))
    return found


def course_map(stops: Sequence[Lesson], *, start: str, intro: str) -> Lesson | None:
    """Draw the map and return the stop that was clicked, if any."""
    result = _mount(
        key="course_map",
        data={
            "start": start,
            "intro": intro,
            "stops": [
                {
                    "name": stop.name,
                    "path": stop.url_path,
                    "chapter": t("nav", stop.chapter),
                    "title": stop.title,
                    "question": stop.question,
                    "miniature": _miniatures().get(stop.name),
                }
                for stop in stops
            ],
        },
        on_go_change=lambda: None,
    )
    return next((stop for stop in stops if stop.name == result.go), None)
