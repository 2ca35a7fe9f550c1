"""Positions in a real browser: keys, clicks, links, and the numbers of the formula."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from components.lm.transformer.positions import sinusoids

OpenAt = Callable[[str], Page]


def test_keys_step_and_the_numbers_are_the_formulas(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-positions?lang=en&pos_width=128&pos_count=64")
    page.wait_for_selector(".panel[data-panel=sinusoids] .formula")
    page.keyboard.press("PageDown")
    expect(page.locator(".panel[data-panel=sinusoids] .formula")).to_contain_text("PE(8, 10)")
    table = sinusoids(64, 128)
    expect(page.locator(".panel[data-panel=sinusoids] .formula b")).to_have_text(
        f"{table[8, 10]:.3f}".replace("-", "−")
    )
    near = page.locator(".panel[data-panel=sinusoids] .near").first
    expect(near).to_have_text(f"9: {table[8] @ table[9]:.1f}")
    page.wait_for_url("**pos_at=8**")
    assert outside == []


def test_a_click_on_the_map_chooses_position_and_dimension(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-positions?lang=en&pos_width=8")
    box = page.locator(".panel[data-panel=sinusoids] .map-box").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 20.5 / 64, box["y"] + box["height"] * 2.5 / 8)
    expect(page.locator(".panel[data-panel=sinusoids] .formula")).to_contain_text("PE(20, 2)")
    page.wait_for_url("**pos_at=20&pos_dim=2**")
    page.reload()
    expect(page.locator(".panel[data-panel=sinusoids] .formula")).to_contain_text("PE(20, 2)")
    assert outside == []


def test_shuffling_on_request(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/transformer-positions?lang=en")
    assert page.locator(".gb-shuffle_board").count() == 0
    page.get_by_text("Shuffle the words").click()
    page.wait_for_selector(".gb-shuffle_board .card", timeout=60_000)
    assert page.locator(".gb-shuffle_board .card").count() == 4
    assert outside == []
