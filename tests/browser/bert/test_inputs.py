"""Token + segment + position in a real browser: steps, painting, hover, links."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints
from components.lm.bert.embeddings import Changes, apply, embed, read_input

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)
OpenAt = Callable[[str], Page]
SLOW = 90_000  # the first visitor waits for torch


def shown(value: float) -> str:
    """Three significant digits as assets/elements/lib/format.js writes them, for numbers from 0.001 up."""
    import math

    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}".replace("-", "−")


def test_steps_end_in_the_models_own_numbers(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_token=3&in_dim=11")
    page.wait_for_selector(".grid .chip", timeout=SLOW)
    for step in range(1, 7):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".gb-embedding_sum")).to_have_attribute("data-step", str(step))
    page.wait_for_url("**in_step=6**")
    loaded = checkpoints.load("pocket-bert")
    parts = embed(loaded, read_input(loaded, "my dog is cute", "he likes playing"))
    result = page.locator(".term.norm b")
    if abs(parts.layer_norm_out[3][11]) >= 1e-3:
        expect(result).to_have_text(shown(float(parts.layer_norm_out[3][11])))
    expect(page.locator(".block-norm.empty")).to_have_count(0)
    assert outside == []


def test_painting_answers_at_once_and_travels(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_step=6&in_token=3&in_dim=11")
    page.wait_for_selector(".grid .chip", timeout=SLOW)
    page.locator(".badge").nth(3).click()
    expect(page.locator(".badge").nth(3)).to_have_text("B")
    loaded = checkpoints.load("pocket-bert")
    read = read_input(loaded, "my dog is cute", "he likes playing")
    parts = embed(loaded, apply(read, Changes(painted=(3,))))
    value = float(parts.layer_norm_out[3][11])
    if abs(value) >= 1e-3:
        expect(page.locator(".term.norm b")).to_have_text(shown(value))
    page.wait_for_url("**in_painted=3**")
    page.reload()
    expect(page.locator(".badge").nth(3)).to_have_text("B", timeout=SLOW)
    assert outside == []


def test_one_key_takes_the_changes_back(open_at: OpenAt) -> None:
    page = open_at("/bert-inputs?lang=en&in_panel=changes&in_painted=2.3&in_positions=reversed")
    page.wait_for_selector(".gb-input_effects .pair", timeout=SLOW)
    page.keyboard.press("x")
    expect(page.locator(".badge.painted")).to_have_count(0)
    page.wait_for_function("!location.search.includes('in_positions')")


def test_padding_leaks_on_a_click(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_panel=padding")
    page.wait_for_selector(".bit", timeout=SLOW)
    expect(page.locator(".sum.leak")).to_have_count(0)
    page.locator(".text").nth(2).locator(".bit.off").first.click()
    expect(page.locator(".sum.leak")).to_have_count(1)
    page.wait_for_url("**in_flips=**")
    assert outside == []


def test_the_code_runs_line_by_line(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_panel=code&in_token=3")
    page.wait_for_selector(".gb-code_steps .code", timeout=SLOW)
    for step in range(1, 5):  # the picture's own steps keep still: the run came last and has the keys
        page.keyboard.press("ArrowRight")
        expect(page.locator(".gb-code_steps")).to_have_attribute("data-step", str(step))
    expect(page.locator(".gb-embedding_sum")).to_have_attribute("data-step", "0")
    loaded = checkpoints.load("pocket-bert")
    parts = embed(loaded, read_input(loaded, "my dog is cute", "he likes playing"))
    first = page.locator(".held.fresh .list")
    expect(first).to_contain_text(shown(float(parts.token_embedding[3][0])))
    page.wait_for_url("**in_line=4**")
    page.locator(".gb-embedding_sum .chip").nth(2).click()  # now the picture has them
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-embedding_sum")).to_have_attribute("data-step", "1")
    expect(page.locator(".gb-code_steps")).to_have_attribute("data-step", "4")
    assert outside == []


def test_a_token_opens_its_row(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_panel=padding")
    page.wait_for_selector(".bit", timeout=SLOW)
    page.locator(".gb-embedding_sum .chip").nth(7).click()
    expect(page.locator(".gb-near_rows .own .token")).to_have_text("likes", timeout=SLOW)
    expect(page.locator(".gb-near_rows .line")).to_have_count(13)
    assert outside == []


def test_another_sentence_keeps_what_stands(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_step=6&in_token=3&in_dim=11")
    page.wait_for_selector(".grid .chip", timeout=SLOW)
    page.locator(".grid .chip").nth(1).evaluate("node => { node.mark = 1; }")
    box = page.get_by_label("Sentence A", exact=True)
    box.fill("my old dog is here")
    box.press("Enter")
    expect(page.locator(".grid .chip").nth(2)).to_have_text("old", timeout=SLOW)
    assert page.locator(".grid .chip").nth(1).evaluate("node => node.mark") == 1
    loaded = checkpoints.load("pocket-bert")
    read = read_input(loaded, "my old dog is here", "he likes playing")
    expect(page.locator(".grid .chip")).to_have_count(len(read))
    expect(page.locator(".block-norm:not(.empty)")).to_have_count(len(read))
    parts = embed(loaded, read)
    expect(page.locator(".term.norm b")).to_have_text(shown(float(parts.layer_norm_out[3][11])))
    box.fill("dogs")  # fewer columns, and a chosen token that is no longer there
    box.press("Enter")
    few = len(read_input(loaded, "dogs", "he likes playing"))
    expect(page.locator(".grid .chip")).to_have_count(few)
    assert outside == []


def test_what_was_set_survives_a_text_that_cannot_be_read(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-inputs?lang=en&in_panel=changes&in_positions=reversed&in_step=6")
    page.wait_for_selector(".gb-input_effects .pair", timeout=SLOW)
    box = page.get_by_label("Sentence A", exact=True)
    box.fill("word " * 400)  # more than the model has positions
    box.press("Enter")
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("positions", timeout=SLOW)
    box.fill("my cat is old")
    box.press("Enter")
    expect(page.locator(".grid .chip").nth(2)).to_have_text("cat", timeout=SLOW)
    expect(page.locator("[data-testid=stAlert]")).to_have_count(0)
    expect(page.locator(".gb-input_effects .pair").first).to_be_visible(timeout=SLOW)
    assert "in_positions=reversed" in page.url
    page.get_by_text("Padding", exact=True).click()  # its widgets are not drawn in another panel
    page.wait_for_selector(".bit")
    page.get_by_text("Change the input", exact=True).click()
    expect(page.locator(".gb-input_effects .pair").first).to_be_visible(timeout=SLOW)
    expect(page.locator("[data-list=position_ids]").first).not_to_have_text("0")
    assert outside == []
