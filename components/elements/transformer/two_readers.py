"""One sentence in two models: what each may read for a word, and what each guesses there."""

from collections.abc import Sequence

from components.elements.mount import element
from components.lm.transformer.word_context import WordGuess
from components.words import labels

_mount = element("transformer/two_readers")


def two_readers(
    sentence: Sequence[str], word: int, readers: Sequence[tuple[str, WordGuess]], *, key: str, rev: int
) -> int:
    """Draw the readers side by side and return the word that is chosen.

    Args:
        sentence: its words.
        word: the chosen one.
        readers: (name of the model, what it read and guessed).
        key: identity of the element.
        rev: raised by Python when it moved ``word``.
    """
    result = _mount(
        key=key,
        data={
            "rev": rev,
            "sentence": list(sentence),
            "word": word,
            "words": labels("two_readers"),
            "readers": [
                {
                    "model": name,
                    "layer": guess.layer,
                    "causal": guess.causal,
                    "tokens": list(guess.tokens),
                    "word_of": list(guess.word_of),
                    "weights": [[round(float(w), 4) for w in row] for row in guess.weights],
                    "visible": list(guess.visible),
                    "guesses": [list(pair) for pair in guess.guesses],
                    "first_piece": list(guess.first_piece),
                }
                for name, guess in readers
            ],
        },
        on_word_change=lambda: None,
    )
    chosen = result.word
    if not chosen or chosen.get("rev") != rev:  # older than what Python moved
        return word
    return int(chosen["word"]) if 0 <= int(chosen["word"]) < len(sentence) else word
