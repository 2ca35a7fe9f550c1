"""BERT and its relatives in rows, their decisions in columns: what each model changed."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/family_board")


class BoardCell(TypedDict):
    """One decision of one model: what stands there, whether it differs from BERT, and the page that shows it."""

    text: str
    changed: bool
    why: str
    page: str | None
    address: str | None


class BoardRow(TypedDict):
    """One model with its cells, in the order of the columns."""

    name: str
    year: int
    source: str
    link: str
    cells: list[BoardCell]


def family_board(
    rows: Sequence[BoardRow],
    columns: Sequence[tuple[str, str]],
    *,
    model: int,
    column: int,
    rev: int,
    on_cell: Callable[[], None],
) -> object:
    """Draw the board and return the [row, column] whose page was asked for, as the browser sent it, or None.

    Trigger under the key ``family_board``: ``cell``, the [row, column] that was chosen.

    Args:
        columns: (title, what the column is about).
        model, column: the chosen cell of the link; the element follows them when ``rev`` changes.
    """
    result = _mount(
        key="family_board",
        data={
            "rev": rev,
            "at": [model, column],
            "rows": list(rows),
            "columns": [list(one) for one in columns],
            "words": labels("family"),
        },
        on_cell_change=on_cell,
        on_go_change=lambda: None,
    )
    return result.go
