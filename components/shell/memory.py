"""Memory that was used once goes back to the system.

glibc gives every thread an arena of its own, up to eight for each core, and Streamlit runs every script in a new thread: what a text left
behind in one arena is of no use to the next one in another. And once one large block was freed, it takes blocks of up to 32 MB
from these arenas, where a small one above it keeps the whole. After a thousand texts half of the heap was such holes (measured: 397
of 827 MB; with the two settings below 67 of 480 MB, at the same speed).
"""

import ctypes
import functools
import os

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # of malloc.h
ARENAS = 2
MMAP_BYTES = 256 * 2**10
"""Blocks from this size on are the system's own, and return to it when they are freed: the attention of a text is one."""


@functools.cache
def return_memory() -> None:
    """Let this process keep few arenas, and none of its large blocks; on other systems than glibc nothing changes.

    Called by ``app.py``, which both ``streamlit run app.py`` and ``make run`` pass before the first model is loaded. What the environment says
    (``MALLOC_ARENA_MAX``, ``MALLOC_MMAP_THRESHOLD_``) stays.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):  # macOS, Windows, musl
        return
    if "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_ARENA_MAX, ARENAS)
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        mallopt(_MMAP_THRESHOLD, MMAP_BYTES)
