""" "Train" of this page: DPO on the presses in sight, in a thread that all readers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lessons.alignment import preferences as page
from components.lessons.live import Found
from components.lm import checkpoints
from components.lm.alignment import dpo
from components.lm.alignment import preferences as lm
from components.lm.fine_tuning.difference import as_safetensors, whole_difference

LEAST = 8
"""Decided pairs that a training needs."""
MOMENTS = 4


@dataclass(frozen=True)
class Asked:
    """What a reader asks for; the same presses are trained once."""

    model: str
    revision: str
    clicks: str
    setting: dpo.DpoSetting


class Result(Found):
    """The run so far: its measurements, what is written after each new beginning, by moment, and in the end the difference."""

    run: dict[str, Any]
    texts: list[list[str]]
    judge: list[float]
    difference: bytes | None


class Learning:
    """DPO from the pairs that were decided."""

    def __init__(self, asked: Asked) -> None:
        loaded = checkpoints.load(asked.model, "generation")
        self._loaded, self._asked = loaded, asked
        kept = page.recorded()
        starts = [lm.prompt_ids(loaded, one) for one in lm.BEGINNINGS]
        decided = lm.better(asked.clicks, len(kept["pairs"]))
        pairs = [
            dpo.Pair(
                tuple(starts[kept["pairs"][i][0]]), tuple(kept["ids"][i][k]), tuple(kept["ids"][i][1 - k])
            )
            for i, k in decided
        ]
        self._prompts = [lm.prompt_ids(loaded, one) for one in lm.NEW_BEGINNINGS]
        self.trained = dpo.Preferring(
            loaded.model,
            pairs,
            asked.setting,
            prompts=self._prompts,
            moments=[round(i * self._steps(len(pairs)) / (MOMENTS - 1)) for i in range(MOMENTS)],
            avoid=[loaded.tokenizer.eos_token_id],
        )
        self._weights, self._unit = page.judge_of(asked.clicks)
        self._texts: list[list[str]] = []
        self._judged: list[float] = []

    @staticmethod
    def _steps(pairs: int) -> int:
        return -(-pairs // dpo.BATCH) * dpo.PASSES

    @property
    def fraction(self) -> float:
        """How far it is."""
        return self.trained.fraction

    def step(self) -> None:
        """Take a small part; read what a moment wrote when it is there."""
        self.trained.step()
        for stories in self.trained.run.stories[len(self._texts) :]:
            self._texts.append([self._loaded.tokenizer.decode(ids) for ids in stories])
            states = lm.states_of(self._loaded.model, self._prompts, stories)
            scores = page.directions().features(states) @ self._weights / self._unit
            self._judged.append(round(float(scores.mean()), 2))

    def result(self) -> Result:
        """Return what is known so far."""
        run = self.trained.run
        return {
            "step": self.trained.loop.step,
            "steps": self.trained.loop.steps,
            "seconds": run.seconds,
            "run": {**run.as_json(), "stories": []},
            "texts": list(self._texts),
            "judge": list(self._judged),
            "difference": self._difference() if self.fraction >= 1 else None,
        }

    def _difference(self) -> bytes:
        setting = self._asked.setting
        card = {
            "what": "What DPO changed: the difference of every weight, to be added to the model.",
            "model": f"{self._asked.model} {self._asked.revision}",
            "data": f"{self.trained.run.pairs} pairs of stories of Glassbox, pressed {self._asked.clicks}",
            "trained": f"DPO, beta {dpo.BETA:g}, supervised term {setting.supervised:g}, seed {setting.seed}, {self.trained.loop.steps} steps",
            "licence": "MIT",
        }
        return as_safetensors(whole_difference(self.trained.model, self._loaded.model), card)
