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


class AboutModel(TypedDict):
    """The model's name, and its revision as the caption prints it."""

    name: str
    revision: str


class RaceAid(TypedDict):
    """What stands under the lanes while their names are covered, and after."""

    covered: str
    named: str


class ViewData(TypedDict):
    """What both elements are sent: ``state`` is the view of the link, ``asked`` that of ``known``, which was computed before (None: the
    browser computes it from ``files``); at most ``most_prompt`` tokens of the beginning are read. ``rev`` as in
    ``components/elements/view.py``."""

    rev: int
    state: Mapping[str, object]
    asked: Mapping[str, object]
    model: AboutModel
    files: ModelFiles | None
    most_prompt: int


class RaceData(ViewData):
    """What the race is sent: ``params`` as in ``components/shell/links.py``, ``all`` strategies in their order, the ``stories`` of ours by
    their beginnings."""

    params: Sequence[Mapping[str, object]]
    known: RaceTexts | None
    all: Sequence[str]
    stories: Mapping[str, str]
    aid: RaceAid


class TreeTexts(TypedDict):
    """The search's text with its tree, and greedy's."""

    beam: LaneText
    greedy: LaneText


class TreeData(ViewData):
    """What the tree is sent."""

    known: TreeTexts | None


def lane_race(data: RaceData, *, on_view: Callable[[], None], on_want: Callable[[], None], key: str) -> None:
    """Draw the lanes. Triggers: ``view`` ({rev, state}, always the whole state), ``want`` (the same: the browser cannot compute it).

    Args:
        data: the view, and its lanes where they are known.
    """
    words = {"words": labels("decoding") | labels("engine"), "stepper": labels("stepper")}
    _race(key=key, data={**data, **words}, on_view_change=on_view, on_want_change=on_want)


def beam_tree(data: TreeData, *, on_want: Callable[[], None], key: str) -> None:
    """Draw every hypothesis of a beam search; trigger ``want`` as above."""
    _tree(key=key, data={**data, "words": labels("decoding")}, on_want_change=on_want)
