"""Our own measurements of some recipes: seeds, means and 95% intervals as differences to BERT's recipe, beside the paper's."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("bert/study_board")


def study_board(rows: Sequence[str], panels: Sequence[Mapping[str, Any]], *, reference: int) -> None:
    """Draw one panel a score.

    Args:
        rows: names of the recipes.
        panels: title, mean (of the reference, 0…1), cells: one a row with values (0…1, one a seed), difference and
            noise in points (None where there is none), verdict (`masking_table.Comparison.verdict`, ``reference`` or
            ``not_run``), paper (points, or None).
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
