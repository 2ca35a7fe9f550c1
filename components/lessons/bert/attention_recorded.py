"""The first view of "Attention heads" from a file, so that it stands before torch is imported."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from components.lessons.recorded import TRACES
from components.lm.transformer.attention import Attention, Encoded

ATTENTION = "bert/attention.npz"


@dataclass(frozen=True, eq=False)
class AttentionView:
    """The attention of one text with what made it; ``separators`` are the ids of the separating tokens."""

    of: tuple[str, str, str, str]  # model, revision, text, second text
    attention: Attention
    separators: frozenset[int]

    def save(self, path: Path) -> None:
        """Write everything exactly."""
        encoded = self.attention.encoded
        np.savez_compressed(
            path,
            of=np.array(self.of),
            weights=self.attention.weights,
            causal=np.array(self.attention.causal),
            tokens=np.array(encoded.tokens),
            texts=np.array(encoded.texts),
            input_ids=encoded.input_ids,
            segments=encoded.segments,
            special=encoded.special,
            mask_token_id=np.array(-1 if encoded.mask_token_id is None else encoded.mask_token_id),
            separators=np.array(sorted(self.separators)),
        )

    @classmethod
    def read(cls, path: Path) -> "AttentionView":
        """Return what :meth:`save` wrote."""
        with np.load(path) as file:
            mask = int(file["mask_token_id"])
            encoded = Encoded(
                tokens=tuple(file["tokens"].tolist()),
                texts=tuple(file["texts"].tolist()),
                input_ids=file["input_ids"],
                segments=file["segments"],
                special=file["special"],
                mask_token_id=None if mask < 0 else mask,
            )
            weights = file["weights"]
            model, revision, text, pair = file["of"].tolist()
            return cls(
                (model, revision, text, pair),
                Attention(encoded, weights, tuple(range(len(weights))), bool(file["causal"])),
                frozenset(file["separators"].tolist()),
            )


@cache
def _attention() -> AttentionView | None:
    path = TRACES / ATTENTION
    return AttentionView.read(path) if path.exists() else None


def attention(name: str, revision: str, text: str, pair: str) -> AttentionView | None:
    """Return the attention of the page's own text in its own model, or None for anything else."""
    view = _attention()
    return view if view is not None and view.of == (name, revision, text, pair) else None
