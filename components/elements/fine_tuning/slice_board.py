"""Two slices of one loss, each through a start, with the paths that SGD took from there with batches of three sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("fine_tuning/slice_board")


@dataclass(frozen=True)
class SliceView:
    """``step`` counts the steps of SGD, ``track`` the sizes of a batch; both from 0."""

    step: int
    track: int


class SlicePath(TypedDict):
    """One path: by step its place (x, y, distance from the slice) and the loss; ``share`` of the squared way that the slice shows."""

    places: Sequence[Sequence[float]]
    losses: Sequence[float]
    share: float


class SlicePanel(TypedDict):
    """One start: the square of its slice, ``losses`` in rows from low y to high, and its paths."""

    label: str
    middle: Sequence[float]
    side: float
    losses: Sequence[Sequence[float]]
    paths: Sequence[SlicePath]


class SliceData(TypedDict):
    """What the board is sent; ``tracks`` are the names of the batches."""

    panels: Sequence[SlicePanel]
    tracks: Sequence[str]
    steps: int
    loss: str
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def slice_board(data: SliceData, view: SliceView, *, identity: str, rev: int, key: str) -> SliceView:
    """Draw the slices and return where the reader is now.

    Args:
        data: the two panels, names and words.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names the loss that is shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {"step": Whole(0, data["steps"]), "track": Whole(0, len(data["tracks"]) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
