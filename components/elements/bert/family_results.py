"""Published comparisons on one scale of points, each with what was held equal."""

from collections.abc import Sequence
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/family_results")


class Result(TypedDict):
    """One comparison: (label, score) pairs, the one to compare with first; ``equal``: data, compute, one change."""

    title: str
    note: str
    score: str
    rows: list[tuple[str, float]]
    equal: list[bool]
    fair: bool
    source: str


def family_results(results: Sequence[Result], *, low: float, high: float) -> None:
    """Draw the comparisons; ``low`` and ``high`` are the ends of the scale of points that all of them share."""
    _mount(
        key="family_results",
        data={"results": list(results), "low": low, "high": high, "words": labels("family")},
    )
