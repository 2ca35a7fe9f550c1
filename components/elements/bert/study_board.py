"""Our own measurements of some recipes: seeds, means and 95% intervals as differences to BERT's recipe, beside the paper's."""

from collections.abc import Sequence
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/study_board")


class StudiedCell(TypedDict):
    """One recipe on one score: ``values`` (0…1, one a seed), difference and noise in points (None where there is none),
    the paper's difference in points; ``verdict`` is that of `masking_table.Comparison`, ``reference`` or ``not_run``."""

    values: Sequence[float]
    difference: float | None
    noise: float | None
    verdict: str
    paper: float | None


class StudyPanel(TypedDict):
    """One score: ``mean`` of the reference (0…1), and a cell a row."""

    title: str
    mean: float
    cells: list[StudiedCell]


def study_board(rows: Sequence[str], panels: Sequence[StudyPanel], *, reference: int) -> None:
    """Draw one panel a score.

    Args:
        rows: names of the recipes.
        panels: one a score, with a cell for each of the rows.
        reference: the row all others are compared with.
    """
    _mount(
        key="study_board",
        data={
            "rows": list(rows),
            "panels": list(panels),
            "reference": reference,
            "words": labels("rates"),
        },
    )
