"""One block of a Transformer: the lanes of all tokens, two parts that add to them, and every vector of one token on its way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import numpy.typing as npt

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.elements.packed import packed
from components.words import labels

_mount = element("transformer/block_flow")

STEPS = 7
"""Vectors of a block from its input to its output."""

PAGE_WORDS = (
    "caption",
    "caption_taken",
    "caption_neurons",
    "wiring_pre",
    "wiring_post",
    "taken_attention",
    "taken_feed_forward",
    "taken_residual",
    "taken_norm",
    "cut",
    "add_up",
    "overflow",
    "effect",
)
"""What the element says of the page's words."""


class BlockFrame(TypedDict):
    """What the picture is of.

    ``state`` holds every value of the link that the browser moves, as they were when ``rev`` last changed; ``asked`` those that
    the numbers depend on, as they are for what is sent. ``most`` tokens are drawn; ``layers`` of the model; ``reads_on`` where it
    predicts what comes next; ``steps`` the query of the page that opens a head of this layer. ``params`` as in
    ``components/shell/links.py``, ``files`` as in ``components/elements/engine.py``.
    """

    rev: int
    state: Mapping[str, Any]
    params: Sequence[Mapping[str, Any]]
    asked: Mapping[str, Any]
    files: ModelFiles | None
    model: str
    revision: str
    most: int
    layers: int
    reads_on: bool
    steps: Mapping[str, str]


class BlockFound(TypedDict):
    """A block in words, computed here; ``assets/elements/lib/sources/opening.js`` gives the same.

    ``text`` is what was read, ``cut`` if it is only the beginning; ``neurons`` for each token the numbers of those that fire most;
    ``pushes`` number -> words for, words against, as far as they are known; ``guesses`` for each token rows of text, probability in
    the whole model, and in the changed one; ``changed`` if something was ``taken`` out or neurons are ``off``; ``finite`` if there
    are numbers then; ``difference`` how far the block's parts are from its output when added up, and the largest number of that.
    """

    text: str
    cut: bool
    tokens: Sequence[str]
    wiring: str
    layer: int
    activation: str
    gated: bool
    epsilon: Sequence[float]
    centred: bool
    neurons: Sequence[Sequence[int]]
    pushes: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    guesses: Sequence[Sequence[tuple[str, float, float]]]
    changed: bool
    finite: bool
    taken: str
    off: Sequence[int]
    difference: tuple[float, float]


class BlockArrays(TypedDict):
    """``states`` (7, tokens, width), ``attention`` (head, tokens, tokens), ``before`` and ``active`` (tokens, neurons)
    of the neurons that fire most, 0 for the others, ``norms`` (2, 2, width): weight and bias of both normalisations."""

    states: npt.ArrayLike
    attention: npt.ArrayLike
    before: npt.ArrayLike
    active: npt.ArrayLike
    norms: npt.ArrayLike


def block_flow(
    frame: BlockFrame, found: tuple[BlockFound, BlockArrays] | None, *, on_view: Callable[[], None]
) -> None:
    """Draw a block; all stepping happens in the browser, and with a bundled model the computing, too.

    Trigger under the key ``block_flow``: ``view`` ({rev, state: every value that the browser moves, browser: the model that the
    browser computes with or None, read: [text, wiring, layer, token, lengths of its vector before and after the block]}).

    Args:
        frame: what is asked.
        found: the block in words and its numbers, or None where the browser computes them.
    """
    page = labels("block")
    words = (
        labels("stepper")
        | labels("block_view")
        | labels("engine")
        | {"page": {k: page[k] for k in PAGE_WORDS}}
    )
    header = {**frame, "words": words, "found": found[0] if found else None}
    _mount(key="block_flow", data=packed(header, found[1] if found else {}), on_view_change=on_view)
