"""A fader for each layer of a model that stays as it is: the mix, what a new layer finds with it, and where learned faders go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from components.elements.fine_tuning.tasks_board import TasksSentence
from components.elements.mount import element
from components.elements.view import Bound, Several, Whole, reported, started

_mount = element("fine_tuning/features_board")


@dataclass(frozen=True)
class FeaturesView:
    """``step`` 0 is the mix of ``faders``; 1 and on are the moments of the learned one."""

    step: int
    faders: tuple[int, ...]


class MixLane(TypedDict):
    """One start with one mix: F1 as (value, low, high) on each held-out set, and what it says of the sentences in sight."""

    labelled: Sequence[float]
    new: Sequence[float]
    written: Sequence[float]
    said: Sequence[Sequence[int]]


class Mix(TypedDict):
    """A mix set by hand, pre-trained start first."""

    faders: Sequence[int]
    lanes: Sequence[MixLane]


class LearnedMix(TypedDict):
    """One start whose shares were learned, by moment."""

    shares: Sequence[Sequence[float]]
    gamma: Sequence[float]
    loss: Sequence[float]
    labelled: Sequence[Sequence[float]]
    new: Sequence[Sequence[float]]
    written: Sequence[Sequence[float]]
    said: Sequence[Sequence[Sequence[int]]]


class FeaturesData(TypedDict):
    """What the board is sent. ``tuned`` has F1 after fine-tuning of everything, by start and set; ``counts`` the sentences of each set."""

    mixes: Sequence[Mix]
    steps: Sequence[int]
    learned: Sequence[LearnedMix]
    tuned: Sequence[Mapping[str, float]]
    lanes: Sequence[str]
    layers: int
    neutral: int
    top: int
    counts: Mapping[str, int]
    sentences: Sequence[TasksSentence]
    tags: Sequence[str]
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def features_board(
    data: FeaturesData,
    view: FeaturesView,
    *,
    identity: str,
    rev: int,
    key: str,
    on_view: Callable[[], None],
) -> FeaturesView:
    """Draw the faders and return where the reader is now.

    Args:
        data: known mixes, the learned ones, sentences and words.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names the runs that are shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: told when the reader moved, before the page runs again: a mix that is not known has to be computed.
    """
    start = started(key, view, (rev, identity))
    result = _mount(
        key=key, data={**data, "id": identity, "rev": rev, "start": asdict(start)}, on_view_change=on_view
    )
    return features_seen(
        result.get("view"), view, rev, moments=len(data["steps"]), layers=data["layers"], top=data["top"]
    )


def features_seen(
    value: object, otherwise: FeaturesView, rev: int, *, moments: int, layers: int, top: int
) -> FeaturesView:
    """Return the view that a browser reports under this ``rev``, within bounds, or ``otherwise``."""
    bounds: dict[str, Bound] = {"step": Whole(0, moments), "faders": Several(Whole(0, top), layers)}
    return reported(value, otherwise, rev, bounds)
