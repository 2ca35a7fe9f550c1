"""Memory that was used once goes back to the system.

glibc gives every thread an arena of its own, up to eight for each core, and Streamlit runs every script in a new thread: what a text left
behind in one arena is of no use to the next one in another. And what is freed below something that is kept stays with the process
until somebody asks for it. After a thousand texts half of the heap was such holes (measured: 397 of 827 MB).
"""

import ctypes
import functools
import gc
import os
import threading
import time
from typing import Any

_ARENA_MAX = -8  # of malloc.h
ARENAS = 2
APART = 1.0
"""Seconds from one giving back to the next; it takes some milliseconds."""

COLLECTED_APART = 10.0
"""Seconds from one collection to the next: what closed pages and forward passes leave in circles holds some 60 MB after a thousand texts."""

_waiting = threading.Lock()
_collected = 0.0


@functools.cache
def _libc() -> Any:
    """The C library if it is glibc, else None: macOS, Windows and musl keep memory in other ways."""
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
    except (TypeError, OSError):
        return None


@functools.cache
def share_arenas() -> None:
    """Let the threads of this process share few arenas; what the environment says (``MALLOC_ARENA_MAX``) stays.

    Called by ``app.py``, which both ``streamlit run app.py`` and ``make run`` pass before the first model is loaded.
    """
    if _libc() is not None and "MALLOC_ARENA_MAX" not in os.environ:
        _libc().mallopt(_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Hand free memory back to the system soon, once for all who ask meanwhile."""
    if _libc() is not None and _waiting.acquire(blocking=False):
        later = threading.Timer(APART, _trim)
        later.daemon = True
        later.start()


def _trim() -> None:
    global _collected
    _waiting.release()
    # Where what the start loaded is frozen (``server.py``) a collection is short; else it would hold everybody for 0.25 s.
    if gc.get_freeze_count() and time.monotonic() - _collected > COLLECTED_APART:
        _collected = time.monotonic()
        gc.collect()
    _libc().malloc_trim(0)
