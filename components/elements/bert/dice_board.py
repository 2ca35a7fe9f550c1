"""One draw of the dice on a text, stage by stage, and the shares of many draws as a tree."""

from collections.abc import Callable, Mapping
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/dice_board")


class DiceToken(TypedDict):
    """One place: ``action`` is M (masked), R (random), K (kept) or nothing, ``input`` what the model reads there with its
    ``id``, ``label`` the id to predict."""

    text: str
    special: bool
    action: str
    input: str
    id: int
    label: int | None


class DiceCase(TypedDict):
    """A chosen place in one of the cases: the token read there, probability, loss (nats) and rank of the right one, and the
    likeliest with its probability."""

    token: str
    p: float
    loss: float
    rank: int
    top: str
    top_p: float


class DicePlace(TypedDict):
    """A chosen place: the case that came up, and all three (letter -> case)."""

    position: int
    actual: str
    cases: dict[str, DiceCase]


class DiceDraw(TypedDict):
    """One draw on a text."""

    tokens: list[DiceToken]
    places: list[DicePlace]


class DiceThrows(TypedDict):
    """Many draws: how many were ``asked`` for and made, ``note`` if these differ, the tokens chosen from, and how many fell
    to each letter."""

    asked: int
    note: str
    draws: int
    tokens: int
    counts: dict[str, int]


class DiceBoard(DiceDraw):
    """What the board is sent: one draw, the shares ``expected`` of each letter, the recipe (0…1) and many draws. The board
    follows ``stage`` (0 to 3) when ``rev`` changes, and begins anew when ``run`` does."""

    rev: int
    mask: str
    seed: int
    run: str
    stage: int
    expected: dict[str, float]
    recipe: Mapping[str, float]
    throws: DiceThrows


def dice_board(data: DiceBoard, *, on_said: Callable[[], None]) -> None:
    """Draw the board; the stages (text, chosen, dice, losses) step in the browser.

    Trigger under the key ``dice_board``: ``said`` ({stage: 0 to 3, and if the reader threw: throws, seed}).

    Args:
        data: the draw on the board and the shares of many.
    """
    _mount(
        key="dice_board",
        data={**data, "words": labels("dice", mask=data["mask"]) | labels("stepper")},
        on_said_change=on_said,
    )
