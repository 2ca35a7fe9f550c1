"""How far a model moved against what it is paid: a track for each β, the best of n, and the stories of the chosen moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("alignment/reward_plane")


@dataclass(frozen=True)
class RewardView:
    """``step`` counts the measured moments, ``track`` the values of β; both from 0."""

    step: int
    track: int = 0


class Story(TypedDict):
    """One text as it was written: of each piece its log ratio to the old model and whether the reward counts it (+1, −1, 0)."""

    pieces: Sequence[str]
    ratios: Sequence[float]
    marks: Sequence[int]
    kl: float
    reward: float


class RewardTrack(TypedDict):
    """One β: by moment the mean of the seeds, the lowest and highest seed's reward, the seeds' own points, the share of word pairs
    that differ, and the stories of one beginning."""

    label: str
    beta: float
    kl: Sequence[float]
    reward: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    seeds: Sequence[Sequence[tuple[float, float]]]
    pairs: Sequence[float]
    stories: Sequence[Sequence[Story]]


class BestOf(TypedDict):
    """The best of n texts of the old model; ``kl`` is a formula."""

    n: int
    kl: float
    reward: float


class RewardData(TypedDict):
    """What the plane is sent."""

    steps: Sequence[int]
    tracks: Sequence[RewardTrack]
    best: Sequence[BestOf]
    beginning: str
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def reward_plane(data: RewardData, view: RewardView, *, identity: str, rev: int, key: str) -> RewardView:
    """Draw the tracks and return where the reader is now.

    Args:
        data: every β's track, the best of n, and words.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names the runs that are shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {"step": Whole(0, len(data["steps"]) - 1), "track": Whole(0, len(data["tracks"]) - 1)}
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
