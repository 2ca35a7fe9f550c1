"""Watching a model learn in a real browser: moments by key, kinds and probes by click, a line that moves the board."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints
from components.lm.cloze import load_probes
from components.shell import learning_page as page_data

pytestmark = pytest.mark.skipif(
    not {*page_data.MODELS, *page_data.LARGE} <= {*checkpoints.store().bundled_names()},
    reason="the nano and pocket models are not in assets/models",
)
OpenAt = Callable[[str], Page]


def test_moments_kinds_and_probes(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en")
    expect(page.locator(".kind")).to_have_count(6)
    expect(page.locator(".gb-step-label")).to_contain_text("moment 1 of")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-step-label")).to_contain_text("moment 4 of")
    page.locator(".kind[data-kind=trivia]").click()
    first = page_data.kinds()["trivia"][0]
    expect(page.locator(".kind[aria-pressed=true] .name b")).to_have_text("trivia")
    page.locator(".probe").nth(1).click()
    expect(page.locator(".probe.on")).to_have_attribute("title", load_probes()[first + 1].sentence)
    page.wait_for_url("**moment=3**")
    page.wait_for_url(f"**probe={first + 1}**")
    expect(page.locator(".line.on")).to_contain_text("▸")
    page.reload()
    expect(page.locator(".gb-step-label")).to_contain_text("moment 4 of")
    expect(page.locator(".probe.on")).to_have_attribute("title", load_probes()[first + 1].sentence)
    assert outside == []


def test_what_is_drawn_is_what_was_computed(open_at: OpenAt, outside: list[str]) -> None:
    """A link opened cold: counts of every kind, and the verdict on the probe."""
    moment, number = 5, page_data.kinds()["coreference"][3]
    page = open_at(f"/gpt-learning?lang=en&moment={moment}&probe={number}")
    for model, name in enumerate(page_data.MODELS):
        found = page_data.learned(name)
        for kind in page_data.kinds():
            score = page.locator(f".kind[data-kind={kind}] .score").inner_text()
            numbers = [int(part) for part in score.split() if part.isdigit()]
            assert numbers[model] == page_data.right(found, kind, moment), (name, kind)
        good = found[number].correct(moment)
        verdict = page.locator(".model .verdict").nth(model)
        expect(verdict).to_contain_text("right word" if good else "wrong word")
        expect(verdict).to_contain_text(found[number].choice(moment))
    assert outside == []


def test_a_line_takes_the_board_to_its_moment(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en")
    page.locator(".line").nth(7).click()
    expect(page.locator(".gb-step-label")).to_contain_text("moment 8 of")
    expect(page.locator(".line").nth(7)).to_have_attribute("aria-current", "step")
    page.wait_for_url("**moment=7**")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".gb-step-label")).to_contain_text("moment 7 of")
    page.locator(".line").nth(7).click()
    expect(page.locator(".gb-step-label")).to_contain_text("moment 8 of")
    assert outside == []


def test_an_own_sentence(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en&learn_look=own")
    expect(page.locator(".panels section")).to_have_count(2)
    box = page.get_by_role("textbox", name="Sentence with a blank")
    box.fill("The dog ___ in the garden.")
    box.press("Enter")
    words = page.get_by_role("textbox", name="Candidates")
    words.fill("plays, play")
    words.press("Enter")
    expect(page.locator(".panels section").first.locator("li")).to_have_count(2, timeout=60_000)
    expect(page.locator(".gb-candidate_curves .sentence")).to_contain_text("The dog")
    page.wait_for_url("**own_words=plays**")
    assert outside == []
