"""All blocks of a model: what it would say after each, how much each part adds, where the vectors point."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from components.elements.mount import element
from components.elements.packed import packed
from components.words import labels

_mount = element("transformer/layer_lanes")


def layer_lanes(header: Mapping[str, Any], arrays: Mapping[str, npt.ArrayLike], *, key: str) -> None:
    """Draw the lanes from the embedding to the last layer.

    Args:
        header: ``id``, ``tokens``, ``token`` to begin with, ``guesses`` (row, token, candidate: text), ``candidates``
            (token, candidate: text): those of the last row.
        arrays: ``probs`` and ``ranks`` (row, token, candidate), ``lengths`` (layer, 2, token), ``path`` (row, token, 2).
        key: the element's key in the session.
    """
    _mount(key=key, data=packed({**header, "words": labels("layer_lanes")}, arrays))
