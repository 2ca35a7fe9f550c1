"""What the pages of masking share: the text as a masked language model reads it, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.lessons.known_language import say_if_foreign
from components.lm.checkpoints.bundled import best_bert
from components.shell.layout import note_line
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t

if TYPE_CHECKING:
    from components.lm.bert.mlm import MaskableText
    from components.lm.checkpoints.model_card import ModelCard


MODEL = best_bert()
"""The best bundled BERT."""


# A text of 256 tokens: some 20 kB.
@shared
def maskable_text(name: str, revision: str, text: str) -> MaskableText:
    """Return a text as a masked language model reads it."""
    from components.lm.bert.mlm import read_text

    return read_text(load_model(name, "masked_prediction"), text)


def notices(card: ModelCard, text: MaskableText | None) -> None:
    """Say in words what is unusual about a text; the prepared ones (None) are not."""
    if text is None:
        return
    if text.dropped:
        note_line(t("mlm", "dropped", dropped=f"{text.dropped:,}", kept=f"{len(text):,}"))
    if not text.maskable and not text.blank.any():
        note_line(t("mlm", "nothing_to_mask"))
    say_if_foreign(card, text.text)


def percent(p: float) -> str:
    """Return a probability as a percentage that never says 100% or 0% when it is not."""
    if p >= 1:
        return "100%"
    if p > 0.9999:
        return ">99.99%"
    if p < 0.0001:
        return "<0.01%" if p > 0 else "0%"
    return f"{100 * p:.3g}%"


def caption(card: ModelCard, **more: object) -> str:
    """Return the line under a picture: model, revision, sizes, and what else made it."""
    line = t(
        "mlm",
        "caption",
        model=card.name,
        revision=card.revision.removeprefix("sha256:")[:10],
        parameters=f"{card.num_parameters:,}",
        vocab=f"{card.vocab_size:,}",
    )
    return " · ".join([line, *(f"{key} {value}" for key, value in more.items())])


class About(Mapping[str, Any]):
    """What every exported file names, as it is when a file is asked for: a part may have changed without its page."""

    def __init__(self, card: ModelCard, keys: Sequence[str]) -> None:
        self._card, self._keys = card, keys

    def __getitem__(self, key: str) -> Any:
        return (
            getattr(self._card, {"model": "name"}.get(key, key))
            if key in ("model", "revision")
            else st.session_state[key]
        )

    def __iter__(self) -> Iterator[str]:
        return iter(("model", "revision", *self._keys))

    def __len__(self) -> int:
        return 2 + len(self._keys)
