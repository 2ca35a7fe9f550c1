"""After BERT in a real browser: a cell by click and key, its page, the comparisons, and Back."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[[str], Page]


def test_choose_a_cell_and_follow_it(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-family")
    chosen = page.locator(".cell[aria-pressed=true]")
    expect(chosen).to_contain_text("a new mask each time")
    expect(page.locator(".gb-family_results .card")).to_have_count(5)
    page.get_by_role("button", name="ALBERT, shares: one layer").click()
    page.wait_for_function("location.search.includes('fam_column=sharing')")
    expect(page.locator(".gb-family_results .card")).to_have_count(4)
    page.keyboard.press("ArrowUp")
    expect(chosen).to_have_attribute("aria-label", "SpanBERT, shares: none")
    page.wait_for_function("location.search.includes('fam_model=SpanBERT')")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("location.search.includes('fam_model=ALBERT')")
    page.locator(".detail .go").click()
    page.wait_for_url("**/bert-albert?*")
    expect(page.locator(".gb-albert_levers")).to_have_attribute("data-parameters", "11683584")
    assert outside == []


def test_fair_only(open_at: Open) -> None:
    page = open_at("/bert-family?fam_show=fair")
    expect(page.locator(".verdict.fair").first).to_be_visible()
    expect(page.locator(".verdict.unfair")).to_have_count(0)
