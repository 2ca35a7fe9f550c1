"""What a model has met of one text after some epochs: a grid of epochs and tokens for each way of masking."""

from collections.abc import Sequence
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/seen_grid")


class SeenPanel(TypedDict):
    """One way of masking: ``line`` says in words what it amounts to.

    ``actions``: epochs x tokens, each an ``Action`` of ``lm.bert.masking`` as a number; ``predicted``: for each token,
    how often it was to be predicted over all epochs.
    """

    title: str
    line: str
    actions: list[list[int]]
    predicted: list[int]


def seen_grid(tokens: Sequence[tuple[str, bool]], panels: Sequence[SeenPanel]) -> None:
    """Draw the grids.

    Args:
        tokens: (token, is special) of each column.
        panels: one a way of masking, with as many columns as there are tokens.
    """
    _mount(key="seen_grid", data={"tokens": list(tokens), "panels": list(panels), "words": labels("dice")})
