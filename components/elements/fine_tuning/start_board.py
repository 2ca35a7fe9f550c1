"""Many random starts of one training as a histogram, the pre-trained start as a line, at each moment of the training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("fine_tuning/start_board")


@dataclass(frozen=True)
class StartView:
    """``step`` counts the measured moments, from 0."""

    step: int


class StartedRun(TypedDict):
    """One start: its name, and one value a moment."""

    name: str
    values: Sequence[float]


class StartData(TypedDict):
    """What the board is sent. ``most`` ends the axis, ``guess`` is what knowing nothing comes to (None: no such line); ``share`` says
    that the values are shares, of which 1 is all."""

    steps: Sequence[int]
    random: Sequence[StartedRun]
    pretrained: Sequence[StartedRun]
    mine: Sequence[StartedRun]
    axis: str
    most: float
    guess: float | None
    share: bool
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def start_board(data: StartData, view: StartView, *, identity: str, rev: int, key: str) -> StartView:
    """Draw the starts and return where the reader is now.

    Args:
        data: every start's values; ``mine`` are a reader's own, drawn with a mark of their own.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names what is measured.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {"step": Whole(0, len(data["steps"]) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
