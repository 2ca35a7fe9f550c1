"""Losses of many small GPTs on logarithmic axes: lines, residuals, what was held out, and what a budget or a target loss asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Bound, OneOf, Whole, reported, started

_mount = element("gpt/scaling_board")
AXES = ("n", "all", "d", "c", "s")
"""Parameters without and with embeddings, tokens, compute, processor seconds."""
HELD = ("none", "run", "width")
ASKS = ("time", "budget", "target")
"""A budget of processor seconds or of FLOPs, or a loss to reach."""


@dataclass(frozen=True)
class ScalingView:
    """``run`` counts the runs, ``time``, ``budget`` and ``target`` their offered values, all from 0."""

    axis: str
    held: str
    ask: str
    run: int
    time: int
    budget: int
    target: int


class ScalingPoint(TypedDict):
    """One run; ``at`` its place on each axis, ``texts`` what it wrote."""

    width: int
    seed: int
    tokens: int
    at: Mapping[str, float]
    loss: float
    texts: Sequence[str]


class ScalingLine(TypedDict):
    """A fitted line: ``runs`` it was fitted to, ``residuals`` in nats, ``group`` its number among its kind."""

    group: int
    label: str
    runs: Sequence[int]
    residuals: Sequence[float]
    factor: float
    exponent: float
    low: float
    high: float


class ScalingAnswer(TypedDict):
    """What every width makes of one budget or target; None where its runs do not reach.

    ``given`` seconds, FLOPs or nats; ``values`` nats, nats or FLOPs by width; ``best`` a width's number, ``open`` whether a width beside it
    was not trained so far; ``law`` the joint law's (N, D, value), empty for seconds."""

    given: float
    values: Sequence[float | None]
    tokens: Sequence[float | None]
    best: int | None
    open: bool
    law: Sequence[float]


class ScalingData(TypedDict):
    """What the board is sent. ``lines``: what is held out -> axis -> lines. ``held``: what is held out -> (run, predicted loss)."""

    runs: Sequence[ScalingPoint]
    widths: Sequence[int]
    sizes: Sequence[int]
    budgets_of_tokens: Sequence[int]
    lines: Mapping[str, Mapping[str, Sequence[ScalingLine]]]
    held: Mapping[str, Sequence[tuple[int, float]]]
    times: Sequence[ScalingAnswer]
    budgets: Sequence[ScalingAnswer]
    targets: Sequence[ScalingAnswer]
    words: Mapping[str, str]
    lang: str


def scaling_board(
    data: ScalingData, view: ScalingView, *, rev: int, key: str, on_view: Callable[[], None]
) -> ScalingView:
    """Draw the board and return where the reader is now.

    Args:
        data: runs, lines, answers and words.
        view: the state of the link; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: told when the reader moved, before the page runs again.
    """
    start = started(key, view, rev)
    result = _mount(key=key, data={**data, "rev": rev, "start": asdict(start)}, on_view_change=on_view)
    sizes = len(data["runs"]), len(data["targets"])
    return scaling_seen(result.get("view"), view, rev, *sizes)


def scaling_seen(value: object, otherwise: ScalingView, rev: int, runs: int, offered: int) -> ScalingView:
    """Return the view that a browser reports under this ``rev``, within bounds, or ``otherwise``; ``offered`` values of each kind."""
    bounds: dict[str, Bound] = {
        "axis": OneOf(AXES),
        "held": OneOf(HELD),
        "ask": OneOf(ASKS),
        "run": Whole(0, runs - 1),
        "time": Whole(0, offered - 1),
        "budget": Whole(0, offered - 1),
        "target": Whole(0, offered - 1),
    }
    return reported(value, otherwise, rev, bounds)
