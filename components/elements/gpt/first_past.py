"""Published scores beside what was best before: the reader guesses which of them passes it first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Several, Whole, reported, started

_mount = element("gpt/first_past")


@dataclass(frozen=True)
class GuessView:
    """``guesses`` (row,): 0 for none yet, else the place of the option, from 1; the last option is "never"."""

    guesses: tuple[int, ...]


class PastRow(TypedDict):
    """One task: ``values`` at each point (None: not published), ``passes`` whether each is better than ``best``.

    ``lower``: a smaller number is better. ``by`` had the best before. ``said`` and ``numbers``: the scores in words.
    """

    name: str
    metric: str
    lower: bool
    values: Sequence[float | None]
    passes: Sequence[bool | None]
    best: float
    by: str
    said: str
    numbers: str


class PastData(TypedDict):
    """What the element is sent: ``points`` name the columns of ``values``, ``picture`` the exported file,
    ``source`` the line under it."""

    id: str
    rows: Sequence[PastRow]
    points: Sequence[str]
    picture: str
    source: str
    words: Mapping[str, str]


def first_past(data: PastData, view: GuessView, *, rev: int, key: str, on_view: Callable[[], None]) -> None:
    """Draw the tasks.

    Args:
        data: tasks and words.
        view: the guesses of the link; the element follows them when ``rev`` or what is shown changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: told when the reader guessed; ``st.session_state[key]["view"]`` then holds it, to be checked.
    """
    start = started(key, view, (rev, data["id"]))
    _mount(key=key, data={**data, "rev": rev, "start": list(start.guesses)}, on_view_change=on_view)


def guessed(value: object, otherwise: GuessView, rev: int, *, options: int) -> GuessView:
    """Return the guesses that a browser reports under this ``rev``, or ``otherwise``."""
    return reported(value, otherwise, rev, {"guesses": Several(Whole(0, options))})
