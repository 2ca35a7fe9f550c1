"""Attention of a text: every head as a thumbnail, the chosen ones as lines between tokens and as a matrix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.lm.reading import Reading
from components.lm.transformer.attention import message
from components.words import labels

_mount = element("bert/attention_view")

PAIRS = ("all", "aa", "ab", "ba", "bb")
"""Which text reads which, in a pair."""


class ViewFrame(TypedDict):
    """What the view is of: ``state`` holds every value of the link that the browser moves, as they were when ``rev`` last
    changed (the same while it does not, or all weights travel again); ``asked`` the two texts and the measure that
    ``drawn`` is of. ``params`` as in ``components/shell/links.py``, ``files`` as in ``components/elements/engine.py``."""

    rev: int
    state: Mapping[str, Any]
    asked: Mapping[str, str]
    params: Sequence[Mapping[str, Any]]
    files: ModelFiles | None
    model: str
    revision: str


class OfModel(TypedDict):
    """What no text changes: the score of kind ``induction`` of each head, (layer, head) with None where there is none, and
    of a head that looks at everything alike."""

    induction: list[list[float | None]] | None
    even: float


@dataclass(frozen=True, eq=False)
class Drawn:
    """What was computed here: ``packed`` is (layer, column, query, key) bytes of
    ``components.lm.transformer.attention.pack_weights`` for ``reading``.

    ``layers`` and ``columns`` name the places of the first two axes; a column is a head or another reading. ``scores`` is
    kind -> (layer, column), None where the text cannot tell; ``strongest`` (layer, column) the kind with the highest one.
    """

    key: str
    packed: npt.NDArray[np.uint8]
    reading: Reading
    layers: Sequence[int]
    columns: Sequence[str]
    scores: Mapping[str, Sequence[Sequence[float | None]]]
    strongest: Sequence[Sequence[str]] | None


def attention_view(
    frame: ViewFrame, of_model: OfModel, drawn: Drawn | None, *, on_view: Callable[[], None]
) -> None:
    """Draw the view. All pointing and choosing happens in the browser, and with a bundled model the computing, too.

    Trigger under the key ``attention_view``: ``view`` ({rev, state: every value that the browser moves, browser: the model
    that the browser computes with or None, failed: whether it tried and cannot, tokens: of the text, reads: [layer, head,
    query, key, weight] of the place that is looked at, or None}), always the whole state.

    Args:
        frame: what is asked.
        of_model: scores that no text changes.
        drawn: the weights, or None where the browser computes them.
    """
    header: dict[str, Any] = {
        **frame,
        "induction": of_model["induction"],
        "evenInduction": round(of_model["even"], 4),
        "drawn": None,
        "words": labels("attention_view")
        | labels("engine")
        | {key: labels("attention")[key] for key in CAPTION_WORDS}
        | {"too_long": labels("reading")["too_long"]},
    }
    if drawn:
        reading = drawn.reading
        header["drawn"] = {
            "id": drawn.key,
            "tokens": list(reading.texts),
            "segments": reading.segments.tolist(),
            "special": reading.special.astype(int).tolist(),
            "punctuation": reading.punctuation.astype(int).tolist(),
            "pair": bool(reading.segments.any()),
            "layers": list(drawn.layers),
            "columns": list(drawn.columns),
            "scores": dict(drawn.scores),
            "strongest": drawn.strongest,
        }
    packed = drawn.packed if drawn else np.zeros(0, np.uint8)
    _mount(key="attention_view", data=message(header, packed), on_view_change=on_view)


CAPTION_WORDS = (
    "caption_heads",
    "caption_reading",
    "caption_tokens",
    "weights",
    "value_weighted",
    "rollout",
    "mean",
    "rolled",
)
