"""A model that learns from pairs: the log-probabilities along its training, and stories before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("alignment/dpo_board")


@dataclass(frozen=True)
class DpoView:
    """``moment`` counts the measured moments from 0."""

    moment: int


class DpoLine(TypedDict):
    """One curve: ``values`` are (step, mean, low, high) in nats; ``sign`` is its ink and dash."""

    name: str
    sign: int
    values: Sequence[Sequence[float]]


class DpoStory(TypedDict):
    """What is written after one beginning at each moment, as (text, kind) pieces; kind ``happy``, ``sad`` or nothing."""

    beginning: str
    texts: Sequence[Sequence[Sequence[str]]]


def dpo_board(
    steps: Sequence[int],
    lines: Sequence[DpoLine],
    stories: Sequence[DpoStory],
    view: DpoView,
    *,
    last: int,
    caption: str,
    words: Mapping[str, str],
    identity: str,
    rev: int,
    key: str,
) -> DpoView:
    """Draw the curves and the stories and return the moment that is looked at.

    Args:
        steps: of the measured moments, at least one.
        lines: curves with a value at every moment.
        stories: what is written at every moment.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        last: the last step of the axis.
        caption: the line under the picture to take home; the page's own is about the presses.
        words: the table of the board.
        identity: names the run that is shown.
        rev: raised when Python moved the state.
        key: the element's key in the session, and the name of its picture.
    """
    data = {
        "steps": list(steps),
        "lines": list(lines),
        "stories": list(stories),
        "last": last,
        "caption": caption,
        "words": words,
        "picture": key.replace("_", "-"),
    }
    bounds = {"moment": Whole(0, len(steps) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
