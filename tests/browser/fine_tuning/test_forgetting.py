"""What is forgotten in a real browser: methods, moments, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_tracks_and_moments(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/fine_tuning-forgetting?lang=en&forget_look=nothing")
    board = page.locator(".gb-forgetting_plane")
    expect(board.locator(".method")).to_have_count(6)
    expect(board.locator("svg.plane polyline")).to_have_count(6)
    expect(board.locator("svg.plane rect[width='12']")).to_have_count(1)  # LoRA taken off
    board.locator(".method").nth(1).click()
    page.wait_for_url("**forget_track=1**")
    expect(board.locator(".method.on .name")).to_contain_text("replay")
    page.locator(".gb-step-first").click()
    page.wait_for_url("**forget_step=0**")
    expect(board.locator("svg.plane rect[width='12']")).to_have_count(0)
    page.reload()
    expect(board.locator(".method.on .name")).to_contain_text("replay")
    page.keyboard.press("Tab")  # whoever goes from control to control by keys moves them by keys
    page.get_by_role("slider", name="Strength").press("ArrowRight")
    page.wait_for_url("**forget_strength=4**")
    expect(board.locator(".method.on .name")).to_contain_text("40 old sentences kept")
    page.get_by_role("radio", name="random weights", exact=True).click()
    page.wait_for_url("**forget_start=random**")
    expect(board.locator(".method.on")).to_have_count(1)
    assert outside == []
