"""The lab, the dice and the rounds in a real browser: a click, a key, a cold link, nothing from outside."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from components.lessons.bert.dice import SEED

Open = Callable[[str], Page]
LISTED = 'lesson("bert/masking"' in (Path(__file__).parents[3] / "app.py").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(not LISTED, reason="the pages are listed once pocket-bert is bundled")


def test_hide_fill_and_reopen(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-masking?mlm_text=The+king+lived+in+a+castle.&hidden=2&mlm_look=nothing")
    card = page.locator(".gb-mask_lab .card")
    expect(card).to_have_count(1)
    page.locator(".chip[data-at='3']").click()
    expect(card).to_have_count(2)
    page.wait_for_function("location.search.includes('hidden=2.3')")
    card.nth(0).locator("tbody button").first.click()
    expect(card).to_have_count(1)
    expect(page.locator(".chip.filled")).to_have_count(1)
    page.wait_for_function("location.search.includes('filled=2.')")
    page.locator(".chip.filled").click()
    expect(card).to_have_count(2)
    page.locator(".chip[data-at='3']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(card).to_have_count(3)
    page.wait_for_function("location.search.includes('hidden=2.3.4')")
    assert outside == []


def test_text_of_readers_is_text(open_at: Open) -> None:
    page = open_at("/bert-masking?mlm_text=%3Cimg+src%3Dx+onerror%3D%22window.hit%3D1%22%3E&hidden=1")
    page.locator(".gb-mask_lab .card").first.wait_for()
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize(
    ("path", "name", "word"),
    [
        ("/bert-masking?hidden=3.4&mlm_look=order", "order-of-filling", "girl"),
        (
            "/bert-next_sentence?nsp_part=probe&nsp_second=%3Cimg+src%3Dx+onerror%3D%22window.hit%3D1%22%3E",
            "what-next-sentence-notices",
            "&lt;img",
        ),
        ("/bert-dice?dice_look=ways", "ways-of-choosing", "[MASK]"),
    ],
)
def test_tables_can_be_taken_home(open_at: Open, path: str, name: str, word: str, outside: list[str]) -> None:
    page = open_at(path)
    expect(
        page.locator(
            ".gb-mask_looks .wide tbody tr, .gb-comparison_table tbody tr, .gb-next_probe tbody tr"
        ).first
    ).to_be_visible()
    page.get_by_role("button", name="Export").click()
    row = page.locator(".gb-pictures .row", has_text=name)
    with page.expect_download() as download:
        row.locator("[data-kind=svg]").click()
    picture = Path(download.value.path()).read_text(encoding="utf-8")
    assert word in picture
    assert "var(--" not in picture
    assert page.evaluate("window.hit") is None
    assert outside == []


def test_throw_step_and_settle(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-dice?dice_look=nothing&stage=0")
    board = page.locator(".gb-dice_board")
    board.locator(".strip").wait_for()
    expect(board.locator(".col.M, .col.R, .col.K")).to_have_count(0)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(board.locator(".compare table")).to_be_visible()
    chosen = board.locator(".col.M, .col.R, .col.K").count()
    expect(board.locator(".compare tbody tr")).to_have_count(chosen)
    page.locator("[data-throw=again]").click()
    page.wait_for_function(f"location.search.includes('seed={SEED + 1}')")
    page.locator("[data-throw='10000']").click()
    page.wait_for_function("location.search.includes('throws=10000')")
    expect(board.locator("[data-throw='10000']")).to_have_attribute("aria-pressed", "true")
    assert outside == []


def test_vote_then_see(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-next_sentence")
    rounds = page.locator(".gb-next_rounds")
    expect(rounds.locator(".outcomes")).to_have_count(0)
    rounds.locator("[data-vote='1']").click()
    expect(rounds.locator(".outcomes")).to_be_visible()
    page.wait_for_function("location.search.includes('votes=1')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    page.wait_for_function("location.search.includes('votes=1.0')")
    expect(rounds.locator(".score")).to_contain_text("/ 2")
    rounds.locator(".again").click()
    page.wait_for_function("!location.search.includes('votes=')")
    expect(rounds.locator(".score")).to_contain_text("0 / 0")
    assert outside == []


def test_an_example_is_offered_where_there_is_nothing_to_show(open_at: Open) -> None:
    page = open_at("/bert-masking?lang=en")
    page.get_by_text("pieces of a word", exact=True).click()
    page.locator(".st-key-mlm_example_1 button").click()
    expect(page.locator("textarea").first).to_have_value("The girl stacked the stones and smiled.")
    page.wait_for_function("location.search.includes('hidden=3.4')")
    expect(page.locator(".st-key-mlm_example_1")).to_have_count(0)


def test_an_empty_text_kills_nothing(open_at: Open, outside: list[str]) -> None:
    """A sentence, nothing, a sentence: the lab answers each."""
    page = open_at("/bert-masking")
    box = page.get_by_role("textbox", name="Text").first
    for text, chips in (("", 0), ("A cat sat.", 4), ("", 0), ("He ran.", 3)):
        box.fill(text)
        box.press("Control+Enter")
        expect(page.locator(".gb-mask_lab .row button.chip")).to_have_count(chips)
    assert page.get_by_text("BidiComponent Error").count() == 0
    assert outside == []
