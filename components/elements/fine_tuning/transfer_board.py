"""A task as a row of tokens with its losses, sentences judged by two models, and what each depth of transfer came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("fine_tuning/transfer_board")


@dataclass(frozen=True)
class TransferView:
    """``step`` counts the measured moments, ``carried`` the runs (0: nothing carried over), ``sentence`` the held-out
    sentences in sight, ``form`` the four forms of a task; all from 0."""

    step: int
    carried: int
    sentence: int = 0
    form: int = 0


class TransferSentence(TypedDict):
    """A held-out sentence in sight: ``label`` is its place in the labels, ``pieces`` its row of tokens."""

    text: str
    label: int
    pieces: Sequence[str]


class TransferRow(TypedDict):
    """A row of tokens; ``losses`` are L1 in nats from the second token on, None at a new one."""

    pieces: Sequence[str]
    losses: Sequence[float | None]


class TransferForm(TypedDict):
    """The rows of one form's example; ``l2``: the loss in nats of its label under a new head, of ``choices``."""

    form: str
    l2: float
    choices: int
    rows: Sequence[TransferRow]


class TransferRun(TypedDict):
    """What one depth came to, by moment: right answers by seed, their interval, p(happy) and L1 by sentence in sight."""

    label: str
    right: Sequence[Sequence[int]]
    interval: Sequence[tuple[float, float]]
    probs: Sequence[Sequence[float]]
    losses: Sequence[Sequence[Sequence[float | None]]]


class TransferData(TypedDict):
    """What the board is sent; ``runs`` begin with nothing carried over, ``seed_at`` is the seed that is looked at."""

    steps: Sequence[int]
    held_out: int
    shown: int
    seed_at: int
    labels: Sequence[str]
    special: Sequence[str]
    sentences: Sequence[TransferSentence]
    forms: Sequence[TransferForm]
    form_names: Sequence[str]
    runs: Sequence[TransferRun]
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def transfer_board(
    data: TransferData, view: TransferView, *, identity: str, rev: int, key: str
) -> TransferView:
    """Draw the runs of one seed and λ and return where the reader is now.

    Args:
        data: runs, sentences, forms and words.
        view: the state of the link; the element follows it when ``rev`` changes.
        identity: names the runs that are shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    bounds = {
        "step": Whole(0, len(data["steps"]) - 1),
        "carried": Whole(0, len(data["runs"]) - 1),
        "sentence": Whole(0, data["shown"] - 1),
        "form": Whole(0, len(data["form_names"]) - 1),
    }
    return placed(_mount, data, view, bounds, identity=identity, rev=rev, key=key)
