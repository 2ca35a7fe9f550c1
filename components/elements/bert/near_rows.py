"""A row of the token table and the rows most like it, drawn as strips."""

from collections.abc import Mapping, Sequence

import numpy as np

from components.elements.mount import element
from components.elements.packed import packed
from components.lm.bert.embeddings import Neighbour

_mount = element("bert/near_rows")


def near_rows(found: Sequence[Neighbour], *, words: Mapping[str, str], key: str) -> None:
    """Draw the rows, the one asked about first; hover names the dimension and gives its numbers."""
    header = {
        "rows": [{"token": near.token, "id": near.token_id, "cosine": near.cosine} for near in found],
        "words": dict(words),
    }
    _mount(key=key, data=packed(header, {"values": np.stack([near.row for near in found])}))
