"""The blanks of the lab asked in other ways: from one side, in an order, piece by piece."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.words import labels

_mount = element("bert/mask_looks")


class OriginalToken(TypedDict):
    """The token that was hidden: its probability now and ``before`` other blanks were filled, its rank (from 1), its loss
    in nats."""

    id: int
    token: str
    p: float
    before: float | None
    rank: int | None
    loss: float | None


class GuessedBlank(TypedDict):
    """One blank: ``candidates`` are (id, token, probability, probability before other blanks were filled), ``rest`` the
    probability of all other tokens, ``entropy`` in bits."""

    position: int
    candidates: list[tuple[int, str, float, float | None]]
    rest: float
    entropy: NotRequired[float]
    original: OriginalToken | None


class ReadBlank(GuessedBlank):
    """A blank with what was read: ``line`` of (token, kind), kind ``read``, ``cut`` or ``blank``; ``about`` names the model."""

    about: str
    line: list[tuple[str, str]]


class SideCard(ReadBlank):
    """A blank read in one way: ``side`` is left, right, both, or gpt."""

    side: str


class PieceCard(ReadBlank):
    """One ``token`` of a word: ``piece`` says whether it was hidden ``alone`` or ``together`` with the others."""

    piece: str
    token: str


class FilledOrder(TypedDict):
    """The blanks filled in one order: (position, token id, token, its probability at that moment), as they were filled."""

    order: str
    steps: list[tuple[int, int, str, float]]


class FoundCards(TypedDict):
    """What was found, as cards."""

    cards: Sequence[SideCard] | Sequence[PieceCard]


class FoundOrders(TypedDict):
    """What each order wrote; ``tokens`` are those of the text with whether they are special."""

    tokens: list[tuple[str, bool]]
    orders: list[FilledOrder]


Found = FoundCards | FoundOrders


class LeftModel(TypedDict):
    """The GPT that reads the left side only."""

    name: str
    files: ModelFiles


class MaskLooks(TypedDict):
    """What the element is sent: the view (``asked``: text, look, hidden, filled), ``found``, what was found for it (None: there is
    nothing to ask; left out where the browser answers), the ``looks`` to choose from, and the models."""

    looks: Sequence[str]
    asked: Mapping[str, object]
    found: NotRequired[Found | None]
    model: str
    files: ModelFiles | None
    left: LeftModel | None


def mask_looks(data: MaskLooks) -> None:
    """Draw the way that the reader chose. What is chosen is the view that ``mask_lab`` reports.

    Args:
        data: the blanks, and what was found about them.
    """
    files = {**data["files"], "name": data["model"]} if data["files"] else None
    _mount(
        key="mask_looks",
        data={**data, "files": files, "words": labels("mlm") | labels("engine")},
    )
