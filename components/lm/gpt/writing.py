"""One text being written: its steps are computed once and kept, and more are computed when asked for.

A page shows step k of a text and wants a few steps ahead, so that the next key press needs no waiting.
Everything a text depends on (model, prompt, settings, picks) is fixed when it is begun; asking twice
for the same step gives the same step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from components.lm.gpt.decoding import SamplingSettings
from components.lm.gpt.generation import (
    GeneratedStep,
    Prompt,
    SequenceStatistics,
    StopReason,
    continue_text,
    encode_prompt,
    prompt_statistics,
)

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel


TOKEN_BYTES, STEP_BYTES = 400, 4_500
"""What a token of the prompt and a step with its candidates hold; measured."""


class Writing:
    """A prompt and its continuation under fixed settings. Safe to share between threads.

    ``prompt`` is what the model reads; ``picks`` maps a step (from 1) to the token taken there by hand,
    ``ties`` to one that was taken elsewhere where rounding decides (``how`` is then "tie"); a pick goes before a tie.

    Raises:
        CannotRead: the model cannot read the text.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        text: str,
        settings: SamplingSettings,
        picks: Mapping[int, int],
        ties: Mapping[int, int] | None = None,
    ) -> None:
        self.settings = settings
        self.picks = dict(picks)
        self.ties = {step: token_id for step, token_id in (ties or {}).items() if step not in picks}
        self._model = loaded.model
        self.prompt: Prompt = encode_prompt(loaded, text)
        self._steps: list[GeneratedStep] = []
        self._continuation = continue_text(
            loaded.model,
            loaded.tokenizer,
            self.prompt,
            settings,
            max_new_tokens=1_000_000,
            picks=self.picks | self.ties,
        )
        self._statistics: SequenceStatistics | None = None
        self._lock = threading.Lock()

    def steps(self, needed: int, *, ahead: int = 0, seconds: float = 0.0) -> tuple[GeneratedStep, ...]:
        """Return the steps known so far: ``needed`` of them, unless the text ends before.

        Up to ``ahead`` further steps are computed as long as ``seconds`` have not passed.
        """
        with self._lock:
            until = time.perf_counter() + seconds
            while len(self._steps) < needed or (
                len(self._steps) < needed + ahead and time.perf_counter() < until
            ):
                step = next(self._continuation, None)
                if step is None:
                    break
                self._steps.append(_tied(step) if step.step in self.ties else step)
            return tuple(self._steps)

    @property
    def nbytes(self) -> int:
        """About how many bytes it holds now, without the model."""
        return TOKEN_BYTES * len(self.prompt.token_ids) + STEP_BYTES * len(self._steps)

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the text has ended, or None if it can go on."""
        return self._continuation.stop_reason

    def statistics(self) -> SequenceStatistics:
        """Surprisal of the tokens of the prompt, each given all before it (the first has none)."""
        with self._lock:
            if self._statistics is None:
                self._statistics = prompt_statistics(self._model, self.prompt.token_ids)
            return self._statistics

    def token_ids(self, step: int) -> tuple[int, ...]:
        """Return the tokens of the prompt and of the first ``step`` steps."""
        written = self.steps(step)[:step]
        return (*self.prompt.token_ids, *(s.token.token_id for s in written))


def _tied(step: GeneratedStep) -> GeneratedStep:
    return replace(step, trace=replace(step.trace, chosen=replace(step.trace.chosen, how="tie")))
