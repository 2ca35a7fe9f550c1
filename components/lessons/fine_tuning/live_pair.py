"""What the trainings of a reader's own share on the pages of this chapter: two runs side by side, their chart, and what goes home."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from components.elements.fine_tuning.score_lines import ScoreLine, score_lines
from components.lessons import live
from components.lessons.fine_tuning.said import STARTS
from components.lm import checkpoints
from components.lm.fine_tuning.difference import as_safetensors
from components.words import t

Setting = TypeVar("Setting", bound=Hashable)


@dataclass(frozen=True)
class Asked(Generic[Setting]):
    """What a reader asks for; the same settings of the same model are trained once."""

    model: str
    revision: str
    setting: Setting

    def file(self, tensors: Mapping[str, Any], **card: str) -> bytes:
        """Return what was learned as safetensors, with its model and licence on the card."""
        return as_safetensors(tensors, {"model": f"{self.model} {self.revision}", "licence": "MIT", **card})


def asked(model: str, setting: Setting) -> Asked[Setting]:
    """Return a setting for a bundled model as it is now."""
    return Asked(model, checkpoints.card(model).revision, setting)


class Both(live.Found):
    """Both runs, with the moments that both have reached; ``learned`` is the file of what was learned, once both have ended."""

    runs: list[dict[str, Any]]
    learned: bytes | None


class Measured(Protocol):
    """What a run has measured of itself."""

    @property
    def seconds(self) -> float:
        """CPU seconds of its steps."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, one entry a moment in every list."""


class MeasuredRun(live.Run, Protocol):
    """A run that measures itself along its training."""

    @property
    def run(self) -> Measured:
        """What it has measured."""


One = TypeVar("One", bound=MeasuredRun)


class Pair(live.InTurns, ABC, Generic[One]):
    """Two runs that are compared, a step each in turn."""

    def __init__(self, first: One, second: One) -> None:
        super().__init__(first, second)
        self.runs = (first, second)

    def result(self) -> Both:
        """Return the moments that both have reached."""
        loop = self.runs[0].loop
        return {
            "step": loop.step,
            "steps": loop.steps,
            "seconds": sum(one.run.seconds for one in self.runs),
            "runs": alike([one.run.as_json() for one in self.runs]),
            "learned": self.learned() if self.fraction >= 1 else None,
        }

    @abstractmethod
    def learned(self) -> bytes:
        """Return the file of what was learned, after the last step."""


def alike(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return runs as plain data with the moments that all have reached: every list is cut to the fewest steps."""
    fewest = min((len(run["steps"]) for run in runs), default=0)
    return [
        {name: value[:fewest] if isinstance(value, list) else value for name, value in run.items()}
        for run in runs
    ]


def both_starts(
    table: str, runs: Sequence[Mapping[str, Any]], measured: str, *, model: str, last: int, key: str
) -> None:
    """Draw the F1 of both starts over the steps so far.

    Args:
        table: of the words: ``live_chart``, ``pretrained``, ``random``.
        runs: of the two starts, with ``steps`` and, under the name ``measured``, a score (value, low, high) a step.
        measured: which score is drawn.
        model: named in the title.
        last: the last step there will be.
        key: the element's key in the session.
    """
    lines: list[ScoreLine] = [
        {"name": t(table, start), "points": [(step, *score) for step, score in zip(run["steps"], run[measured], strict=True)]}
        for run, start in zip(runs, STARTS, strict=True)
    ]  # fmt: skip
    score_lines(
        lines,
        title=t(table, "live_chart", model=model),
        last=last,
        guess=0.0,
        guess_label=t("tasks_board", "guess_tag"),
        key=key,
    )


def take_home(
    table: str, wanted: Asked[Any], found: Both, name: str, *, key: str, of: Sequence[str] = STARTS
) -> None:
    """Offer a finished training: what was learned, and its two runs, which ``of`` names, as a table of curves and as JSON."""
    live.take_home(
        table,
        found["learned"],
        f"{wanted.model}-{name}",
        key=key,
        runs=dict(zip(of, found["runs"], strict=True)),
        about={"model": wanted.model, "revision": wanted.revision, "setting": str(wanted.setting)},
    )
