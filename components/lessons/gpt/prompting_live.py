"""Prompts that are asked while one watches: the same prompts of the same model once for all readers of a server."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from components.lessons.live import Found, Trainable, reader, trainings
from components.lm import checkpoints
from components.lm.gpt.prompting import Asking, BadPrompt, Prompt, Scores, study


class Row(TypedDict):
    """:class:`components.lm.gpt.prompting.Scores` as JSON."""

    margins: list[float]
    empty: list[float]
    spare: list[float]
    mass: float


def as_row(scores: Scores) -> Row:
    """Return scores as JSON."""
    found: Any = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(scores).items()}
    row: Row = found
    return row


def as_scores(row: Row) -> Scores:
    """Return scores from JSON."""
    return Scores(tuple(row["margins"]), tuple(row["empty"]), tuple(row["spare"]), row["mass"])


@dataclass(frozen=True)
class Wanted:
    """What is asked of which model; the same is asked once."""

    model: str
    revision: str
    study: str
    prompts: tuple[Prompt, ...]


class Answered(Found):
    """The prompts asked to the end so far, in order; ``refused`` names the code of the first one that cannot be asked."""

    rows: list[Row]
    refused: str | None
    slots: dict[str, object]


class Asked(Trainable[Answered]):
    """The prompts one after the other, a few questions a step."""

    def __init__(self, wanted: Wanted) -> None:
        loaded = checkpoints.load(wanted.model, "generation")
        self._asking = [Asking(loaded, study(wanted.study), prompt) for prompt in wanted.prompts]
        self._rows: list[Row] = []
        self._seconds = 0.0
        self._refused: BadPrompt | None = None

    @property
    def fraction(self) -> float:
        """How far it is; a prompt that cannot be asked ends it."""
        if self._refused is not None:
            return 1.0
        return sum(one.done for one in self._asking) / sum(one.total for one in self._asking)

    def step(self) -> None:
        """Ask a few questions of the first prompt that is not done."""
        started = time.thread_time()
        asking = self._asking[len(self._rows)]
        try:
            asking.step()
        except BadPrompt as error:
            self._refused = error
        else:
            if asking.done >= asking.total:
                self._rows.append(as_row(asking.scores()))
        self._seconds += time.thread_time() - started

    def result(self) -> Answered:
        """Return what is known so far."""
        return {
            "step": sum(one.done for one in self._asking),
            "steps": sum(one.total for one in self._asking),
            "seconds": self._seconds,
            "rows": self._rows,
            "refused": self._refused.code if self._refused else None,
            "slots": self._refused.slots if self._refused else {},
        }


def known(wanted: Wanted) -> Answered | None:
    """Return what this server has of these prompts; None if nobody asked them."""
    asked = trainings().get(wanted)
    if asked is None or asked.result is None:
        return None
    found: Any = asked.result
    answered: Answered = found
    return answered


def asked_by_reader(wanted: Wanted) -> bool:
    """Whether it was this reader who asked."""
    asked = trainings().get(wanted)
    return asked is not None and reader() in asked.wanted_by
