"""All blocks of a model: what it would say after each, how much each part adds, where the vectors point."""

from collections.abc import Sequence
from typing import TypedDict

import numpy.typing as npt

from components.elements.mount import element
from components.elements.packed import packed
from components.words import labels

_mount = element("transformer/layer_lanes")


class LanesHeader(TypedDict):
    """What the lanes say in words: ``token`` to begin with, ``guesses`` (row, token, candidate), ``candidates`` (token,
    candidate): those of the last row; ``own`` the reader's words that are followed; ``reads_on`` for a model that writes, ``lens`` where the rows are a logit lens."""

    id: str
    tokens: Sequence[str]
    token: int
    guesses: Sequence[Sequence[Sequence[str]]]
    candidates: Sequence[Sequence[str]]
    own: Sequence[str]
    reads_on: bool
    lens: bool


class LanesArrays(TypedDict):
    """``probs`` and ``ranks`` (row, token, candidate), ``lengths`` (layer, 2, token), ``path`` (row, token, 2), ``own_ranks`` (row, token, word)."""

    probs: npt.ArrayLike
    ranks: npt.ArrayLike
    lengths: npt.ArrayLike
    path: npt.ArrayLike
    own_ranks: npt.ArrayLike


def layer_lanes(header: LanesHeader, arrays: LanesArrays, *, key: str) -> None:
    """Draw the lanes from the embedding to the last layer.

    Args:
        header: tokens and guesses.
        arrays: their numbers.
        key: the element's key in the session.
    """
    _mount(key=key, data=packed({**header, "words": labels("layer_lanes")}, arrays))
