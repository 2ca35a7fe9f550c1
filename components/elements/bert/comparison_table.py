"""A table of a few cases side by side, with bars and marked tokens; it can be taken home as a picture."""

from collections.abc import Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("bert/comparison_table")


class TextCell(TypedDict):
    """A cell of text."""

    text: str
    strong: bool


class BarCell(TypedDict):
    """A bar of a share (0…1), the number beside it, and the exact one."""

    bar: float
    shown: str
    full: str


class TokensCell(TypedDict):
    """A cell of tokens: (token, kind, what stands under it)."""

    tokens: list[tuple[str, str, str]]


Cell = TextCell | BarCell | TokensCell


def words(text: str, *, strong: bool = False) -> Cell:
    """Return a cell of text."""
    return {"text": text, "strong": strong}


def bar(share: float, shown: str, exact: float) -> Cell:
    """Return a cell with a bar of ``share`` (0…1) of the column; ``exact`` shows on hover."""
    return {"bar": share, "shown": shown, "full": repr(exact)}


def tokens(items: Sequence[tuple[str, str, str]]) -> Cell:
    """Return a cell of tokens: (token, kind, what stands under it).

    Kinds: ``read`` (as it is), ``filled`` (put there), ``M``, ``R``, ``K`` (masked, random, kept).
    """
    return {"tokens": list(items)}


def comparison_table(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], *, name: str, label: str, key: str
) -> None:
    """Draw the table; the first cell of a row is its heading.

    Args:
        head: one title a column.
        rows: cells as `words`, `bar` and `tokens` make them.
        name: of the picture's file.
        label: what the table shows, for those who cannot see it.
        key: the element's key in the session.
    """
    _mount(
        key=key,
        data={"head": list(head), "rows": [list(row) for row in rows], "name": name, "label": label},
    )
