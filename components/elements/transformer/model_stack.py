"""A model as a drawn stack: areas are parameters, every number is on a slider."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from components.elements.mount import element
from components.elements.view import Bound, Flag, OneOf, Whole, reported, started
from components.lm.transformer.model_size import BYTES, NUMBERS, SHARED, STACKS, Preset, Size, plans

_mount = element("transformer/model_stack")
SCALES = ("log", "linear")
PARTS = (
    "token",
    "position",
    "segment",
    "projection",
    "embedding_norm",
    "final_norm",
    "attention",
    "cross_attention",
    "feed_forward",
    "pooler",
    "masked_prediction",
    "next_sentence",
)
"""Names of the parts of any model here (``components/lm/transformer/model_size.py``)."""


@dataclass(frozen=True)
class Stack:
    """What stands on the sliders, the part whose tensors are listed, and the scale of the family."""

    size: Size
    part: str
    scale: str


@dataclass(frozen=True)
class Shown:
    """What of a :class:`Stack` is no number of the model."""

    part: str
    scale: str


SIZE: dict[str, Bound] = {
    **{name: Whole(low, high) for name, (low, high) in NUMBERS.items()},
    "stack": OneOf(STACKS),
    "token_types": Whole(0, 16),
    "shared": OneOf(SHARED),
    "heads": Flag(),
}
SHOWN: dict[str, Bound] = {"part": OneOf(PARTS), "scale": OneOf(SCALES)}


def model_stack(
    stack: Stack,
    presets: Sequence[Preset],
    *,
    titles: Mapping[str, str],
    shorts: Mapping[str, str],
    notes: Mapping[str, str],
    families: Mapping[str, str],
    words: Mapping[str, str],
    rev: int,
    key: str,
) -> Stack:
    """Draw ``stack`` and return what stands on the sliders now.

    Args:
        stack: the state of the link; the element follows it when ``rev`` changes.
        presets: models to jump to, drawn as a family on one scale.
        titles: preset name -> title. ``shorts``: preset name -> text at its dot. ``notes``: note key -> sentence.
        families: family -> its name, in the order of the rows.
        words: labels of the element.
        rev: raised when a link, not the reader's hand, moved the state.
        key: the element's key in the session.
    """
    start = started(key, stack, rev)
    result = _mount(
        key=key,
        data={
            "size": asdict(start.size),
            "part": start.part,
            "scale": start.scale,
            "rev": rev,
            "plans": plans(),
            "bounds": NUMBERS,
            "bytes": dict(BYTES),
            "stacks": list(STACKS),
            "sharing": list(SHARED),
            "presets": [
                {
                    **preset.as_dict,
                    "title": titles[preset.name],
                    "short": shorts[preset.name],
                    "note_text": notes.get(preset.note, ""),
                }
                for preset in presets
            ],
            "families": list(families),
            "family_names": dict(families),
            "words": dict(words),
        },
        on_size_change=lambda: None,
    )
    return checked(result.get("size"), stack, rev)


def checked(value: object, otherwise: Stack, rev: int) -> Stack:
    """Return what a browser sent under this ``rev``, or ``otherwise``; both within bounds."""
    size = reported(value, otherwise.size, rev, SIZE)
    shown = reported(value, Shown(otherwise.part, otherwise.scale), rev, SHOWN)
    return Stack(size, shown.part, shown.scale)
