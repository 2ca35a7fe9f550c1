"""The faders in a real browser: one layer alone, a mix that is computed, learning, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_faders(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/fine_tuning-features?lang=en&features_look=nothing")
    board = page.locator(".gb-features_board")
    shares = board.locator(".share")
    expect(shares).to_have_text(["14%"] * 7)
    board.locator(".only").first.click()
    page.wait_for_url("**features_faders=10.0.0.0.0.0.0**")
    expect(shares.first).to_have_text("100%")
    board.get_by_role("button", name="Even mix").click()
    expect(shares).to_have_text(["14%"] * 7)
    board.locator(".fader").nth(3).press("ArrowUp")  # not recorded: the server trains a layer on it
    page.wait_for_url("**features_faders=5.5.5.6.5.5.5**")
    expect(board).not_to_have_attribute("data-waits", "", timeout=90_000)
    expect(board.locator(".score b").first).to_contain_text("%")
    board.get_by_role("button", name="Let it learn").click()
    page.wait_for_url("**features_step=12**", timeout=90_000)
    expect(shares.first).not_to_have_text("14%")
    page.reload()
    expect(page.locator(".gb-step-label").first).to_contain_text("step 300 of 300")
    assert outside == []
