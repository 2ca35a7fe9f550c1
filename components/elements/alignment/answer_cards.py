"""Cards to judge: each has a text and some choices, and says what the paper says when one is pressed; or needles that lean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Several, Whole, reported, started

_mount = element("alignment/answer_cards")


@dataclass(frozen=True)
class CardsView:
    """For each card the choice that was pressed, from 1; 0 for none."""

    chosen: tuple[int, ...]


class AnswerCard(TypedDict):
    """``right``: the place of the choice that names it, from 1, or 0 where none is right. ``why``: said when one is pressed."""

    title: str
    request: str
    text: str
    options: Sequence[str]
    right: int
    why: str


def answer_cards(
    cards: Sequence[AnswerCard],
    view: CardsView,
    *,
    needles: bool,
    words: Mapping[str, str],
    rev: int,
    key: str,
) -> CardsView:
    """Draw the cards and return what is pressed.

    Args:
        cards: at least one, with three choices each at most.
        view: what the link has pressed; the element follows it when ``rev`` changes.
        needles: a needle leans to the choice (first: left, last: right) instead of a verdict.
        words: labels of the element.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    padded = CardsView((*view.chosen, *(0 for _ in cards))[: len(cards)])
    start = started(key, padded, rev)
    result = _mount(
        key=key,
        data={"cards": list(cards), "needles": needles, "words": dict(words), "rev": rev, "start": list(start.chosen)},
        on_view_change=lambda: None,
    )  # fmt: skip
    most = max(len(card["options"]) for card in cards)
    return reported(result.get("view"), padded, rev, {"chosen": Several(Whole(0, most), len(cards))})
