"""One beginning written on by several strategies at once, and beam search as a tree."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.words import labels

_race = element("gpt/lane_race")
_tree = element("gpt/beam_tree")


Node = tuple[int, int, int, float, float, str, str]
"""One hypothesis: parent, step, token id, its log-probability, the sum so far, fate, text."""


class Hypotheses(TypedDict):
    """Beam search: every node, and the last one of the text that won."""

    nodes: Sequence[Node]
    winner: int


class LaneText(TypedDict):
    """What one strategy wrote, token by token, with the model's log-probabilities, ranks and likeliest candidates (token id,
    probability, text); ``ended`` says that it ended by itself."""

    ids: Sequence[int]
    texts: Sequence[str]
    logprobs: Sequence[float]
    ranks: Sequence[int]
    candidates: Sequence[Sequence[tuple[int, float, str]]]
    tree: Hypotheses | None
    ended: bool


class RaceBeginning(TypedDict):
    """The tokens that every lane goes on from; ``dropped`` more stood before them."""

    ids: Sequence[int]
    texts: Sequence[str]
    dropped: int


class RaceTexts(TypedDict):
    """Lanes computed here."""

    prompt: RaceBeginning
    lanes: Sequence[LaneText]


class LaneSettings(TypedDict):
    """A lane as both engines are given it (``components.lm.gpt.strategies.Lane``)."""

    strategy: str
    value: float
    penalty: float
    temperature: float
    order: str
    k: int
    length_penalty: float


class NamedLane(LaneSettings):
    """A lane with its name."""

    label: str


class RaceStart(TypedDict):
    """What the view begins with; ``picks`` are triples (number of the strategy, step from 1, token)."""

    step: int
    named: bool
    picks: Sequence[int]
    penalised: Sequence[str]


class RaceData(TypedDict):
    """What the race is sent. ``key`` names what decides the lanes, ``known`` are those computed before (None: the browser computes
    them from ``files``), ``most`` tokens are written, ``most_prompt`` tokens of the beginning are read."""

    rev: int
    key: str
    known: RaceTexts | None
    files: ModelFiles | None
    prompt: str
    story: str
    most: int
    most_prompt: int
    seed: int
    penalty: float
    picks: Sequence[int]
    all: Sequence[str]
    labels: Mapping[str, str]
    lanes: Sequence[NamedLane]
    start: RaceStart


class TreeTexts(TypedDict):
    """The search's text with its tree, and greedy's."""

    beam: LaneText
    greedy: LaneText


class TreeData(TypedDict):
    """What the tree is sent; as in ``RaceData``."""

    key: str
    known: TreeTexts | None
    files: ModelFiles | None
    prompt: str
    most_prompt: int
    width: int
    depth: int
    length_penalty: float


def lane_race(data: RaceData, *, on_view: Callable[[], None], on_want: Callable[[], None], key: str) -> None:
    """Draw the lanes. Triggers: ``view`` ({rev, step, named, picks, penalised}), ``want`` (the browser cannot compute).

    Args:
        data: the lanes, their settings and the beginning.
    """
    words = {"words": labels("decoding"), "stepper": labels("stepper")}
    _race(key=key, data={**data, **words}, on_view_change=on_view, on_want_change=on_want)


def beam_tree(data: TreeData, *, on_want: Callable[[], None], key: str) -> None:
    """Draw every hypothesis of a beam search; trigger ``want`` as above."""
    _tree(key=key, data={**data, "words": labels("decoding")}, on_want_change=on_want)
