"""What is kept grows with nobody's texts: a cache of a lesson is the shared one, which is bounded in bytes, or holds a few
models and files, and says how many and what one of them takes."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "components" / "lessons"
SIZE = re.compile(r"\b(kB|MB|bytes?|numbers?|scores?|words?|points?|rows?|table|each)\b", re.IGNORECASE)
FEW = 16
"""Models, their tables and recorded files; whatever depends on a text of a reader has more."""


def caches(source: str) -> list[tuple[str, str, bool, str]]:
    """Name, decorator, whether it takes a parameter, and the comment right above, of every cache in a file."""
    lines, found = source.splitlines(), []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            text = ast.unparse(mark)
            if text == "shared" or text.startswith(("st.cache_", "cache", "lru_cache", "functools.")):
                above = mark.lineno - 2
                comment = []
                while above >= 0 and lines[above].startswith("#"):
                    comment.insert(0, lines[above])
                    above -= 1
                found.append((node.name, text, bool(node.args.args), " ".join(comment)))
    return found


def entries(decorator: str) -> int | None:
    """How many entries a cache of Streamlit or of functools holds at most; None for any number."""
    written = re.search(r"(?:max_entries|maxsize)=(\d+|len\([^)]*\))", decorator)
    if written is None:
        return None
    return int(written[1]) if written[1].isdigit() else FEW


@pytest.mark.parametrize("path", sorted(LESSONS.rglob("*.py")), ids=lambda path: path.stem)
def test_a_cache_is_bounded_in_bytes_or_holds_a_few_models(path: Path) -> None:
    for name, decorator, asks, comment in caches(path.read_text(encoding="utf-8")):
        if decorator.startswith("st.cache_") or decorator == "shared":
            assert SIZE.search(comment), f"{name}: a comment above that says what one entry takes"
        if asks and decorator.startswith(("st.cache_", "lru_cache")):
            most = entries(decorator)
            assert (most or FEW + 1) <= FEW, f"{name}: more than a few models is for @shared"


def test_a_cache_for_texts_is_seen() -> None:
    source = "# 3 kB.\n@st.cache_data(max_entries=4)\ndef one(a): ...\n\n@st.cache_data(max_entries=400)\ndef two(a): ...\n\n# 1 kB.\n@shared\ndef three(a): ...\n"
    (one, first, _, comment), (two, second, asks, none), (three, *_) = caches(source)
    assert (one, entries(first), bool(SIZE.search(comment))) == ("one", 4, True)
    assert (two, entries(second), asks, none) == ("two", 400, True, "")
    assert three == "three"
