"""One beginning written on by several strategies at once, and beam search as a tree."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_race = element("gpt/lane_race")
_tree = element("gpt/beam_tree")


def lane_race(
    data: Mapping[str, Any], *, on_view: Callable[[], None], on_want: Callable[[], None], key: str
) -> None:
    """Draw the lanes. Triggers: ``view`` ({rev, step, named, picks, penalised}), ``want`` (the browser cannot compute).

    Args:
        data: see ``components/lessons/gpt/decoding.py``, which builds it.
    """
    words = {"words": labels("decoding"), "stepper": labels("stepper")}
    _race(key=key, data={**data, **words}, on_view_change=on_view, on_want_change=on_want)


def beam_tree(data: Mapping[str, Any], *, on_want: Callable[[], None], key: str) -> None:
    """Draw every hypothesis of a beam search; trigger ``want`` as above."""
    _tree(key=key, data={**data, "words": labels("decoding")}, on_want_change=on_want)
