"""The masked language model with a bundled model: the browser answers, and goes on without its server."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import free_port, serving
from tests.browser.line import line

Open = Callable[[str], Page]
HERE, THERE = "computed in your browser", "computed on the server"
QUERY = "/bert-masking?lang=en&mlm_text=The+king+lived+in+a+small+castle.&mlm_look=nothing&hidden="


def chip(page: Page, at: int) -> None:
    page.locator(f".chip[data-at='{at}']").click()


def in_browser(page: Page) -> None:
    expect(page.locator(".gb-mask_lab .where")).to_contain_text(HERE)
    expect(page.locator(".gb-mask_lab .cards.stale")).to_have_count(0)


def cards(page: Page) -> list[str]:
    return page.locator(".gb-mask_lab .card").all_inner_texts()


def test_browser_and_server_say_the_same(open_at: Open, browser: Browser, app_url: str) -> None:
    """Two blanks, one filled: the candidates, what they had before, the rank and the loss."""
    page = open_at(QUERY + "2")
    page.locator(".gb-mask_lab .card").wait_for()
    chip(page, 6)
    in_browser(page)
    expect(page.locator(".gb-mask_lab .card")).to_have_count(2)
    page.locator(".card[data-position='2'] tbody button").nth(1).click()
    expect(page.locator(".gb-mask_lab .card")).to_have_count(1)
    in_browser(page)
    page.wait_for_function("/filled=2/.test(location.search)")
    mine, search = cards(page), page.evaluate("location.search")
    page.close()

    other = browser.new_context(viewport={"width": 1366, "height": 768})
    other.route("**/*.safetensors*", lambda route: route.abort())
    page = other.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{app_url}/bert-masking{search}")
    page.locator(".gb-mask_lab .card").wait_for()
    expect(page.locator(".gb-mask_lab .where")).to_contain_text(THERE)
    assert cards(page) == mine
    chip(page, 4)  # the weights do not arrive: one line, and the server goes on
    expect(page.locator(".gb-mask_lab .note")).to_contain_text("the download failed")
    expect(page.locator(".gb-mask_lab .card")).to_have_count(2)
    expect(page.locator(".gb-mask_lab .cards.stale")).to_have_count(0)
    expect(page.locator(".gb-mask_lab .where")).to_contain_text(THERE)
    other.close()


def test_masks_are_filled_without_the_server(context: BrowserContext, app_url: str) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(60_000)
    with line(app_url, port) as url:
        page.goto(f"{url}{QUERY}2")
        page.locator(".gb-mask_lab .card").wait_for()
        chip(page, 3)
        in_browser(page)
        page.wait_for_timeout(2000)
    expect(page.locator(".gb-toolbar .lost")).to_contain_text("server cannot be reached")
    chip(page, 6)
    expect(page.locator(".gb-mask_lab .card")).to_have_count(3)
    in_browser(page)
    page.locator(".card[data-position='2'] tbody button").first.click()
    expect(page.locator(".chip.filled")).to_have_count(1)
    expect(page.locator(".gb-mask_lab .card")).to_have_count(2)
    in_browser(page)
    page.go_back()
    expect(page.locator(".gb-mask_lab .card")).to_have_count(3)
    page.go_forward()
    expect(page.locator(".gb-mask_lab .card")).to_have_count(2)
    in_browser(page)
    box = page.get_by_label("Text", exact=True)
    box.fill("The king lived in a [MASK].")  # cut into tokens here; a mask that is typed is open
    box.press("Control+Enter")
    expect(page.locator(".gb-mask_lab .chip")).to_have_count(9)
    expect(page.locator(".gb-mask_lab .card")).to_have_count(1)
    in_browser(page)
    page.go_back()
    expect(page.locator(".gb-mask_lab .card")).to_have_count(2)
    in_browser(page)
    reached = cards(page)
    with serving(port):
        expect(page.locator(".gb-toolbar .lost")).to_be_empty(timeout=60_000)
        page.wait_for_timeout(4000)
        assert cards(page) == reached
        search = page.evaluate("location.search")
        assert re.search(r"hidden=2\.3\.6&filled=2\.\d+", search)
        page.reload()
        page.locator(".gb-mask_lab .card").first.wait_for()
        assert cards(page) == reached
