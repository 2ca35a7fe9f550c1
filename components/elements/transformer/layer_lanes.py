"""All blocks of a model: what it would say after each, how much each part adds, where the vectors point."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy.typing as npt

from components.elements.mount import element
from components.elements.packed import packed
from components.words import labels

_mount = element("transformer/layer_lanes")


class LanesFrame(TypedDict):
    """What the lanes are of: ``asked`` is what the numbers depend on, ``model`` whose, ``most`` tokens are read and ``most_words``
    words followed; ``reads_on`` for a model that writes, ``overflow`` where there are no numbers any more."""

    asked: Mapping[str, Any]
    model: str
    most: int
    most_words: int
    reads_on: bool
    overflow: bool


class LanesFound(TypedDict):
    """What the lanes say in words: ``guesses`` (row, token, candidate), ``candidates`` (token, candidate): those of the last row;
    ``own`` the reader's words that are followed, ``cut`` those of which it is only the first piece."""

    tokens: Sequence[str]
    guesses: Sequence[Sequence[Sequence[str]]]
    candidates: Sequence[Sequence[str]]
    own: Sequence[str]
    cut: Sequence[str]


class LanesArrays(TypedDict):
    """``probs`` and ``ranks`` (row, token, candidate), ``lengths`` (layer, 2, token), ``path`` (row, token, 2), ``own_ranks`` (row, token, word)."""

    probs: npt.ArrayLike
    ranks: npt.ArrayLike
    lengths: npt.ArrayLike
    path: npt.ArrayLike
    own_ranks: npt.ArrayLike


def layer_lanes(frame: LanesFrame, found: tuple[LanesFound, LanesArrays] | None, *, key: str) -> None:
    """Draw the lanes from the embedding to the last layer. What is asked is the view of the page, which ``block_flow`` keeps.

    Args:
        frame: what is asked.
        found: tokens and guesses with their numbers, or None where the browser computes them.
        key: the element's key in the session.
    """
    page = labels("block")
    words = labels("layer_lanes") | {k: page[k] for k in ("no_blocks", "own_words_cut", "own_words_many")}
    header = {**frame, "words": words, "found": found[0] if found else None}
    _mount(key=key, data=packed(header, found[1] if found else {}))
