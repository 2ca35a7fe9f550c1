"""One request in three lanes: a head for one task, an untouched model with worked examples, and a tuned one by its number of pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("alignment/instruction_lanes")


@dataclass(frozen=True)
class LanesView:
    """``size``: place of the number of pairs in ``sizes``."""

    size: int


class Said(TypedDict):
    """What one lane says. ``before``: what it reads before the request. ``happy``: probability of the head's second word, or None
    for a lane that writes. ``score``: what its answers to all requests of this kind come to, as a sentence."""

    before: str
    answer: str
    happy: float | None
    score: str


class TunedLine(TypedDict):
    """A curve over the numbers of pairs; ``points`` are (place, share, low, high)."""

    name: str
    points: Sequence[Sequence[float]]


class InstructionLanes(TypedDict):
    """What the lanes are sent. ``asked``: the two words to mark. ``expected``: the right label, if the request has one."""

    sizes: Sequence[int]
    instruction: str
    given: str
    frame: str
    asked: Sequence[str]
    expected: str
    head: Said
    prompted: Said
    tuned: Sequence[Said]
    lines: Sequence[TunedLine]
    guess: float | None
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def instruction_lanes(
    data: InstructionLanes, view: LanesView, *, identity: str, rev: int, key: str
) -> LanesView:
    """Draw the lanes and return where the reader is now.

    Args:
        data: the request, what each lane says, the curves, and words.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names the request that is shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {"size": Whole(0, len(data["sizes"]) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
