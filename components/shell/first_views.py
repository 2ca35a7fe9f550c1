"""First views of the attention pages from a file, so that they stand before torch is imported.

``assets/traces/make.py`` computes them with the bundled models; a file made by another revision of a model is not
used, and the page computes.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from components.lm.transformer.attention import Attention, Encoded

if TYPE_CHECKING:
    from components.lm.transformer.word_context import WordGuess

TRACES = Path(__file__).parents[2] / "assets" / "traces"
ATTENTION, GUESSES = "bert-attention.npz", "transformer-masks.json"


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


def guesses_as_json(name: str, revision: str, text: str, guesses: "list[WordGuess]") -> dict[str, Any]:
    """Return the guesses for every word of a text, the weights (the same for all) once."""
    first = guesses[0]
    return {
        "of": [name, revision, text, first.layer],
        "tokens": first.tokens,
        "word_of": first.word_of,
        "weights": [[round(float(w), 6) for w in row] for row in first.weights],
        "causal": first.causal,
        "words": [
            {"visible": g.visible, "guesses": g.guesses, "first_piece": g.first_piece} for g in guesses
        ],
    }


@cache
def _guesses() -> Any:
    path = TRACES / GUESSES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def word_guess(name: str, revision: str, text: str, word: int, layer: int) -> "WordGuess | None":
    """Return the guess for a word of the page's own sentence in one of its own models, or None for anything else."""
    from components.lm.transformer.word_context import WordGuess

    for found in _guesses():
        if found["of"] == [name, revision, text, layer] and 0 <= word < len(found["words"]):
            own = found["words"][word]
            return WordGuess(
                tokens=tuple(found["tokens"]),
                word_of=tuple(found["word_of"]),
                weights=np.array(found["weights"], np.float32),
                layer=layer,
                causal=found["causal"],
                visible=tuple(own["visible"]),
                guesses=tuple((token, p) for token, p in own["guesses"]),
                first_piece=(own["first_piece"][0], own["first_piece"][1]),
            )
    return None
