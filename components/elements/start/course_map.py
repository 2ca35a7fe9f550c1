"""The course as a line through its stops."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from components.elements.mount import element

_mount = element("start/course_map")


class Frame(TypedDict):
    """One picture of a miniature; which fields it has depends on the kind.

    ``bars``: ``text`` with its ``next`` token, ``bars`` of (name, share 0…1) and the index that was ``chosen``.
    ``strips``: ``rows`` of symbols and those that are ``marked``. ``matrix``: ``tokens`` and ``weights`` (query, key) 0…1.
    """

    text: NotRequired[str]
    next: NotRequired[str]
    bars: NotRequired[list[list[Any]]]
    chosen: NotRequired[int]
    rows: NotRequired[Sequence[Sequence[str]]]
    marked: NotRequired[Sequence[str]]
    tokens: NotRequired[list[str]]
    weights: NotRequired[list[list[float]]]


class Miniature(TypedDict):
    """What a stop of the map shows, frame by frame; with reduced motion the first frame stays."""

    kind: Literal["bars", "strips", "matrix"]
    frames: Sequence[Frame]


class Stop(TypedDict):
    """One stop of the map: ``name`` is chapter and page (``bert/masking``), ``path`` its address, ``miniature`` its
    frames, ``minutes`` about how long it takes."""

    name: str
    path: str
    chapter: str
    title: str
    question: str
    miniature: Miniature | None
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
