"""How the shares of a few candidates move through a training, one chart for each model."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.elements.mount import element

_mount = element("gpt/candidate_curves")


def candidate_curves(
    sentence: Sequence[str],
    candidates: Sequence[str],
    models: Sequence[Mapping[str, Any]],
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
        models: name, moments (step, tokens), shares (moment, candidate), pieces of each candidate.
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
