"""Work that may take longer than a reader waits: it runs in a thread, says how far it is, and can be stopped.

Results are kept (the most recent ones), so the same work is done once however many readers ask for it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from components.shell.results import RESULT_BYTES, weight
from components.shell.turns import aside

OUT_OF_SIGHT = "_out_of_sight"
"""In ``st.session_state`` of a page that is run for a file: nobody looks at how far a work is, the picture is wanted."""
TO_THE_END = 100.0
"""Seconds, less than a page that is run for a file may take (``take_home.PATIENCE``)."""
AT_ONCE = 2
"""Works that run at the same time; the others wait. More would only slow each other down."""


class Work:
    """One piece of work: how far it is, and what came of it."""

    def __init__(self, do: "Callable[[Work], Any]") -> None:
        self._do = do
        self._stop = threading.Event()
        self._done = threading.Event()
        self.fraction = 0.0
        self.detail: Any = None
        self.started = 0.0
        self.nbytes = 0
        self._result: Any = None
        self._error: Exception | None = None

    def tell(self, fraction: float, detail: Any = None) -> None:
        """Say how far the work is, 0 to 1."""
        self.fraction, self.detail = min(max(fraction, 0.0), 1.0), detail

    def should_stop(self) -> bool:
        """Return whether the reader wants it to end; the work then returns what it has."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the work to end soon."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; return whether it has ended."""
        if not seconds:  # asked of many at once, under a lock
            return self._done.is_set()
        with aside():
            return self._done.wait(seconds)

    def ends_in(self, seconds: float) -> bool:
        """Wait for the end as long as a reader would, and where a page is run for a file as long as it may take."""
        return self.wait(TO_THE_END if st.session_state.get(OUT_OF_SIGHT) else seconds)

    def seconds_left(self) -> float | None:
        """Return an estimate from the speed so far, None while there is none."""
        if not self.started or self.fraction < 0.02:
            return None
        return (time.monotonic() - self.started) * (1 - self.fraction) / self.fraction

    def result(self) -> Any:
        """Return what the work returned, or raise what it raised. Only after the end."""
        if self._error is not None:
            raise self._error
        return self._result

    def run(self, turn: threading.Semaphore) -> None:
        """Do the work when it is its turn."""
        with turn:
            self.started = time.monotonic()
            try:
                self._result = self._do(self)
                self.nbytes = weight(self._result)
            except Exception as error:  # handed to whoever asks for the result
                self._error = error
            finally:
                self._done.set()


class Works:
    """Works by key; the ``keep`` most recently asked for are kept, of the finished ones as many as ``limit`` bytes hold."""

    def __init__(self, keep: int, limit: int = RESULT_BYTES) -> None:
        self._keep = keep
        self._limit = limit
        self._works: OrderedDict[Hashable, Work] = OrderedDict()
        self._asked: list[Work] = []  # in the order of asking, until they end
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(AT_ONCE)

    def start(self, key: Hashable, do: Callable[[Work], Any]) -> Work:
        """Return the work with this key, started if it was not known."""
        with self._lock:
            work = self._works.get(key)
            if work is None:
                work = self._works[key] = Work(do)
                self._asked = [w for w in self._asked if not w.wait(0)] + [work]
                threading.Thread(target=work.run, args=(self._turn,), daemon=True, name="work").start()
                while len(self._works) > self._keep or self._held() > self._limit:
                    _, oldest = self._works.popitem(last=False)
                    oldest.stop()
            self._works.move_to_end(key)
            return work

    def _held(self) -> int:
        return sum(work.nbytes for work in self._works.values())

    def before(self, work: Work) -> int:
        """Return how many works will begin before this one; 0 once it has begun."""
        if work.started:
            return 0
        with self._lock:
            waiting = [w for w in self._asked if not w.started and not w.wait(0)]
        return waiting.index(work) if work in waiting else 0

    def forget(self, key: Hashable) -> None:
        """Drop a result, so that the work is done again when asked for."""
        with self._lock:
            work = self._works.pop(key, None)
        if work is not None:
            work.stop()
