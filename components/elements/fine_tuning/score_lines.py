"""Scores along a training: a line with its interval for each run, and the line of guessing."""

from collections.abc import Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("fine_tuning/score_lines")


class ScoreLine(TypedDict):
    """One run; ``points`` are (step, score, low, high), scores in 0…1."""

    name: str
    points: Sequence[Sequence[float]]


def score_lines(
    lines: Sequence[ScoreLine],
    *,
    title: str,
    last: int,
    guess: float | None,
    guess_label: str,
    key: str,
    low: float = 0.0,
) -> None:
    """Draw the lines.

    Args:
        lines: at least one, each with at least one point.
        title: what the scores are.
        last: the last step of the axis.
        guess: the score of guessing, or None for no such line.
        guess_label: what that line is called.
        key: the element's key in the session, and the name of its picture.
        low: where the axis of scores begins.
    """
    _mount(
        key=key,
        data={
            "lines": list(lines),
            "title": title,
            "last": last,
            "guess": guess,
            "guess_label": guess_label,
            "low": low,
            "picture": key.replace("_", "-"),
        },
    )
