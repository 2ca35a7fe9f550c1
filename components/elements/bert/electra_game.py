"""The game of fakes: find the words that were put there, or put words there that are not found."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from components.elements.bert.electra_flow import FlowToken
from components.elements.mount import element
from components.words import labels

_mount = element("bert/electra_game")


class GameJudge(TypedDict):
    """A judge and how suspicious it finds each token."""

    name: str
    scores: list[float]


class GameOption(TypedDict):
    """A word to choose, and the generator's probability of it."""

    id: int
    token: str
    p: float


class GamePlace(TypedDict):
    """A place to fill: words to choose from, the one that stands there (``put``, or None), and what the discriminator makes
    of it: its P(replaced), its rank among the judged tokens, and whether it is among the most suspicious; ``same``: the word
    is the original."""

    position: int
    original: str
    options: list[GameOption]
    put: int | None
    suspicion: float
    rank: int
    caught: bool
    same: bool


class GameData(TypedDict):
    """One round.

    ``kind`` names what a total is counted over (another one begins at 0), ``run`` the round; ``fakes`` are places,
    ``originals`` what stood there.
    """

    mode: str
    kind: str
    run: str
    round: int
    rounds: int
    tokens: list[FlowToken]
    fakes: list[int]
    originals: dict[str, str]
    judges: Sequence[GameJudge]
    places: list[GamePlace]
    judged: int


def electra_game(
    data: GameData,
    *,
    on_round: Callable[[], None],
    on_put: Callable[[], None],
    on_word: Callable[[], None],
) -> None:
    """Draw a round.

    Triggers under the key ``electra_game``: ``round`` (the next one), ``put`` ({position, id}), ``word`` ({position, text}).
    """
    _mount(
        key="electra_game",
        data={**data, "words": labels("electra_game")},
        on_round_change=on_round,
        on_put_change=on_put,
        on_word_change=on_word,
    )
