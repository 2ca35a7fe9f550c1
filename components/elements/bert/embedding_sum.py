"""Token + segment + position as one picture; sum and LayerNorm are computed in the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Bound, OneOf, Subset, Whole, reported, started
from components.lm.bert.embeddings import InputEmbeddings, ModelInput

_mount = element("bert/embedding_sum")
SCALES = ("row", "common")
LAST_STEP = 6


@dataclass(frozen=True)
class SumView:
    """Where the reader is: ``step`` 0 (three rows) to 6 (after LayerNorm), a token, a dimension.

    ``painted`` are the tokens moved to the other segment.
    """

    step: int
    token: int
    dim: int
    scale: str
    painted: tuple[int, ...]


class SumStart(TypedDict):
    """The view to begin with; ``behind`` leaves the stepping keys to something else."""

    step: int
    token: int
    dim: int
    scale: str
    painted: Sequence[int]
    behind: bool


class SumHeader(TypedDict):
    """What the element is sent beside the numbers; ``text`` names the text, so that what was painted on another is forgotten."""

    rev: int
    text: str
    start: SumStart
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def message(parts: InputEmbeddings, given: ModelInput, header: SumHeader) -> bytes:
    """Return what the browser gets: rows of tokens and positions, the segment table, mean, deviation, gamma, beta."""
    lists = {
        "tokens": list(given.tokens),
        "ids": given.input_ids.tolist(),
        "types": given.token_type_ids.tolist(),
        "positions": given.position_ids.tolist(),
        "mask": given.attention_mask.tolist(),
        "without_segments": given.without_segments,
        "eps": parts.eps,
    }
    arrays = {
        "token": parts.token_embedding,
        "position": parts.position_embedding,
        "segments": parts.segment_table,
        "mean": parts.normed.mean,
        "deviation": parts.normed.deviation,
        "gamma": parts.gamma,
        "beta": parts.beta,
    }
    return packed({**header, **lists}, arrays)


def embedding_sum(
    parts: InputEmbeddings,
    given: ModelInput,
    view: SumView,
    *,
    text: str,
    words: Mapping[str, str],
    stepper: Mapping[str, str],
    rev: int,
    key: str,
    keys_behind: bool = False,
) -> SumView:
    """Draw the sum and return where the reader is now.

    Args:
        parts: the rows of ``given``, before any token is painted.
        view: the state of the link; the element follows it when ``rev`` changes.
        text: names the text, so that what was painted on another one is forgotten.
        words: labels of the element; ``stepper``: those of the stepper.
        rev: raised when a link moved the state.
        key: the element's key in the session.
        keys_behind: leave the stepping keys to something else on the page until the picture is touched.
    """
    begun, behind = started(key, (view, keys_behind), rev)
    header: SumHeader = {
        "rev": rev,
        "text": text,
        "start": {
            "step": begun.step,
            "token": begun.token,
            "dim": begun.dim,
            "scale": begun.scale,
            "painted": list(begun.painted),
            "behind": behind,
        },
        "words": dict(words),
        "stepper": dict(stepper),
    }
    result = _mount(key=key, data=message(parts, given, header), on_view_change=lambda: None)
    return checked(result.get("view"), view, rev, text, parts.token_embedding.shape)


def checked(value: object, otherwise: SumView, rev: int, text: str, shape: tuple[int, ...]) -> SumView:
    """Return what a browser sent for this text under this ``rev``, within bounds, or ``otherwise``."""
    count, width = shape
    if isinstance(value, Mapping) and value.get("text") != text:  # painted on another text
        value = {**value, "painted": ()}
    bounds: dict[str, Bound] = {
        "step": Whole(0, LAST_STEP),
        "token": Whole(0, count - 1),
        "dim": Whole(0, width - 1),
        "scale": OneOf(SCALES),
        "painted": Subset(count),
    }
    return reported(value, otherwise, rev, bounds)
