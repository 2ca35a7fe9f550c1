"""What a change of a BERT's input changed."""

from collections.abc import Mapping, Sequence

from components.elements.mount import element
from components.lm.bert.embeddings import Effects

_mount = element("bert/input_effects")


def input_effects(
    effects: Effects,
    tokens: Sequence[str],
    *,
    asked: str | None,
    pair: bool,
    words: Mapping[str, str],
    key: str,
) -> None:
    """Draw the effects on final vectors, on the guess at ``asked`` (a token) and on the next-sentence answer."""
    _mount(
        key=key,
        data={
            "tokens": list(tokens),
            "cosines": [float(c) for c in effects.cosines],
            "largest": effects.largest,
            "asked": asked,
            "guesses": [[g.token, g.before, g.after] for g in effects.guesses],
            "is_next": effects.is_next,
            "pair": pair,
            "words": dict(words),
        },
    )
