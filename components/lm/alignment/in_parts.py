"""A training whose measurements are long: training and measuring alike are done in parts, so that a page can stop between two."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterator
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from components.lm.fine_tuning.loop import Loop


class Noted(Protocol):
    """What is noted of the steps: their losses in nats, and the CPU seconds of all."""

    losses: list[float]
    seconds: float


class InParts(ABC):
    """One training: ``loop`` trains, and measures at the steps of ``_moments``; ``_work`` is a measurement that is due, ``_taking``
    the rest of a step that was begun."""

    loop: Loop
    run: Noted
    _moments: Collection[int]
    _work: Iterator[None] | None
    _taking: Generator[None, None, float] | None = None

    @abstractmethod
    def _measure(self) -> Iterator[None]:
        """Measure where the training stands, in small parts."""

    @property
    def finished(self) -> bool:
        """Whether every step is taken and measured."""
        return self.loop.finished and self._work is None

    @property
    def fraction(self) -> float:
        """How far it is, 0 to 1."""
        return (self.loop.step + (self._work is None)) / (self.loop.steps + 1)

    def step(self) -> None:
        """Do the next small part: of a measurement that is due, or of a step of the training."""
        if self._work is not None:
            try:
                next(self._work)
            except StopIteration:
                self._work = None
            return
        began = time.thread_time()
        self._taking = self._taking or self.loop.step_in_parts()
        try:
            next(self._taking)
        except StopIteration as done:
            self._taking = None
            self.run.losses.append(round(done.value, 4))
        self.run.seconds += time.thread_time() - began
        if self._taking is None and self.loop.step in self._moments:
            self._work = self._measure()

    def finish(self) -> Self:
        """Take all steps that are left."""
        while not self.finished:
            self.step()
        return self
