"""How the shares of a few candidates move through a training, one chart for each model."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("gpt/candidate_curves")


class CandidateCurves(TypedDict):
    """One model's chart: ``moments`` are [step, tokens read], ``shares`` (moment, candidate) sum to 1, ``pieces`` are the
    tokens of each candidate."""

    name: str
    moments: list[list[int]]
    shares: list[list[float]]
    pieces: Sequence[Sequence[str]]


def candidate_curves(
    sentence: Sequence[str],
    candidates: Sequence[str],
    models: Sequence[CandidateCurves],
    *,
    current: int,
    lang: str,
    words: Mapping[str, str],
    key: str,
) -> None:
    """Draw the charts.

    Args:
        sentence: what stands before the blank and after it.
        candidates: at most four words.
        models: one chart each.
        current: the moment that is marked.
    """
    data = {
        "sentence": list(sentence),
        "candidates": list(candidates),
        "models": list(models),
        "current": current,
        "lang": lang,
        "words": dict(words),
    }
    _mount(key=key, data=data)
