"""One sentence in two models: what each may read for a word, and what each guesses there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from components.elements.mount import element
from components.lm.transformer.word_context import WordGuess
from components.words import labels

_mount = element("transformer/two_readers")


class Reader(TypedDict):
    """What one model read and guessed: ``word_of`` the word of each token (-1: of the frame), ``weights`` a row a head of
    what the guess reads, ``visible`` the tokens it may read, ``guesses`` text and probability."""

    model: str
    layer: int
    causal: bool
    tokens: Sequence[str]
    word_of: Sequence[int]
    weights: Sequence[Sequence[float]]
    visible: Sequence[bool]
    guesses: Sequence[Sequence[str | float]]
    first_piece: Sequence[object]


class Found(TypedDict):
    """What was computed here: the ``text`` that was read, the number of the ``word`` in it, and for each model what it read
    and guessed (None: it cannot guess)."""

    text: str
    word: int
    readers: list[Reader | None]


class TwoReaders(TypedDict):
    """What the element is sent.

    ``state`` (sentence, mask_layer, word, flips: the changed cells of the four masks) is the view, ``asked`` that of ``found``, which is None where the browser
    computes; ``models`` are {name, revision}, ``files`` {folder, models: what ``components/elements/engine.py`` gives for
    each, with its name} or None; ``own`` is the sentence of the page, ``most`` the tokens it draws. ``rev`` and ``params``
    as in ``components/elements/view.py`` and ``components/shell/links.py``.
    """

    rev: int
    state: Mapping[str, object]
    params: Sequence[Mapping[str, object]]
    models: Sequence[Mapping[str, str]]
    files: dict[str, Any] | None
    own: str
    most: int
    asked: Mapping[str, object]
    found: Found | None


def as_reader(model: str, guess: WordGuess) -> Reader:
    """Return a guess as the element draws it."""
    return {
        "model": model,
        "layer": guess.layer,
        "causal": guess.causal,
        "tokens": list(guess.tokens),
        "word_of": list(guess.word_of),
        "weights": [[round(float(w), 4) for w in row] for row in guess.weights],
        "visible": list(guess.visible),
        "guesses": [list(pair) for pair in guess.guesses],
        "first_piece": list(guess.first_piece),
    }


def two_readers(data: TwoReaders, *, on_view: Callable[[], None]) -> None:
    """Draw the readers side by side.

    Trigger under the key ``two_readers``: ``view`` ({rev, state, browser: the names of the models that the browser computes
    with or None, text: the one that was read, guesses: [model, causal, positions of the word, first guess, its probability]
    of each that the browser computed}), always the whole state.

    Args:
        data: what is asked, and what the models say.
    """
    _mount(
        key="two_readers",
        data={
            **data,
            "words": labels("masks")
            | {"cut_text": labels("masks")["cut"]}
            | labels("two_readers")
            | labels("engine"),
        },
        on_view_change=on_view,
    )
