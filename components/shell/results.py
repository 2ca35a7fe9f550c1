"""What was computed for a reader's text is kept once for all readers, and all of it together has one size in bytes.

Thirty readers of one link ask for the same: it is computed once. Readers with texts of their own ask for ever new ones: the
longest unused goes first, whichever page it is of, so that a server that has answered ten thousand texts is no larger than one
that has answered a hundred. (Streamlit's caches count entries, each function its own; a hundred times forty texts of 9 MB are
within such bounds.)

    @shared
    def attention_of(name: str, revision: str, text: str) -> Attention: ...

Models and files that are read once have their own stores (``components/lm/checkpoints``, ``st.cache_resource``).
"""

import functools
import inspect
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeVar

from components.shell.memory import give_back
from components.shell.turns import aside

P = ParamSpec("P")
R = TypeVar("R")

RESULT_BYTES = int(os.environ.get("GLASSBOX_RESULTS_MB", "64")) * 2**20
"""All kept results: the attention of forty-six texts of 100 tokens in the bundled BERT, or of seven of 128 tokens at the size of BERT-Base."""


def weight(value: object) -> int:
    """Return about how many bytes a result holds: arrays, tensors, texts, containers and objects of our own, each counted once.

    An object that grows says it itself, as ``nbytes``. Those of other libraries count as empty: a model or a tokenizer that
    a result names belongs to the store it came from.

    >>> weight(b"x" * 1000) - weight(b"")
    1000
    """
    total, seen, left = 0, set[int](), [value]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            left += one
        elif hasattr(one, "untyped_storage"):  # a tensor
            total += one.untyped_storage().nbytes()
        elif type(one).__module__ == "numpy":
            left.append(getattr(one, "base", None))  # what it is a view of stays with it
        elif not isinstance(one, type) and type(one).__module__.partition(".")[0] == "components":
            if isinstance(own := getattr(one, "nbytes", None), int):
                total += own
            else:
                left += [*getattr(one, "__dict__", {}).values()]
                left += [
                    getattr(one, name) for name in getattr(type(one), "__slots__", ()) if hasattr(one, name)
                ]
    return total


class Results:
    """Results by key, of at most ``limit`` bytes together. Safe to use from many threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.nbytes = 0
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()  # the longest unused first
        self._turns: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], R]) -> R:
        """Return what is kept under a key, computed if there is nothing; who asks for the same meanwhile waits for it.

        What ``compute`` raises is raised, and nothing is kept. A result must not be changed: others see it.
        """
        found = self._find(key)
        if found is not None:
            known: R = found[0]
            self._keep(key, known)
            return known
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        try:
            with aside(), turn:
                found = self._find(key)
                if found is None:
                    found = (compute(),)
                    self._keep(key, found[0])  # before the next in line looks for it
                    give_back()
        finally:
            with self._lock:
                self._turns.pop(key, None)
        result: R = found[0]
        return result

    def _find(self, key: Hashable) -> tuple[Any] | None:
        with self._lock:
            return None if key not in self._kept else (self._kept[key][0],)

    def _keep(self, key: Hashable, value: Any) -> None:
        """Put a result last in the row of those that go; one that grows is weighed again."""
        with self._lock:
            known = self._kept.get(key)
        grows = isinstance(getattr(value, "nbytes", None), int) and not hasattr(value, "base")
        size = known[1] if known is not None and known[0] is value and not grows else weight(value)
        with self._lock:
            self.nbytes += size - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = (value, size)
            while self.nbytes > self.limit:
                self.nbytes -= self._kept.popitem(last=False)[1][1]


RESULTS = Results(RESULT_BYTES)
"""The one store of this process."""


def shared(compute: Callable[P, R]) -> Callable[P, R]:
    """Keep what a function returns in the one store; arguments whose names begin with ``_`` do not tell results apart."""
    signature = inspect.signature(compute)

    @functools.wraps(compute)
    def kept(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        told = tuple(value for key, value in bound.arguments.items() if not key.startswith("_"))
        return RESULTS.get((compute, *told), lambda: compute(*args, **kwargs))

    return kept
