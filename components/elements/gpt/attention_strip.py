"""One row of attention: the tokens shaded by how much the last position read them."""

import json
import struct
from collections.abc import Sequence

import numpy as np

from components.elements.mount import element
from components.words import labels

_mount = element("gpt/attention_strip")


def attention_strip(tokens: Sequence[str], weights: "np.ndarray", *, model: str) -> None:
    """Draw the attention of the last position over ``tokens``.

    Args:
        tokens: texts of the keys.
        weights: (layer, head, key), float32; each row sums to 1. Sent as sqrt(weight) x 65535.
        model: named in the caption.
    """
    header = json.dumps(
        {"shape": list(weights.shape), "tokens": list(tokens), "model": model, "words": labels("gpt_inside")}
    ).encode()
    header += b" " * (-(len(header) + 4) % 4)
    packed = np.round(np.sqrt(weights) * 65535).astype("<u2").tobytes()
    _mount(key="attention_strip", data=struct.pack("<I", len(header)) + header + packed)
