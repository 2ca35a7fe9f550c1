"""Readers who ask at the same moment are served one after another, as at a counter.

Every run of a page has a thread, and Python runs one thread at a time. Thirty runs at once, each with a thirtieth of the processor,
all end last; and what sends their answers waits for its turn among thirty-one, so that nobody sees anything, and the health route
is deaf, until the last run is over. One after another, the first reader is served after a thirtieth of that time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds until a run begins beside the one at the counter: that one may be long, and a short one must not wait for it."""

_counter = threading.Lock()
_here = threading.local()  # .place: whether this thread holds the counter; not set outside a run


@contextmanager
def turn() -> Iterator[None]:
    """Wait for the counter and stand at it while the block runs; a turn within a turn waits for nothing."""
    if hasattr(_here, "place"):
        yield
        return
    _here.place = _counter.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if _here.place:
            _counter.release()
        del _here.place


@contextmanager
def aside() -> Iterator[None]:
    """Leave the counter to others while the block runs: it waits, or computes what may take long."""
    if not getattr(_here, "place", False):
        yield
        return
    _counter.release()
    _here.place = False
    try:
        yield
    finally:
        _here.place = _counter.acquire(timeout=PATIENCE)
