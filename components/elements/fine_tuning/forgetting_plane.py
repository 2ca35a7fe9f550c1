"""What is kept of an old task against what is learned of a new one: a track for each method, and sentences of both tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("fine_tuning/forgetting_plane")


@dataclass(frozen=True)
class ForgettingView:
    """``step`` counts the measured moments, ``track`` the methods; both from 0."""

    step: int
    track: int = 0


class Track(TypedDict):
    """One method: by moment its scores (value, low, high) on the old and the new task, and what it says of what is in sight."""

    label: str
    note: str
    old: Sequence[Sequence[float]]
    new: Sequence[Sequence[float]]
    said_old: Sequence[Sequence[Any]]
    said_new: Sequence[Sequence[Any]]
    off: Sequence[float] | None


class ForgettingData(TypedDict):
    """What the plane is sent. ``old`` and ``new`` are rows as ``task_runs.shown_rows`` makes them."""

    steps: Sequence[int]
    tracks: Sequence[Track]
    shown: Sequence[int]
    old: Sequence[Mapping[str, Any]]
    new: Sequence[Mapping[str, Any]]
    tags: Sequence[str]
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def forgetting_plane(
    data: ForgettingData, view: ForgettingView, *, identity: str, rev: int, key: str
) -> ForgettingView:
    """Draw the tracks and return where the reader is now.

    Args:
        data: every method's track, those that are drawn (``shown``), sentences and words.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names the runs that are shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {"step": Whole(0, len(data["steps"]) - 1), "track": Whole(0, len(data["tracks"]) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
