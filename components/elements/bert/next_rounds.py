"""Ten rounds of "does B follow A?": the class votes, then the model answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/next_rounds")


@dataclass(frozen=True)
class Votes:
    """What the class holds: its votes so far, 1 for IsNext and 0 for NotNext, and the round."""

    votes: tuple[int, ...]
    round: int


class NextPair(TypedDict):
    """One round: two sentences and who says each; the truth; whether B is from another text, and which line of it; the
    model's P(IsNext)."""

    first: str
    second: str
    who: list[str]
    is_next: bool
    other: bool
    line: int
    p: float


class NextRounds(TypedDict):
    """What the element is sent: ``marks`` before A, between A and B, and after B; ``run`` names the pairs; ``votes`` so
    far, 1 for IsNext and 0 for NotNext; the element follows ``round`` and ``votes`` when ``rev`` or ``run`` changes."""

    rev: int
    marks: list[str]
    run: str
    round: int
    votes: list[int]
    pairs: list[NextPair]


def next_rounds(data: NextRounds, *, on_votes: Callable[[], None]) -> None:
    """Draw the rounds; votes are taken in the browser, before anything of the answer is shown.

    Trigger under the key ``next_rounds``: ``votes`` ({round, votes: 1 for IsNext, 0 for NotNext}), the whole state.

    Args:
        data: the pairs and where the class is.
    """
    _mount(key="next_rounds", data={**data, "words": labels("nsp")}, on_votes_change=on_votes)
