"""What goes on inside the model at the step on screen, for a model that the browser runs."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.words import labels

_mount = element("gpt/writer_inside")


class LensRow(TypedDict):
    """What one layer would say: its first token with the probability, rank (from 1) and probability of the one that was chosen."""

    top: str
    p: float
    rank: int
    own: float


class LastAttention(TypedDict):
    """Weights of the last position: ``shape`` is (layers, heads, keys), ``weights`` in that order."""

    shape: Sequence[int]
    weights: Sequence[float]


class Found(TypedDict):
    """What was computed here for a ``panel``: attention or lens; of the text with these ``ids``, before the token ``chosen``."""

    panel: str
    ids: Sequence[int]
    chosen: int | None
    lens: Sequence[LensRow] | None
    attention: LastAttention | None


def writer_inside(
    rev: int, state: Mapping[str, object], files: ModelFiles, model: str, found: Found | None
) -> None:
    """Draw the choice of panels and the chosen one. What is chosen is the view that ``writer`` reports, the text the one it shows.

    Args:
        rev: raised by Python when it moved the view.
        state: the view of the link, as ``writer`` is sent it.
        files: of the model.
        model: named in the captions.
        found: what was computed here; None where the browser does it.
    """
    words = labels("gpt_inside") | labels("engine")
    _mount(
        key="writer_inside",
        data={
            "rev": rev,
            "state": dict(state),
            "files": files,
            "model": model,
            "found": found,
            "words": words,
        },
    )
