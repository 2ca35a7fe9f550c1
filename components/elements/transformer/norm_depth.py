"""Gradient norms by layer for models of several depths, LayerNorm before or after each part, and how such models train."""

from collections.abc import Sequence
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("transformer/norm_depth")


class DepthGradients(TypedDict):
    """Gradient norms of one model before training, by layer."""

    layers: int
    wiring: str
    feed_forward: Sequence[float]
    query: Sequence[float]


class DepthCurve(TypedDict):
    """One recorded training: ``warmup`` in steps, ``loss`` in nats."""

    layers: int
    wiring: str
    warmup: int
    loss: Sequence[float]


class DepthData(TypedDict):
    """What the element is sent: ``every`` how many steps a point of a curve stands for, ``unigram`` the loss (nats) of a model
    that knows frequencies alone; ``found`` and ``source`` are said below."""

    gradients: Sequence[DepthGradients]
    curves: Sequence[DepthCurve]
    every: int
    unigram: float
    found: str
    source: str


def norm_depth(data: DepthData, *, key: str) -> None:
    """Draw gradients and training curves; which depth is looked at is chosen in the picture.

    Args:
        data: gradients and curves.
        key: the element's key in the session.
    """
    _mount(key=key, data={**data, "words": labels("norm_depth")})
