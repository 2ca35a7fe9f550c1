"""Masking rates compared in a real browser: a click, a key, a drag, a cold link."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[[str], Page]


def test_choose_by_click_key_and_triangle(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-masking_rates")
    chosen = page.locator(".option[aria-checked=true]")
    expect(chosen).to_have_text("80/10/10")
    page.locator(".option").nth(1).click()
    page.wait_for_function("location.search.includes('recipe=1')")
    expect(page.locator(".gb-recipe_board .aid")).to_contain_text("0.9")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text("80/0/20")
    page.wait_for_function("location.search.includes('recipe=2')")
    triangle = page.locator(".triangle svg")
    box = triangle.bounding_box()
    while box is None:  # drawn anew between the look-up and the question
        page.wait_for_timeout(50)
        box = triangle.bounding_box()
    page.mouse.click(
        box["x"] + 0.86 * box["width"], box["y"] + 0.8 * box["height"]
    )  # near the corner "random"
    expect(chosen).to_have_text("0/0/100")
    page.wait_for_function("location.search.includes('recipe=5')")
    expect(page.get_by_role("heading", name="0/0/100")).to_be_visible()
    assert outside == []


def test_a_link_opened_cold_and_a_throw(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-masking_rates?lang=ko&recipe=4&rates_seed=8")
    expect(page.locator(".option[aria-checked=true]")).to_have_text("0/20/80")
    page.locator(".st-key-rates_throw button").click()
    page.wait_for_function("location.search.includes('rates_seed=9')")
    expect(page.locator(".option[aria-checked=true]")).to_have_text("0/20/80")
    assert outside == []
