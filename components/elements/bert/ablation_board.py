"""Attention heads as switches, beside the prediction with and without those that are off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.elements.mount import element
from components.lm.reading import Reading
from components.lm.transformer.ablation import Candidate, Head, HeadEffect
from components.words import labels

_mount = element("bert/ablation_board")


@dataclass(frozen=True)
class Switched:
    """What the reader set: heads that are off, and the position that is predicted."""

    off: tuple[Head, ...]
    at: int


def chosen(key: str, start: Switched, rev: int) -> Switched:
    """What is set in the mounted element now, or ``start`` before its first change.

    Called before the element is drawn, so that it is drawn with the answer.
    """
    import streamlit as st

    state = st.session_state.get(key)
    value: Any = state.get("switched") if state else None
    if not value or value.get("rev") != rev:  # older than what Python moved
        return start
    return Switched(tuple((int(layer), int(head)) for layer, head in value["off"]), int(value["at"]))


def ablation_board(
    reading: Reading,
    candidates: Sequence[Candidate],
    *,
    key: str,
    switched: Switched,
    num_layers: int,
    num_heads: int,
    masked: bool,
    effects: Sequence[HeadEffect],
    best: HeadEffect | None,
    rev: int,
) -> None:
    """Draw the board; read what it holds with :func:`chosen`.

    Args:
        reading: the text, as it is before the position is masked.
        candidates: tokens with their probability with all heads and without those that are off.
        key: identity of the element; its state lies under it.
        switched: what ``candidates`` were computed for.
        num_layers: rows of switches.
        num_heads: columns of switches.
        masked: whether the position itself is predicted (masked), or the token after it.
        effects: what each head does to this prediction, as far as known.
        best: the head to mark.
        rev: raised by Python when it moved what is set.
    """
    values: list[list[float | None]] | None = None
    if effects:
        values = [[None] * num_heads for _ in range(num_layers)]
        for effect in effects:
            values[effect.layer][effect.head] = round(effect.log2_change, 4)
    _mount(
        key=key,
        data={
            "rev": rev,
            "tokens": list(reading.texts),
            "special": [bool(x) for x in reading.special],
            "at": switched.at,
            "off": [list(head) for head in switched.off],
            "masked": masked,
            "mask": reading.mask_token,
            "layers": num_layers,
            "heads": num_heads,
            "effects": values,
            "best": [best.layer, best.head] if best else None,
            "candidates": [{"text": c.text, "before": c.before, "after": c.after} for c in candidates],
            "words": labels("ablation"),
        },
        on_switched_change=lambda: None,
    )
