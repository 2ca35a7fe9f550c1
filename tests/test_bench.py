"""The bench itself: what raises or takes too long is told as a row, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.bench.__main__ import measured
from tests.bench.rows import Failed, Measured, Row, each, one


def _raises(what: str) -> Iterator[Row]:
    yield ("before", 1.0, 2.0, "s")
    raise ValueError(f"no\n{what}")


def test_a_part_that_raises_keeps_its_rows_and_the_next_one_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = list(each(partial(_raises, "way"), one("after", lambda: 3.0, 2.0, "x+")))
    assert found == [
        ("before", 1.0, 2.0, "s"),
        Failed("raises", "ValueError: no way"),
        ("after", 3.0, 2.0, "x+"),
    ]
    assert "in _raises" in capsys.readouterr().err  # where it was


@pytest.mark.parametrize(
    ("name", "limit", "failed"),
    [
        ("bench_that_is_none", 60, "ModuleNotFoundError: No module named 'tests.bench.bench_that_is_none'"),
        ("bench_bpe", 0.01, "not done within 0.01 s"),
    ],
)
def test_a_module_that_fails_or_takes_too_long_is_a_row(name: str, limit: float, failed: str) -> None:
    assert list(measured(name, limit)) == [Measured(name, failed=failed)]
