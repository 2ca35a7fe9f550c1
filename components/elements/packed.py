"""Numbers for the browser: a small JSON header and float32 arrays in one message of bytes.

JSON is encoded anew on every run and takes three times the room; bytes travel as they are. The other side is
``assets/elements/lib/packed.js``.
"""

import json
from collections.abc import Mapping

import numpy as np


def packed(header: Mapping[str, object], arrays: Mapping[str, object]) -> bytes:
    """Return header length (uint32, little-endian), header as JSON, padding to 4 bytes, then the arrays as float32.

    Elements declare both as a ``TypedDict`` of their own; every array is one that numpy takes. The header gets a field
    ``arrays``: name -> shape, in the order of the numbers.
    """
    numbers = {name: np.ascontiguousarray(array, "<f4") for name, array in arrays.items()}
    shapes = {name: list(array.shape) for name, array in numbers.items()}
    text = json.dumps({**header, "arrays": shapes}, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join((len(text).to_bytes(4, "little"), text, *(array.tobytes() for array in numbers.values())))
