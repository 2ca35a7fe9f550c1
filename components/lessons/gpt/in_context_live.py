""" "Train it now": trainings that run in a thread, are seen by every reader, stop at once and can go on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.shell.background import Work, Works

if TYPE_CHECKING:
    from components.lm.gpt.in_context import Reader
    from components.lm.training.word_codes import Trainer

MOST_SEED = 99
UNTIL_TOKENS = 600_000
"""Where a training of this page ends: beyond the jump of every seed that was recorded."""
EVERY_STEPS = 10
PROMPTS = 50
KEEP = 12
"""Seeds kept on the server; a training takes about 3 MB."""


@dataclass
class LiveRun:
    """One seed's training: what was measured so far, and the work that goes on with it."""

    seed: int
    history: dict[str, list[Any]] = field(default_factory=lambda: {"tokens": [], "loss": [], "new_shown": [], "known_unseen": [], "match": []})  # fmt: skip
    trainer: Trainer | None = None
    tokens: int = 0
    seconds: float = 0.0
    work: Work | None = None
    attempts: int = 0
    _reader: tuple[int, Reader] | None = None

    @property
    def running(self) -> bool:
        """Whether the work has not ended."""
        return self.work is not None and not self.work.wait(0)

    @property
    def finished(self) -> bool:
        """Whether the end of the budget is reached."""
        return self.tokens >= UNTIL_TOKENS

    def train(self, work: Work) -> int:
        """Train until the end or until the reader stops it; the weights and all measurements stay."""
        import time

        from components.lm import checkpoints

        checkpoints.import_torch()
        from components.lm.gpt.in_context import match_scores, measure, reader_of
        from components.lm.gpt.word_codes import fresh_prompts
        from components.lm.training.word_codes import Settings, Trainer

        if self.trainer is None:
            self.trainer = Trainer(Settings(seed=self.seed))
        trainer, losses = self.trainer, []
        new, known = fresh_prompts("new", 9, PROMPTS), fresh_prompts("known", 9, PROMPTS)
        while trainer.tokens < UNTIL_TOKENS and not work.should_stop():
            started = time.thread_time()
            losses.append(trainer.take_step())
            self.seconds += time.thread_time() - started
            self.tokens = trainer.tokens
            if trainer.step % EVERY_STEPS == 0 or trainer.tokens >= UNTIL_TOKENS:
                reader = reader_of(trainer.weights, trainer.settings.num_heads)
                self._reader = (trainer.tokens, reader)
                measured = {
                    "tokens": trainer.tokens,
                    "loss": round(sum(losses) / len(losses), 4),
                    "new_shown": round(measure(reader, new).shown, 4),
                    "known_unseen": round(measure(reader, known).unseen, 4),
                    "match": match_scores(reader, new).round(2).tolist(),
                }
                losses = []
                for name, value in measured.items():
                    self.history[name].append(value)
            work.tell(trainer.tokens / UNTIL_TOKENS)
        return trainer.tokens

    def reader(self) -> Reader:
        """The weights as they are now. Only between two works, when nobody moves them."""
        from components.lm.gpt.in_context import reader_of

        if self._reader is not None and (self.running or self._reader[0] == self.tokens):
            return self._reader[1]
        assert self.trainer is not None
        made = reader_of(self.trainer.weights, self.trainer.settings.num_heads)
        self._reader = (self.tokens, made)
        return made


class LiveRuns:
    """The trainings of this server, by seed."""

    def __init__(self) -> None:
        self._runs: OrderedDict[int, LiveRun] = OrderedDict()
        self._works = Works(keep=KEEP)
        self._lock = threading.Lock()

    def get(self, seed: int) -> LiveRun | None:
        """Return the training of a seed, if somebody began one."""
        with self._lock:
            return self._runs.get(seed)

    def tokens(self, seed: int | None) -> int:
        """Return how many tokens a seed's training has read; 0 if there is none to look at."""
        run = self.get(seed) if seed is not None else None
        return run.tokens if run is not None and run.history["tokens"] else 0

    def reader(self, seed: int) -> Reader:
        """Return the weights of a training. Raises ``KeyError`` if there is none."""
        run = self.get(seed)
        if run is None:
            raise KeyError(seed)
        return run.reader()

    def start(self, seed: int) -> LiveRun:
        """Begin a training, or go on with it; a finished or running one is returned as it is."""
        with self._lock:
            run = self._runs.setdefault(seed, LiveRun(seed))
            self._runs.move_to_end(seed)
            if not run.finished and not run.running:
                run.attempts += 1
                run.work = self._works.start(("in_context", seed, run.attempts), run.train)
            for old in [s for s, r in self._runs.items() if not r.running][: max(0, len(self._runs) - KEEP)]:
                del self._runs[old]
            return run

    def stop(self, seed: int) -> None:
        """Ask a training to stop and wait for the step in progress, at most so long that nobody minds."""
        run = self.get(seed)
        if run is not None and run.work is not None:
            run.work.stop()
            run.work.wait(0.4)


# At most KEEP trainings of 3 MB.
@st.cache_resource(show_spinner=False)
def runs() -> LiveRuns:
    """The one set of trainings that all sessions share."""
    return LiveRuns()
