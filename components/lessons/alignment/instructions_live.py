""" "Tune it yourself" of this page: a model learns from as many pairs as the reader says, and answers the reader's own request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.live import Found
from components.lm import checkpoints
from components.lm.alignment import instructions as lm
from components.lm.fine_tuning.difference import as_safetensors, whole_difference

MOMENTS, MEASURED, DRAWS, AT_ONCE = 4, 20, 3, 4
"""Measurements, requests of each kind in one, answers to the reader's own request, and answers written together: some 0.2 s."""


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same settings are trained once. ``own``: the reader's request, or nothing."""

    model: str
    revision: str
    setting: lm.Setting
    own: str


class Result(Found):
    """The run so far, as plain data, and in the end the difference of the weights."""

    run: dict[str, Any]
    difference: bytes | None


class Tuning:
    """One model that is tuned on pairs."""

    def __init__(self, asked: Asked) -> None:
        self._loaded, self._asked = checkpoints.load(asked.model, "generation"), asked
        own = [asked.own] * DRAWS if asked.own else []
        self.trained = lm.Instructed(
            self._loaded, asked.setting, moments=MOMENTS, held_out=MEASURED, own=own, at_once=AT_ONCE
        )
        self._told: tuple[int, dict[str, Any]] = (-1, {})

    @property
    def fraction(self) -> float:
        """How far it is."""
        return self.trained.fraction

    def step(self) -> None:
        """Take a step, or have some answers written."""
        self.trained.step()

    def result(self) -> Result:
        """Return what is known so far."""
        run = self.trained.run
        if self._told[0] != len(run.steps):
            self._told = len(run.steps), run.as_json()
        return {
            "step": self.trained.loop.step,
            "steps": self.trained.loop.steps,
            "seconds": run.seconds,
            "run": self._told[1],
            "difference": self._difference() if self.fraction >= 1 else None,
        }

    def _difference(self) -> bytes:
        setting = self._asked.setting
        card = {
            "what": "What instruction tuning changed: the difference of every weight, to be added to the model.",
            "model": f"{self._asked.model} {self._asked.revision}",
            "data": f"{setting.pairs} pairs of a request and a story of Glassbox, chosen by seed {setting.seed}",
            "trained": f"every weight, on the answers' tokens, rate {lm.RATE:g}, batch {lm.BATCH}, {self.trained.loop.steps} steps",
            "licence": "MIT",
        }
        return as_safetensors(whole_difference(self.trained.model, self._loaded.model), card)
