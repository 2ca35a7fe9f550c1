"""Every table that a page gives away: columns with names of their own, and rows with their own values."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest

from components.shell import layout
from tests.browser.views import PAGES, query
from tests.pages.conftest import Open

VISITS = [(name, visit) for name in PAGES if name != "start/home" for visit in (None, 0, 1)]


@pytest.mark.parametrize(("name", "visit"), VISITS, ids=[f"{name}-{visit}" for name, visit in VISITS])
def test_tables(open_page: Open, monkeypatch: pytest.MonkeyPatch, name: str, visit: int | None) -> None:
    """As the page opens, and with other values for everything its link holds."""
    found: dict[str, tuple[list[Mapping[str, Any]], str]] = {}

    def export(page: str, given: layout.Export) -> None:
        for file, rows in given.tables.items():
            made = list(rows())
            found[file] = (made, layout.as_csv(made, given.about))

    monkeypatch.setattr(layout, "_export", export)
    open_page(name, **({} if visit is None else query(name, visit)))
    for file, (rows, text) in found.items():
        if not rows:
            continue
        header, *lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        assert len(set(header)) == len(header), (file, header)
        assert {len(line) for line in lines} == {len(header)}, file
        assert len(lines) == len(rows)
        for row, line in zip(rows, lines, strict=True):
            cells = dict(zip(header, line, strict=True))
            assert all(
                cells[key].removeprefix("'") == str(value).removeprefix("'")
                for key, value in row.items()
                if value is not None
            ), file
