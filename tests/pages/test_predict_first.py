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


def _first_number(text: str) -> float:
    found = re.search(r"[\d.]+\d", text)
    assert found is not None
    return float(found.group())


def test_what_the_sentences_after_the_guess_rely_on_is_so(open_page: Open) -> None:
    """Their numbers are computed, their words are not: another model must not make them false."""
    asked = {
        name: data_of(open_page(name), "predict_first")
        for name in ("bert/dice", "bert/contextual", "bert/attention", "bert/masking", "gpt/learning")
    }
    assert asked["bert/dice"]["answer"] == 2  # the kept token is the easy one
    alike, same, across = map(float, asked["bert/contextual"]["options"])
    assert alike > same > across + 0.2
    assert _first_number(asked["bert/attention"]["why"]) > 0.9  # "does the same for nearly every word"
    shares = [float(x) for x in re.findall(r"([\d.]+)%", asked["bert/masking"]["why"])]
    assert shares[0] > 10 * shares[1]
    steps = [int(option.replace(",", "")) for option in asked["gpt/learning"]["options"]]
    assert steps[0] * 10 < steps[-1]  # the common things come first
