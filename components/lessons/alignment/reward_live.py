""" "Train it yourself" of this page: one run, a part of a step at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from components.lessons.alignment.reward import CLICKED, POCKET_MOMENTS
from components.lessons.live import Found
from components.lessons.recorded import shipped
from components.lm import checkpoints
from components.lm.alignment.judge import judge_of
from components.lm.alignment.reinforce import MOMENTS, Reinforce, RewardSetting


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once."""

    model: str
    revision: str
    setting: RewardSetting


class OneRun(Found):
    """The run so far, as plain data."""

    run: dict[str, Any]


class Paid:
    """One model that is paid for its texts."""

    def __init__(self, asked: Asked) -> None:
        judge = None
        if asked.setting.kind == "clicks":
            kept = shipped(CLICKED)
            judge = judge_of(checkpoints.load(kept["model"], "generation"), kept, asked.setting.word)
        self._trained = Reinforce(
            checkpoints.load(asked.model, "generation"),
            asked.setting,
            judge=judge,
            moments=POCKET_MOMENTS if asked.model.startswith("pocket") else MOMENTS,
        )
        self._steps = asked.setting.steps
        self._told: tuple[int, dict[str, Any]] = (-1, {})
        self.seconds = 0.0
        """CPU seconds of all parts, measuring included."""

    @property
    def fraction(self) -> float:
        """How far it is."""
        return self._trained.fraction

    @property
    def moments(self) -> list[int]:
        """Return the steps at which it is measured."""
        return self._trained.moments

    def step(self) -> None:
        """Take a part of a step: some tokens or some texts."""
        began = time.thread_time()
        self._trained.part()
        self.seconds += time.thread_time() - began

    def result(self) -> OneRun:
        """Return the moments measured so far."""
        run = self._trained.run
        if self._told[0] != len(run.steps):
            self._told = len(run.steps), run.as_json()
        return {
            "step": self._trained.steps_done,
            "steps": self._steps,
            "seconds": self.seconds,
            "run": self._told[1],
        }
