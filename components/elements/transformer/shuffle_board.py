"""One sentence read four times: two orders, with positions and without."""

from collections.abc import Mapping

from components.elements.mount import element
from components.lm.transformer.positions import Shuffle

_mount = element("transformer/shuffle_board")
SHOWN = 3
"""Guesses of each reading, so that all four stand in the first view of a laptop."""


def shuffle_board(shuffle: Shuffle, *, words: Mapping[str, str], key: str) -> None:
    """Draw what the model expects in each of the four readings, and how far its vectors moved."""
    _mount(
        key=key,
        data={
            "readings": {
                kind: [{"words": list(r.words), "top": [list(pair) for pair in r.top[:SHOWN]]} for r in pair]
                for kind, pair in shuffle.readings.items()
            },
            "mask": shuffle.mask,
            "tokens": list(shuffle.token_texts),
            "cosines": {kind: list(values) for kind, values in shuffle.cosines.items()},
            "words": dict(words),
        },
    )
