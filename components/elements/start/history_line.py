"""The history as a line of stops by year and branch, with a card for the one that is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("start/history_line")


@dataclass(frozen=True)
class LineView:
    """The place of the stop that is looked at."""

    stop: int


class LineStop(TypedDict):
    """One stop: ``date`` is a year or a year and a month, empty for an outlook; ``lane`` its branch; ``before`` says what could not be
    done before it, ``facts`` and ``course`` are further lines or empty; ``page`` (with its ``path``) shows it, both may be empty; ``runs`` says
    that something is computed for it on this page."""

    id: str
    date: str
    name: str
    lane: str
    before: str
    facts: str
    course: str
    source: str
    url: str
    page: str
    path: str
    runs: bool


class LineData(TypedDict):
    """What the element is sent; ``lanes`` are (identifier, label), from top to bottom."""

    stops: Sequence[LineStop]
    lanes: Sequence[tuple[str, str]]
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def history_line(data: LineData, view: LineView, *, rev: int, key: str) -> LineView:
    """Draw the line and return where the reader is.

    Args:
        data: stops and words.
        view: the state of the link; the element follows it when ``rev`` changes.
        rev: raised when a link moved the state.
        key: the element's key in the session.
    """
    bounds = {"stop": Whole(0, len(data["stops"]) - 1)}
    return placed(_mount, data, view, bounds, rev=rev, key=key)
