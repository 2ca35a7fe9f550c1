"""Gradient norms by layer for models of several depths, LayerNorm before or after each part, and how such models train."""

from collections.abc import Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("transformer/norm_depth")


def norm_depth(data: Mapping[str, Any], *, key: str) -> None:
    """Draw gradients and training curves; which depth is looked at is chosen in the picture.

    Args:
        data: ``gradients``: a list of ``layers``, ``wiring`` ("post", "pre"), ``feed_forward`` and ``query`` (norm by layer);
            ``curves``: ``layers``, ``wiring``, ``warmup`` (steps), ``loss`` (nats); ``every`` (steps a point), ``unigram`` (nats).
        key: the element's key in the session.
    """
    _mount(key=key, data={**data, "words": labels("norm_depth")})
