"""One block of a Transformer: the lanes of all tokens, two parts that add to them, and every vector of one token on its way."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

import numpy.typing as npt

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Bound, Several, Whole, reported
from components.words import labels

_mount = element("transformer/block_flow")

STEPS = 7
"""Vectors of a block from its input to its output."""
BOUNDS: Mapping[str, Bound] = {
    "step": Whole(0, STEPS - 1),
    "token": Whole(0, 63),
    "dim": Whole(0, 65_535),
    "off": Several(Whole(0, 262_143)),
}


@dataclass(frozen=True)
class BlockView:
    """Where the reader is: the vector reached (from 0), the token, the dimension written out, the neurons switched off."""

    step: int = 0
    token: int = 0
    dim: int = 0
    off: tuple[int, ...] = ()


class BlockHeader(TypedDict):
    """A block in words.

    ``id`` names what is shown; ``order`` the vectors from input to output; ``neurons`` for each token the numbers of those that
    fire most; ``pushes`` number -> words for, words against; ``guesses`` for each token rows of text, probability in the whole
    model, and in the changed one; ``taken`` what was taken out; ``steps`` the query of the page that opens a head of this layer.
    """

    id: str
    tokens: Sequence[str]
    wiring: str
    order: Sequence[str]
    layer: int
    layers: int
    activation: str
    gated: bool
    epsilon: Sequence[float]
    centred: bool
    neurons: Sequence[Sequence[int]]
    pushes: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    guesses: Sequence[Sequence[tuple[str, float, float]]]
    changed: bool
    taken: str
    reads_on: bool
    steps: Mapping[str, str]


class BlockArrays(TypedDict):
    """``states`` (7, tokens, width), ``attention`` (head, tokens, tokens), ``before`` and ``active`` (tokens, neurons),
    ``norms`` (2, 2, width): weight and bias of both normalisations."""

    states: npt.ArrayLike
    attention: npt.ArrayLike
    before: npt.ArrayLike
    active: npt.ArrayLike
    norms: npt.ArrayLike


def block_flow(
    header: BlockHeader,
    arrays: BlockArrays,
    *,
    start: BlockView,
    rev: int,
    key: str,
) -> BlockView:
    """Draw a block; all stepping happens in the browser.

    Args:
        header: the block in words.
        arrays: its numbers.
        start: where to begin; taken over when ``rev`` changed. Must stay the same while ``rev`` does.
        rev: raised by Python when it moved the view.
        key: the element's key in the session.
    """
    sent = {**header, "rev": rev, "start": asdict(start), "words": labels("stepper") | labels("block_view")}
    result = _mount(key=key, data=packed(sent, arrays), on_view_change=lambda: None)
    return reported(result.view, start, rev, BOUNDS)
