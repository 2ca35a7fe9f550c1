"""The six recipes of BERT's Table 8: a triangle of splits and three panels of scores."""

from collections.abc import Callable, Sequence

from components.elements.mount import element
from components.lm.bert.masking_table import PublishedRow
from components.words import labels

_mount = element("bert/recipe_board")


def recipe_board(rows: Sequence[PublishedRow], *, row: int, rev: int, on_row: Callable[[], None]) -> None:
    """Draw the recipes; choosing and dragging happen in the browser.

    Trigger under the key ``recipe_board``: ``row``, the number of the chosen recipe.

    Args:
        rows: the published recipes, BERT's own first.
        row: the one chosen by the link; the element follows it when ``rev`` changes.
        rev: raised when a link moved the state.
        on_row: called when the reader chose.
    """
    _mount(
        key="recipe_board",
        data={
            "rev": rev,
            "row": row,
            "rows": [
                {"name": r.name, "split": [r.mask, r.same, r.random], "scores": list(r.scores)} for r in rows
            ],
            "words": labels("rates"),
        },
        on_row_change=on_row,
    )
