"""One task of BERT's: the input row with the head on it, six held-out sentences as two models see them, and the curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("fine_tuning/tasks_board")


@dataclass(frozen=True)
class TasksView:
    """``step`` counts the measured moments, ``sentence`` the held-out sentences in sight; both from 0."""

    step: int
    sentence: int = 0


class TasksSentence(TypedDict):
    """A held-out example as ``task_runs.shown_rows`` makes it: its tokens, those the head reads (``heads``), where each stands in
    the text, and ``gold``: a tag a word, every right span as (first, last) token, or the class."""

    text: str
    second: str
    tokens: Sequence[str]
    heads: Sequence[int]
    words: Sequence[str]
    offsets: Sequence[Sequence[int]]
    gold: int | Sequence[int] | Sequence[Sequence[int]]


class TasksLane(TypedDict):
    """One start: what it says of each sentence in sight, and its scores (value, low, high), by moment."""

    label: str
    said: Sequence[Sequence[Any]]
    generated: Sequence[Sequence[float]]
    written: Sequence[Sequence[float]]


class TasksData(TypedDict):
    """What the board is sent."""

    task: str
    steps: Sequence[int]
    guess: float
    tags: Sequence[str]
    sentences: Sequence[TasksSentence]
    lanes: Sequence[TasksLane]
    counts: Mapping[str, int]
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def tasks_board(data: TasksData, view: TasksView, *, identity: str, rev: int, key: str) -> TasksView:
    """Draw two runs and return where the reader is now.

    Args:
        data: the two lanes, pre-trained first, their sentences and words.
        view: the state of the link; the element follows it when ``rev`` changes.
        identity: names the runs that are shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {"step": Whole(0, len(data["steps"]) - 1), "sentence": Whole(0, len(data["sentences"]) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
