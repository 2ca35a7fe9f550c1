"""Sentences that differ in one word, and how two models share the blank between the same candidates."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("gpt/pair_bars")


class PairRow(TypedDict):
    """One sentence; ``shares`` (model, candidate), each model's summing to 1."""

    sentence: str
    candidates: Sequence[str]
    shares: list[Sequence[float]]


def pair_bars(
    rows: Sequence[PairRow],
    *,
    candidates: Sequence[str],
    models: Sequence[str],
    words: Mapping[str, str],
    key: str,
) -> None:
    """Draw one divided bar for each sentence and model.

    Args:
        rows: sentences with shares of each of the ``models``.
    """
    data = {
        "rows": list(rows),
        "candidates": list(candidates),
        "models": list(models),
        "words": dict(words),
    }
    _mount(key=key, data=data)
