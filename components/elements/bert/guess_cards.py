"""Guesses side by side: one blank read in several ways."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("bert/guess_cards")


def guess_cards(cards: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw the guesses.

    Args:
        cards: title, about, line ((token, kind) with kind ``read``, ``cut`` or ``blank``), candidates, rest, original
            as ``components/shell/masking_page.py`` makes them.
        key: the element's key in the session.
    """
    _mount(key=key, data={"cards": list(cards), "words": labels("mlm")})
