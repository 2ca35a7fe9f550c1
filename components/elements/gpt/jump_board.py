"""One training from its start: accuracy, where each head looks, the loss, and the moments one can go to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from components.elements.mount import element

_mount = element("gpt/jump_board")


@dataclass(frozen=True)
class JumpView:
    """The moment the reader went to."""

    moment: int


class JumpSeries(TypedDict):
    """One line: a value a measurement. ``ink`` numbers its colour, ``strong`` ones are drawn thicker and named."""

    name: str
    values: Sequence[float]
    ink: int
    strong: bool


class OtherRun(TypedDict):
    """The same measurement of another training, drawn thinly."""

    tokens: Sequence[int]
    values: Sequence[float]
    ink: int


class JumpPanel(TypedDict):
    """One chart from 0 to ``most``."""

    name: str
    title: str
    most: float
    series: list[JumpSeries]
    others: NotRequired[list[OtherRun]]


class JumpMoment(TypedDict):
    """A moment one can go to, by the tokens read until then."""

    tokens: int


class JumpData(TypedDict):
    """What the element is sent: ``tokens`` read at each measurement, ``span`` the tokens that the axis has to hold,
    ``picture`` the name of the exported file."""

    tokens: Sequence[int]
    span: Sequence[int]
    panels: list[JumpPanel]
    moments: list[JumpMoment]
    picture: str
    lang: str
    words: Mapping[str, str]


def jump_board(
    data: JumpData, moment: int, *, rev: int, key: str, on_view: Callable[[], None] | None = None
) -> None:
    """Draw the charts; with moments, the one the reader goes to becomes ``view`` of the element.

    Args:
        data: the charts, the moments and their words.
        moment: the moment to begin with; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: called when the reader moved; ``st.session_state[key]["view"]`` then holds a ``JumpView``, to be checked.
    """
    _mount(key=key, data={**data, "rev": rev, "start": moment}, on_view_change=on_view or (lambda: None))
