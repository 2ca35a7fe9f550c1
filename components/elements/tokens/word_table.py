"""Words and counts as a table to type into."""

from collections.abc import Callable, Sequence

import streamlit as st

from components.elements.mount import element
from components.words import t

_mount = element("tokens/word_table")
_KEY = "word_table"


def word_table(
    rows: Sequence[tuple[object, object]],
    *,
    rev: int,
    wrong: Sequence[int],
    on_rows: Callable[[list[list[object]]], None],
) -> None:
    """Draw the table.

    Args:
        rows: words and counts, taken over only when ``rev`` changed.
        rev: changes when something else than the reader's hand on the table changed the rows.
        wrong: numbers (from 1) of the rows to mark.
        on_rows: told all rows; a count that is no whole number arrives as it was typed, a missing one as None.
    """

    def changed() -> None:
        value = st.session_state[_KEY].get("rows")
        if value:
            on_rows([[str(word), count] for word, count in value[0]])

    _mount(
        key=_KEY,
        data={
            "rows": [["" if word is None else str(word), count] for word, count in rows],
            "rev": rev,
            "wrong": list(wrong),
            "words": {
                "word": t("bpe", "word"),
                "count": t("bpe", "count"),
                "add": t("bpe", "table_add"),
                "remove": t("bpe", "table_remove"),
            },
        },
        on_rows_change=changed,
    )
