"""Prompts for the same questions: how many each gets right, and the questions of one of them beside its threshold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, reported, started

_mount = element("gpt/wording_board")


@dataclass(frozen=True)
class WordingView:
    """``row`` counts the prompts, ``way`` the thresholds, ``step`` the questions by their margin, all from 0."""

    row: int
    way: int
    step: int


class WordingRow(TypedDict):
    """One prompt. Without measurements ``right`` and what follows are None.

    ``right`` questions, ``low`` and ``high`` of the 95% interval, each by way; ``margins`` log P(first) - log P(second) of
    each question, in nats; ``thresholds`` by name of the way, one number or one for each question; ``mass`` what both
    answers get together.
    """

    name: str
    template: str
    labels: Sequence[str] | None
    own: bool
    right: Sequence[int] | None
    low: Sequence[float] | None
    high: Sequence[float] | None
    margins: Sequence[float] | None
    thresholds: Mapping[str, Sequence[float]] | None
    mass: float


class WordingWay(TypedDict):
    """One way to set the threshold."""

    name: str
    label: str
    note: str


class WordingItem(TypedDict):
    """One question: what fills the prompt, its ``answers`` (None: the prompt's labels), which is ``right`` (0 or 1)."""

    slots: Mapping[str, str]
    answers: Sequence[str] | None
    right: int


class WordingData(TypedDict):
    """What the board is sent; ``lanes`` names the two classes of questions, ``id`` what is shown."""

    id: str
    title: str
    rows: Sequence[WordingRow]
    ways: Sequence[WordingWay]
    items: Sequence[WordingItem]
    lanes: Sequence[str]
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def wording_board(
    data: WordingData, view: WordingView, *, rev: int, key: str, on_view: Callable[[], None]
) -> WordingView:
    """Draw the prompts and return where the reader is now.

    Args:
        data: prompts, questions and words.
        view: the state of the link; the element follows it when ``rev`` or what is shown changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: told when the reader moved, before the page runs again.
    """
    start = started(key, view, (rev, data["id"]))
    result = _mount(key=key, data={**data, "rev": rev, "start": asdict(start)}, on_view_change=on_view)
    return wording_seen(
        result.get("view"),
        view,
        rev,
        rows=len(data["rows"]),
        ways=len(data["ways"]),
        items=len(data["items"]),
    )


def wording_seen(
    value: object, otherwise: WordingView, rev: int, *, rows: int, ways: int, items: int
) -> WordingView:
    """Return the view that a browser reports under this ``rev``, within bounds, or ``otherwise``."""
    bounds = {"row": Whole(0, rows - 1), "way": Whole(0, ways - 1), "step": Whole(0, items - 1)}
    return reported(value, otherwise, rev, bounds)
