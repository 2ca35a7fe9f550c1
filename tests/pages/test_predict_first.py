"""Every page asks before it answers: one prepared question, whose answer is hidden until the guess."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages.conftest import APP, Open, data_of, on_page

PAGES = re.findall(r'lesson\("([\w/]+)"', Path(APP).read_text(encoding="utf-8"))
ASKS_ELSEWHERE = ("start/home", "tokens/bpe")
"""The map of the course has no answer to hide, and the board of BPE asks at every merge (tests/browser/tokens/test_bpe.py)."""
SHOWN_AT = {"bert/next_sentence": {"nsp_part": "probe"}, "transformer/three_ways": {"ways_look": "t5"}}
"""Where the question shows another part of the page than the first."""


def test_every_page_of_the_course_is_asked_about() -> None:
    assert len(PAGES) > 20
    assert set(ASKS_ELSEWHERE) <= set(PAGES)


def _containers(block: Any) -> Iterator[tuple[str, Any]]:
    """Every container of a page that has a name, with what it holds."""
    for inside in getattr(block, "children", {}).values():
        if name := getattr(getattr(inside, "proto", None), "id", ""):
            yield str(name), inside
        yield from _containers(inside)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ASKS_ELSEWHERE])
def test_a_page_asks_one_question_and_can_hide_its_answer(open_page: Open, name: str) -> None:
    at = open_page(name)
    assert on_page(at, "predict_first")
    asked = data_of(at, "predict_first")
    assert 2 <= len(asked["options"]) <= 6
    assert 0 <= asked["answer"] < len(asked["options"])
    assert asked["question"]
    assert asked["why"]
    assert "$" not in asked["question"] + asked["why"]  # a slot that nobody filled
    if name in SHOWN_AT:
        at = open_page(name, **SHOWN_AT[name])
    assert any(key.endswith("-gb-answer") and inside.children for key, inside in _containers(at.main))
