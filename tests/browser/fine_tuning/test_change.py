"""How much has to change in a real browser: ranks, matrices, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_ranks_and_matrices(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/fine_tuning-change?lang=en&change_look=nothing")
    board = page.locator(".gb-change_board")
    expect(board.locator(".cell")).to_have_count(36)
    expect(board.locator("canvas.b")).to_be_visible()
    drawn = "node => { const d = node.getContext('2d').getImageData(0, 0, node.width, node.height).data; return new Set(new Uint32Array(d.buffer)).size; }"
    cut = board.locator("canvas.cut")
    assert cut.evaluate("node => [node.width, node.height]") == [192, 192]
    assert cut.evaluate(drawn) > 100, "a heat map with many shades"
    page.locator(".gb-step-first").click()
    page.wait_for_url("**change_rank=0**")
    expect(board.locator("canvas.b")).to_be_hidden()
    assert cut.evaluate(drawn) == 1, "no change: one colour"
    board.locator(".cell").nth(4 * 6 + 3).click()  # feed-forward in, layer 3
    page.wait_for_url("**change_matrix=3.intermediate**")
    expect(page.locator(".gb-change_board[data-matrix='22']")).to_have_count(1)
    assert cut.evaluate("node => [node.width, node.height]") == [192, 768]
    page.reload()
    expect(page.locator(".gb-change_board[data-matrix='22']")).to_have_count(1)
    expect(board.locator("canvas.b")).to_be_hidden()
    assert outside == []
