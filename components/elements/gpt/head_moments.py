"""What every head of a model looks at in one text at a moment of its training, and one head at all moments."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("gpt/head_moments")


class HeadMoments(TypedDict):
    """``now`` (layer, head, query, key) at the chosen ``moment`` and ``through`` (moment, query, key) of the chosen ``head``
    (counted through the layers) are uint8 in 255ths, as base64; ``moments`` are [step, tokens read]."""

    tokens: list[str]
    layers: int
    heads: int
    head: int
    moments: Sequence[Sequence[int]]
    moment: int
    now: str
    through: str
    lang: str
    words: Mapping[str, str]


def head_moments(data: HeadMoments, *, on_pick: Callable[[], None], key: str) -> None:
    """Draw the heads; a click leaves ``{"head": k}`` or ``{"moment": k}`` as ``pick`` of the element and calls ``on_pick``."""
    _mount(key=key, data=dict(data), on_pick_change=on_pick)
