"""How the pages of this chapter say a score and what a run was made with."""

from collections.abc import Mapping, Sequence
from typing import Any

STARTS = ("pretrained", "random")
"""Where a training begins, in the order of the lanes; also the words for it in each page's table."""


def percent(value: float) -> str:
    """Return a score as whole percent.

    >>> percent(0.765)
    '76%'
    """
    return f"{100 * value:.0f}%"


def said_score(found: Sequence[float]) -> str:
    """Return a score (value, low, high) with its interval.

    >>> said_score((0.8, 0.71, 0.88))
    '80% (71%–88%)'
    """
    return f"{percent(found[0])} ({percent(found[1])}–{percent(found[2])})"


def made_with(kept: Mapping[str, Any]) -> dict[str, str]:
    """Return the slots ``model``, ``revision`` and ``date`` of a caption, of a recorded file."""
    return {
        "model": str(kept["model"]),
        "revision": str(kept["revision"]).removeprefix("sha256:")[:10],
        "date": str(kept["recorded"]),
    }
