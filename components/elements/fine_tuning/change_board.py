"""The change of one weight matrix as a heat map and cut to few directions, and what the model still finds with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from components.elements.fine_tuning.tasks_board import TasksSentence
from components.elements.mount import element
from components.elements.view import Whole, reported, started

_mount = element("fine_tuning/change_board")


@dataclass(frozen=True)
class ChangeView:
    """``rank`` counts the offered ranks, ``matrix`` the matrices, both from 0."""

    rank: int
    matrix: int


class MatrixPicture(TypedDict):
    """The numbers of one matrix, base64 of little-endian values.

    ``w``: the size of each weight before training as uint8, 255 at ``w_range``. ``b`` (out, r) and ``a`` (r, in): float32, their product
    is the change in r directions. ``whole``: the whole change as int8, 127 at ``whole_range``; None if it is not kept.
    """

    matrix: int
    w: str
    w_range: float
    b: str
    a: str
    whole: str | None
    whole_range: float


class ChangedMatrix(TypedDict):
    """One matrix of a layer: ``shape`` (out, in), ``relative`` the size of its change beside its own, ``shares`` of the squared
    change that the first directions hold, by rank."""

    layer: int
    kind: str
    shape: Sequence[int]
    relative: float
    shares: Sequence[float]


class ChangeLane(TypedDict):
    """One start: by rank what it says of each sentence in sight and its scores (value, low, high)."""

    label: str
    said: Sequence[Sequence[Any]]
    written: Sequence[Sequence[float]]
    generated: Sequence[Sequence[float]]


class ChangeData(TypedDict):
    """What the board is sent. ``ranks`` end with -1, all directions."""

    ranks: Sequence[int]
    matrices: Sequence[ChangedMatrix]
    picture: MatrixPicture
    tags: Sequence[str]
    sentences: Sequence[TasksSentence]
    lanes: Sequence[ChangeLane]
    count: int
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def change_board(
    data: ChangeData, view: ChangeView, *, rev: int, key: str, on_view: Callable[[], None]
) -> ChangeView:
    """Draw the matrix and return where the reader is now.

    Args:
        data: the picture of one matrix, the shares of all, the two lanes and words.
        view: the state of the link; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: told when the reader moved, before the page runs again: another matrix needs another picture.
    """
    start = started(key, view, rev)
    result = _mount(key=key, data={**data, "rev": rev, "start": asdict(start)}, on_view_change=on_view)
    return change_seen(
        result.get("view"), view, rev, ranks=len(data["ranks"]), matrices=len(data["matrices"])
    )


def change_seen(value: object, otherwise: ChangeView, rev: int, *, ranks: int, matrices: int) -> ChangeView:
    """Return the view that a browser reports under this ``rev``, within bounds, or ``otherwise``."""
    return reported(value, otherwise, rev, {"rank": Whole(0, ranks - 1), "matrix": Whole(0, matrices - 1)})
