"""How Alpaca was made, stage by stage, with the published counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("alignment/alpaca_steps")


@dataclass(frozen=True)
class StageView:
    """Which stage is shown, from 0."""

    stage: int


class Stage(TypedDict):
    """``count``: what stands large in its box. ``bars``: (name, share, number). ``low``, ``high``: a 95% interval on a scale from 0
    to 1 whose middle is a tie, or None. ``rows``: a small table of ours. ``limits``: a list."""

    name: str
    count: str
    text: str
    bars: Sequence[tuple[str, float, str]]
    low: float | None
    high: float | None
    share: float | None
    rows: Sequence[Sequence[str]]
    limits: Sequence[str]


def alpaca_steps(
    stages: Sequence[Stage],
    view: StageView,
    *,
    words: Mapping[str, str],
    stepper: Mapping[str, str],
    rev: int,
    key: str,
) -> StageView:
    """Draw the stages.

    Args:
        stages: in their order.
        view: the state of the link; the element follows it when ``rev`` changes.
        words: labels of the element.
        stepper: labels of the stepper.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    data = {"stages": list(stages), "words": dict(words), "stepper": dict(stepper)}
    return placed(_mount, data, view, {"stage": Whole(0, len(stages) - 1)}, rev=rev, key=key)
