"""Rows of the bench."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Row = tuple[str, float, float, str]
"""Name, value, bound, unit: at most the bound, or at least where the unit ends in +."""


@dataclass(frozen=True)
class Measured:
    """A row, or why there is none."""

    what: str
    value: float = 0.0
    bound: float = 0.0
    unit: str = ""
    failed: str = ""

    @property
    def met(self) -> bool:
        """Whether it was measured and is within its bound.

        >>> Measured("a speed", 4, 3, "/s+").met, Measured("a time", 4, 3, "s").met, Measured("a part", failed="why").met
        (True, False, False)
        """
        if self.failed:
            return False
        return self.value >= self.bound if self.unit.endswith("+") else self.value <= self.bound

    def __str__(self) -> str:
        """Return the line of the table."""
        if self.failed:
            return f"{self.what:96} failed: {self.failed}"
        bound = f"{'≥' if self.unit.endswith('+') else '≤'} {self.bound:g} {self.unit.rstrip('+')}"
        return f"{self.what:96} {self.value:10.3g} {bound:>14}   {'met' if self.met else 'missed'}"


@dataclass(frozen=True)
class Failed:
    """A part of a module that raised."""

    what: str
    why: str


def as_measured(row: Row | Failed, module: str = "") -> Measured:
    """Return a row as the table tells it; ``module`` is named where there is none.

    >>> print(as_measured(("a speed", 4, 3, "/s+")))  # doctest: +NORMALIZE_WHITESPACE
    a speed 4 ≥ 3 /s met
    >>> as_measured(Failed("a part", "why"), "bench_x")
    Measured(what='bench_x, a part', value=0.0, bound=0.0, unit='', failed='why')
    """
    if isinstance(row, Failed):
        return Measured(f"{module}, {row.what}" if module else row.what, failed=row.why)
    return Measured(*row)


def show(rows: Iterable[Row | Failed]) -> None:
    """Print the rows of a module that is run alone."""
    for row in rows:
        print(as_measured(row), flush=True)


def each(*parts: Callable[[], Iterable[Row | Failed]]) -> Iterator[Row | Failed]:
    """Yield the rows of some parts that do not need each other: one that raises is told, and the next one goes on."""
    for part in parts:
        try:
            yield from part()
        except Exception as error:  # told as a row
            yield told(getattr(part, "func", part).__name__.strip("_"), error)


def one(what: str, measure: Callable[[], float], bound: float, unit: str) -> Callable[[], list[Row]]:
    """Return a part for ``each`` that is a single row."""

    def part() -> list[Row]:
        return [(what, measure(), bound, unit)]

    part.__name__ = what
    return part


def told(what: str, error: Exception) -> Failed:
    """Print where something raised, and return the row that says so."""
    traceback.print_exception(error)
    return Failed(what, " ".join(f"{type(error).__name__}: {error}".split())[:200])
