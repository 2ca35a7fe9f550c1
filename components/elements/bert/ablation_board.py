"""Attention heads as switches, beside the prediction with and without those that are off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.elements.mount import element
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import Reading
from components.lm.transformer.ablation import Candidate, Head, HeadEffect
from components.words import labels

_mount = element("bert/ablation_board")
AID = ("try_all", "go_on", "stop", "tried", "stopped", "helps", "hinders", "without", "ablation_hint")


@dataclass(frozen=True)
class Switched:
    """What the reader set: heads that are off, and the position that is predicted."""

    off: tuple[Head, ...]
    at: int


@dataclass(frozen=True, eq=False)
class Measured:
    """What was computed here: ``candidates`` with their probability with all heads and without those that are ``switched``
    off, the most probable token with all heads (``top``: text, probability), how far the whole prediction moves (``bits``),
    and what each head does to it, as far as it was tried (``done``: all were). ``reading`` is the text before the position
    is masked."""

    reading: Reading
    switched: Switched
    candidates: Sequence[Candidate]
    top: tuple[str, float]
    bits: float
    effects: Sequence[HeadEffect]
    done: bool


def ablation_board(
    card: ModelCard, *, masked: bool, here: bool, mask: str | None, measured: Measured | None
) -> None:
    """Draw the board. What the reader switches is part of the view that ``attention_view`` reports.

    Args:
        card: the model.
        masked: whether the position itself is predicted (masked), or the token after it.
        here: whether the browser may compute, so that it also tries the heads.
        mask: the model's mask token.
        measured: what was computed here; None where the browser does.
    """
    _mount(
        key="ablation_board",
        data={
            "masked": masked,
            "here": here,
            "mask": mask,
            "layers": card.num_layers,
            "heads": card.num_heads,
            "measured": measured and _plain(card, measured),
            "words": {"without_off": labels("ablation")["without"]}
            | labels("ablation")
            | {key: labels("attention")[key] for key in AID},
        },
    )


def _plain(card: ModelCard, measured: Measured) -> dict[str, Any]:
    values: list[list[float | None]] = [[None] * card.num_heads for _ in range(card.num_layers)]
    for effect in measured.effects:
        values[effect.layer][effect.head] = round(effect.log2_change, 4)
    best = max(measured.effects, key=lambda effect: abs(effect.log2_change), default=None)
    return {
        "tokens": list(measured.reading.texts),
        "special": [bool(x) for x in measured.reading.special],
        "at": measured.switched.at,
        "off": [layer * 1000 + head for layer, head in measured.switched.off],
        "candidates": [{"text": c.text, "before": c.before, "after": c.after} for c in measured.candidates],
        "top": list(measured.top),
        "bits": measured.bits,
        "effects": values,
        "tried": len(measured.effects),
        "best": best and {"layer": best.layer, "head": best.head, "bits": best.log2_change, "p": best.prob},
    }
