"""The plane of rewards in a real browser: penalties, moments, shades, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints
from components.lm.alignment.reinforce import betas_of

pytestmark = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_penalties_and_moments(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/alignment-reward?lang=en&reward_look=nothing")
    board = page.locator(".gb-reward_plane")
    expect(board.locator(".beta")).to_have_count(4)
    expect(board.locator("svg.plane .band")).to_have_count(4)
    expect(board.locator("svg.plane .best")).to_have_count(1)
    expect(board.locator(".story")).to_have_count(3)
    expect(board.locator(".tok.plus").first).to_be_visible()
    board.locator(".beta").nth(2).click()
    page.wait_for_url("**reward_track=2**")
    held = f"{betas_of('pocket-gpt', 'happy')[2]:g}"
    expect(board.locator("h3")).to_contain_text(f"β = {held}")
    expect(board.locator(".formula")).to_contain_text(held)
    board.locator("svg.plane circle.dot").nth(7).click()  # A is drawn first: its moment before the last
    page.wait_for_url(lambda url: "reward_step=7" in url and "reward_track" not in url)
    expect(board.locator("h3")).to_contain_text("β = 0")
    board.locator(".beta").nth(2).click()
    page.locator(".gb-step-first").click()
    page.wait_for_url("**reward_step=0**")
    expect(board.locator(".story .sum").first).to_contain_text("KL of this text 0")
    page.reload()
    expect(board.locator("h3")).to_contain_text(f"step 0, β = {held}")
    page.get_by_role("radio", name="a word it never finds").click()
    page.wait_for_url("**reward_kind=never**")
    expect(board.locator(".beta .score").first).to_contain_text("0")
    assert outside == []
