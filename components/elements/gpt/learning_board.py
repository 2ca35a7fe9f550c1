"""Two models at one moment of their training: a probe with its candidates, and what each kind of probe came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed
from components.lm.training.learning import DrawnProbe

_mount = element("gpt/learning_board")


@dataclass(frozen=True)
class LearningView:
    """``probe`` counts through all probes, ``moment`` through the snapshots; both from 0."""

    probe: int
    moment: int


class LearningModel(TypedDict):
    """A model with snapshots: ``moments`` are [step, tokens read], ``losses`` held-out, in nats, one a moment."""

    name: str
    moments: list[list[int]]
    losses: list[float]


class LearningProbe(TypedDict):
    """One probe; ``asked`` is what each model said, in their order."""

    kind: str
    sentence: str
    candidates: Sequence[str]
    asked: list[DrawnProbe]


class LearningKind(TypedDict):
    """One kind of probe: ``chance`` right by guessing, ``low`` to ``high`` in 95 of 100 cases; ``gains`` (model, moment)
    are [mean, standard error] in nats."""

    kind: str
    label: str
    chance: float
    low: int
    high: int
    gains: list[list[list[float]]]


class LearningData(TypedDict):
    """What the board is sent; ``blank`` is the sign of the blank in a sentence."""

    models: list[LearningModel]
    probes: list[LearningProbe]
    kinds: list[LearningKind]
    blank: str
    lang: str
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def show_learning_board(data: LearningData, view: LearningView, *, rev: int, key: str) -> LearningView:
    """Draw the board and return where the reader is now.

    Args:
        data: models, probes, kinds and words.
        view: the state of the link; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    last = max(len(model["moments"]) for model in data["models"]) - 1
    bounds = {"probe": Whole(0, len(data["probes"]) - 1), "moment": Whole(0, last)}
    return placed(_mount, data, view, bounds, rev=rev, key=key)
