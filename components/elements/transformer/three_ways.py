"""Objectives of pre-training on one text: a row each, the exercise with its answers, and who sees whom."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Bound, OneOf, Several, Whole, reported
from components.lm.transformer.three_ways import OBJECTIVES
from components.words import labels

_mount = element("transformer/three_ways")
_t5 = element("transformer/t5_chart")

BOUNDS: Mapping[str, Bound] = {"objective": OneOf(OBJECTIVES), "picks": Several(Whole(0, 63))}


@dataclass(frozen=True)
class WaysView:
    """The objective, and the places that are hidden; none means those the page begins with."""

    objective: str = "mlm"
    picks: tuple[int, ...] = ()


class WaysGrid(TypedDict):
    """Who sees whom in one architecture: ``allowed`` (query, key), ``inputs`` how many of the rows are read first."""

    name: str
    allowed: Sequence[Sequence[bool]]
    inputs: int


class WaysData(TypedDict):
    """The exercise, as ``components/lm/transformer/three_ways.py`` has it: ``free`` tokens may be hidden, ``picks`` are those of
    the link and ``chosen`` those of the exercise, ``answers`` rows of text and probability by the position of the target,
    ``losses`` how many positions give loss, ``note`` what there is to say of the model."""

    id: str
    objective: str
    objectives: Sequence[str]
    architecture: str
    tokens: Sequence[str]
    free: Sequence[bool]
    word_ids: Sequence[int | None]
    picks: Sequence[int]
    chosen: Sequence[int]
    inputs: Sequence[str]
    given: Sequence[str]
    targets: Sequence[str]
    losses: int
    answers: Mapping[str, Sequence[tuple[str, float]]]
    grids: Sequence[WaysGrid]
    note: str


def three_ways(data: WaysData, *, start: WaysView, rev: int, key: str) -> WaysView:
    """Draw the exercise and return what the reader chose in it.

    Args:
        data: the exercise.
        start: what to begin with; taken over when ``rev`` changed.
        rev: raised by Python when it moved the view.
        key: the element's key in the session.
    """
    sent = {**data, "rev": rev, "start": asdict(start), "words": labels("three_ways")}
    result = _mount(key=key, data=sent, on_view_change=lambda: None)
    return reported(result.view, start, rev, BOUNDS)


def t5_chart(rows: list[dict[str, str]], *, key: str) -> None:
    """Draw T5's table of architectures and objectives, one measure at a time.

    Args:
        rows: those of ``assets/facts/t5_architectures.csv``.
        key: the element's key in the session.
    """
    _t5(key=key, data={"rows": rows, "words": labels("t5_chart")})
