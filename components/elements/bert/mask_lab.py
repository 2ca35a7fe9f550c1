"""A sentence whose tokens can be hidden by clicking, with the model's guesses for each."""

from collections.abc import Callable
from typing import TypedDict

from components.elements.bert.guess_cards import GuessedBlank
from components.elements.mount import element
from components.words import labels

_mount = element("bert/mask_lab")


class LabToken(TypedDict):
    """One token: whether it belongs to the frame, whether a mask was typed there, and the number of its word."""

    text: str
    special: bool
    blank: bool
    word: int | None


class LabData(TypedDict):
    """Tokens, positions ``hidden`` in the order clicked, ``filled`` blanks as (position, token id, token), how many tokens
    the model knows, its ``mask`` token, and a card for each open blank."""

    tokens: list[LabToken]
    hidden: list[int]
    filled: list[tuple[int, int, str]]
    vocab_size: int
    mask: str
    cards: list[GuessedBlank]


class MaskLab(LabData):
    """What the element is sent; with ``whole``, a click hides every piece of a word."""

    whole: bool


def mask_lab(data: MaskLab, *, on_blanks: Callable[[], None]) -> None:
    """Draw the sentence and one card per open blank.

    Trigger under the key ``mask_lab``: ``blanks`` ({hidden: positions in the order clicked, filled: position and
    token id alternating}), always the whole state, so that a lost message cannot leave the two sides apart.

    Args:
        data: the sentence, what is hidden and what the model says there.
    """
    _mount(
        key="mask_lab", data={**data, "words": labels("mlm", mask=data["mask"])}, on_blanks_change=on_blanks
    )
