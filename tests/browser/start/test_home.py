"""The map ticks the stops that were seen in this browser, and forgets them when asked."""

from playwright.sync_api import expect


def test_a_stop_that_was_open_is_ticked(open_at, outside: list[str]) -> None:
    page = open_at("/?lang=en")
    ticks = page.locator(".gb-course_map .number.seen")
    expect(page.locator(".gb-course_map .stop").first).to_contain_text("about 15 min")
    expect(ticks).to_have_count(0)
    page.locator(".gb-course_map .stop").nth(4).click()
    page.wait_for_url("**/tokens-compare**")
    page.wait_for_function("(localStorage.getItem('glassbox-seen') ?? '').includes('tokens-compare')")
    page = open_at("/?lang=en")
    shown = page.locator(".gb-course_map")
    expect(shown.locator(".number.seen")).to_have_count(1)
    expect(shown.locator(".progress")).to_contain_text("1 of ")
    shown.locator(".forget").click()
    expect(shown.locator(".number.seen")).to_have_count(0)
    assert outside == []
