"""A class whose network is gone for a moment: both ways to start, both sides of the guard in ``reconnects.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from tests.bench import sessions
from tests.bench.bench_app import GPT, ROOT, Row, _server, _streamlit, ours
from tests.bench.rows import Failed, each

CLASS = 30
STARTS: dict[str, Callable[[int], list[str]]] = {
    "make run": ours,
    "streamlit run app.py": _streamlit("app.py"),
}


def _dropped(name: str, command: Callable[[int], list[str]]) -> list[Row]:
    """One way to start: all sockets of a class are dropped at once."""
    with _server(command, ROOT) as (port, _):
        found = sessions.blink(port, GPT, "lang=en&seed=9", CLASS)
    return [
        (f"{CLASS} sockets dropped at once, all pages drawn again ({name})", found.served, 2, "s"),
        (f"{CLASS} sockets dropped at once, health route deaf ({name})", found.deaf, 1, "s"),
        (f"sessions lost in that ({name})", CLASS - found.kept, 0, ""),
    ]


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    yield from each(*(partial(_dropped, *start) for start in STARTS.items()))
