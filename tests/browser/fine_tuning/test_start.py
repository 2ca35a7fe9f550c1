"""Why start there in a real browser: moments, measures, the paths on their slices, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_histogram_and_slices(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/fine_tuning-start?lang=en")
    board, slices = page.locator(".gb-start_board"), page.locator(".gb-slice_board")
    expect(board.locator(".start")).to_have_count(100)
    expect(board.locator(".pretrained")).to_have_count(1)
    left = "node => node.getBBox().x"
    line = board.locator(".pretrained").evaluate(left)
    assert all(x > line for x in board.locator(".start").evaluate_all(f"nodes => nodes.map({left})"))
    board.locator(".gb-step-first").click()
    page.wait_for_url("**start_step=0**")
    assert any(x < board.locator(".pretrained").evaluate(left) for x in board.locator(".start").evaluate_all(f"nodes => nodes.map({left})"))  # fmt: skip
    drawn = "node => { const d = node.getContext('2d').getImageData(0, 0, node.width, node.height).data; return new Set(new Uint32Array(d.buffer)).size; }"
    expect(slices.locator(".field")).to_have_count(2)
    assert slices.locator(".field canvas").first.evaluate(drawn) > 50
    slices.locator(".track").nth(2).click()
    page.wait_for_url("**sgd_track=2**")
    slices.locator(".gb-step-back").click()
    page.wait_for_url("**sgd_step=59**")
    page.reload()
    expect(page.locator(".gb-slice_board .track").nth(2)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".gb-start_board .gb-step-label")).to_contain_text("step 0 of 48")
    assert outside == []
