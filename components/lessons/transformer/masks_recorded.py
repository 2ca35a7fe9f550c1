"""The first view of "Who may look at whom" from a file, so that it stands before torch is imported."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from components.lessons.recorded import TRACES

if TYPE_CHECKING:
    from components.lm.transformer.word_context import WordGuess


GUESSES = "transformer/masks.json"


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
