"""Objectives of pre-training on one text: a row each, the exercise with its answers, and who sees whom."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

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


def three_ways(data: Mapping[str, Any], *, start: WaysView, rev: int, key: str) -> WaysView:
    """Draw the exercise and return what the reader chose in it.

    Args:
        data: ``id``; ``objective``; ``objectives``; ``tokens``, ``free`` (may be hidden), ``word_ids``, ``picks``, ``chosen``,
            ``inputs``, ``given``, ``targets``, ``losses``;
            ``answers`` (position of a target -> rows of text, probability); ``architecture``; ``grids``: for each
            architecture ``name``, ``allowed`` (query, key) and ``inputs``; ``note``: what there is to say of the model.
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
