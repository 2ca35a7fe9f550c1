"""A sentence whose tokens can be hidden by clicking, with the model's guesses for each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from components.elements.bert.mask_looks import GuessedBlank
from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.words import labels

_mount = element("bert/mask_lab")


class LabToken(TypedDict):
    """One token and its id: whether it belongs to the frame, whether a mask was typed there, and the number of its word."""

    id: int
    text: str
    special: bool
    blank: bool
    word: int | None


class LabData(TypedDict):
    """Tokens, positions ``hidden`` in the order clicked, ``filled`` blanks as (position, token id, token), how many tokens
    the model knows, its ``mask`` token, and a card for each open blank (None: the browser makes them)."""

    tokens: list[LabToken]
    hidden: list[int]
    filled: list[tuple[int, int, str]]
    vocab_size: int
    mask: str
    cards: list[GuessedBlank] | None


class LabFrame(TypedDict):
    """What the reader set: with ``whole``, a click hides every piece of a word; ``look`` is the way in which ``mask_looks`` asks
    the blanks again. ``rev`` as in ``components/elements/view.py``, ``params`` as in ``components/shell/links.py``, ``files`` as
    in ``components/elements/engine.py``."""

    whole: bool
    look: str
    rev: int
    params: Sequence[Mapping[str, Any]]
    text: str
    model: str
    files: ModelFiles | None


class MaskLab(LabData, LabFrame):
    """What the element is sent."""


def mask_lab(data: MaskLab, *, on_blanks: Callable[[], None]) -> None:
    """Draw the sentence and one card per open blank.

    Trigger under the key ``mask_lab``: ``blanks`` ({rev, mlm_text, whole_words, mlm_look, hidden: positions in the order clicked, filled: position
    and token id alternating, browser: the model that the browser computes with or None, first: its first guesses}),
    always the whole state, so that a lost message cannot leave the two sides apart.

    Args:
        data: the sentence, what is hidden and what the model says there.
    """
    _mount(
        key="mask_lab",
        data={**data, "words": labels("mlm", mask=data["mask"]) | labels("engine")},
        on_blanks_change=on_blanks,
    )
