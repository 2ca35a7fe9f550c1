"""Sparse patterns: which pairs they compute, what a query reaches, how the number of pairs grows."""

from dataclasses import asdict, dataclass

from components.elements.mount import element
from components.elements.view import Bound, OneOf, Whole, reported
from components.lm.transformer.attention_patterns import NAMES
from components.words import labels

_mount = element("transformer/sparse_view")


@dataclass(frozen=True)
class SparseChoice:
    """Pattern, sequence length ``n``, stride or band width ``l``, summary positions ``c``, the chosen query."""

    pattern: str
    n: int
    l: int  # noqa: E741  (the paper's name)
    c: int
    query: int


def sparse_view(*, start: SparseChoice, rev: int) -> SparseChoice:
    """Draw the patterns; sliders, choosing, pointing and counting happen in the browser.

    Args:
        start: where to begin; taken over when ``rev`` changed.
        rev: raised by Python when it moved the choice.
    """
    result = _mount(
        key="sparse_view",
        data={"rev": rev, "start": asdict(start), "words": labels("sparse_view")},
        on_view_change=lambda: None,
    )
    bounds: dict[str, Bound] = {
        "pattern": OneOf(NAMES),
        "n": Whole(1, 4096),
        "l": Whole(1, 4096),
        "c": Whole(0, 4096),
        "query": Whole(0, 4095),
    }
    return reported(result.view, start, rev, bounds)
