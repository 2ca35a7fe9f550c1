"""Every cache of a lesson says how large it can grow: how many entries at most, and beside it what one of them takes."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "components" / "lessons"
SIZE = re.compile(r"\b(kB|MB|bytes?|numbers?|scores?|words?|points?)\b", re.IGNORECASE)


def caches(source: str) -> list[tuple[str, bool, str]]:
    """Name, whether entries are bounded, and the comment right above, of every ``st.cache_*`` in a file. What takes no
    parameter is held once."""
    lines, found = source.splitlines(), []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            text = ast.unparse(mark)
            if text.startswith("st.cache_"):
                above = mark.lineno - 2
                comment = []
                while above >= 0 and lines[above].startswith("#"):
                    comment.insert(0, lines[above])
                    above -= 1
                bounded = "max_entries=" in text or not node.args.args
                found.append((node.name, bounded, " ".join(comment)))
    return found


@pytest.mark.parametrize("path", sorted(LESSONS.rglob("*.py")), ids=lambda path: path.stem)
def test_a_cache_says_its_size(path: Path) -> None:
    for name, bounded, comment in caches(path.read_text(encoding="utf-8")):
        assert bounded, f"{name}: max_entries"
        assert SIZE.search(comment), f"{name}: a comment above that says what one entry takes"


def test_a_cache_without_its_size_is_seen() -> None:
    source = "# 3 kB.\n@st.cache_data(max_entries=4)\ndef one(a): ...\n\n@st.cache_data\ndef two(a): ...\n"
    (one, first, comment), (two, second, none) = caches(source)
    assert (one, first, bool(SIZE.search(comment))) == ("one", True, True)
    assert (two, second, none) == ("two", False, "")
