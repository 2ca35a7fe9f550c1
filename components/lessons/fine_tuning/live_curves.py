"""The chart of a live training of both starts, as two pages of this chapter draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.elements.fine_tuning.score_lines import ScoreLine, score_lines
from components.lessons.fine_tuning.said import STARTS
from components.words import t


def both_starts(
    table: str, runs: Sequence[Mapping[str, Any]], measured: str, *, model: str, last: int, key: str
) -> None:
    """Draw the F1 of both starts over the steps so far.

    Args:
        table: of the words: ``live_chart``, ``pretrained``, ``random``.
        runs: of the two starts, with ``steps`` and, under the name ``measured``, a score (value, low, high) a step.
        measured: which score is drawn.
        model: named in the title.
        last: the last step there will be.
        key: the element's key in the session.
    """
    lines: list[ScoreLine] = [
        {"name": t(table, start), "points": [(step, *score) for step, score in zip(run["steps"], run[measured], strict=True)]}
        for run, start in zip(runs, STARTS, strict=True)
    ]  # fmt: skip
    score_lines(
        lines,
        title=t(table, "live_chart", model=model),
        last=last,
        guess=0.0,
        guess_label=t("tasks_board", "guess_tag"),
        key=key,
    )
