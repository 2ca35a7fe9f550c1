"""InstructGPT's three steps at the head of every page of the chapter."""

import re
import tomllib

import pytest

from components.lessons.alignment import instruct_gpt
from components.shell.navigation import PAGES
from components.words import TEXT
from tests.pages.conftest import Open, said

SHOWN = {step: page for step, page in instruct_gpt.STEPS.items() if (PAGES / f"{page}.py").exists()}


@pytest.mark.parametrize("step", list(SHOWN))
def test_a_page_says_which_step_it_is(open_page: Open, lang: str, step: str) -> None:
    """It is marked; the other pages that there are can be gone to, and every step says its prompts."""
    at = open_page(SHOWN[step], lang=lang)
    words = tomllib.loads((TEXT / lang / "alignment" / "instruct_gpt.toml").read_text(encoding="utf-8"))
    marked = re.findall('<p class="here" aria-current="page">([^<]*) <small>([^<]*)</small>', said(at))
    assert [label for label, _ in marked] == [words["instruct_gpt"][f"map_{step}"]]
    labels = [link.proto.label for link in at.get("page_link")]
    for other in SHOWN:
        found = [label for label in labels if label.startswith(words["instruct_gpt"][f"map_{other}"])]
        assert len(found) == (other != step)
    told = said(at) + " ".join(labels)
    assert all(number in told for number in ("12,725", "33,207", "31,144"))


def test_the_numbers_are_the_papers() -> None:
    """Ouyang et al. 2022, tables 6 and 1: labelers and customers add up to the prompts."""
    found = {name: value.replace(",", "") for name, value in instruct_gpt.slots().items()}
    assert found["people"] == "40"
    assert int(found["sft_labeler"]) + int(found["sft_customer"]) == int(found["sft"]) == 12725
    assert int(found["reward_labeler"]) + int(found["reward_customer"]) == int(found["reward"]) == 33207
    assert found["ppo"] == "31144"
    assert found["size"] == "6B"
