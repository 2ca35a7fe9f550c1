"""The course as a line through its stops."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from components.elements.mount import element

_mount = element("start/course_map")


class Stop(TypedDict):
    """One stop of the map: ``name`` is chapter and page (``bert/masking``), ``path`` its address, ``miniature`` its
    frames, ``minutes`` about how long it takes."""

    name: str
    path: str
    chapter: str
    title: str
    question: str
    miniature: Any
    minutes: int


def course_map(stops: Sequence[Stop], *, start: str, intro: str, words: Mapping[str, str]) -> str | None:
    """Draw the map and return the name of the stop that was clicked, if any.

    The stops that were open in this browser are ticked; the list of them never leaves it (``lib/seen.js``).
    """
    result = _mount(
        key="course_map",
        data={
            "start": start,
            "intro": intro,
            "words": dict(words),
            "stops": list(stops),
        },
        on_go_change=lambda: None,
    )
    return next((stop["name"] for stop in stops if stop["name"] == result.go), None)
