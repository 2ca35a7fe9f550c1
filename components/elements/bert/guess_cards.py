"""Guesses side by side: one blank read in several ways."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/guess_cards")


class OriginalToken(TypedDict):
    """The token that was hidden: its probability now and ``before`` other blanks were filled, its rank (from 1), its loss
    in nats."""

    id: int
    token: str
    p: float
    before: float | None
    rank: int | None
    loss: float | None


class GuessedBlank(TypedDict):
    """One blank: ``candidates`` are (id, token, probability, probability before other blanks were filled), ``rest`` the
    probability of all other tokens, ``entropy`` in bits."""

    position: int
    candidates: list[tuple[int, str, float, float | None]]
    rest: float
    entropy: NotRequired[float]
    original: OriginalToken | None


class ReadBlank(GuessedBlank):
    """A blank with what was read: ``line`` of (token, kind), kind ``read``, ``cut`` or ``blank``; ``about`` names the model."""

    about: str
    line: list[tuple[str, str]]


class GuessCard(ReadBlank):
    """A blank as it is drawn, below its title; a ``note`` stands in place of the sentence about the hidden token."""

    title: str
    note: str | None


def guess_cards(cards: Sequence[GuessCard], *, key: str) -> None:
    """Draw the guesses.

    Args:
        cards: one a way of reading.
        key: the element's key in the session.
    """
    _mount(key=key, data={"cards": list(cards), "words": labels("mlm")})
