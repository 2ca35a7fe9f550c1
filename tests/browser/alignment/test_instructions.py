"""The lanes of one request in a real browser: sizes, words that were asked for, cards, needles, stages, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_lanes_cards_and_stages(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/alignment-instructions?lang=en")
    board = page.locator(".gb-instruction_lanes")
    expect(board.locator(".lane")).to_have_count(3)
    expect(board.locator(".lane-c h3")).to_contain_text("100 pairs")
    expect(board.locator(".lane-a .bar")).to_have_count(2)
    expect(board.locator("svg.chart polyline")).to_have_count(3)
    tuned = board.locator(".lane-c .answer").inner_text()
    page.locator(".gb-step-first").first.click()
    page.wait_for_url("**ins_size=0**")
    expect(board.locator(".lane-c .answer")).not_to_have_text(tuned)
    expect(board.locator(".key li").first).to_contain_text("story 0%")

    cards = page.locator(".gb-answer_cards")
    cards.locator(".card").nth(0).get_by_role("button", name="invents").click()
    page.wait_for_url("**ins_labels=2.0.0**")
    expect(cards.locator(".card").nth(0)).to_contain_text("41%")
    cards.locator(".card").nth(1).get_by_role("button", name="offends").click()
    expect(cards.locator(".card").nth(1)).to_contain_text("Rather: goes on with the list")
    page.wait_for_url("**ins_labels=2.3.0**")

    page.get_by_role("radio", name="three wishes", exact=True).click()
    for place, choice in enumerate(("the first", "the first", "the second")):
        cards.locator(".card").nth(place).get_by_role("button", name=choice).click()
    page.wait_for_url("**ins_scales=1.1.3**")
    expect(cards).to_contain_text("Your needles pull apart")

    page.get_by_role("radio", name="Alpaca", exact=True).click()
    stages = page.locator(".gb-alpaca_steps")
    stages.locator(".stages button").nth(4).click()
    page.wait_for_url("**ins_stage=4**")
    expect(stages.locator(".open")).to_contain_text("That is a tie")
    expect(stages.locator(".range")).to_have_count(1)
    page.reload()
    expect(stages.locator(".open")).to_contain_text("That is a tie")
    expect(board.locator(".lane-c h3")).to_contain_text(": 0 pairs")
    assert outside == []
