"""The masked language model with a bundled model: the browser answers, and goes on without its server."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import free_port, serving
from tests.browser.line import line
from tests.browser.told import listening, tells_once

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
    page.set_default_timeout(150_000)
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


def looks(page: Page) -> str:
    """What stands below the lab, without the line that says where it was computed."""
    expect(page.locator(".gb-mask_looks.waiting")).to_have_count(0)
    return (
        page.locator(".gb-mask_looks .body")
        .inner_text()
        .replace(page.locator(".gb-mask_looks .where").inner_text(), "")
    )


def test_blanks_asked_in_another_way_are_what_the_server_says(browser: Browser, app_url: str) -> None:
    """From one side (with GPT beside it), in four orders, piece by piece: without the server, and on a server without this browser."""
    query = (
        "/bert-masking?lang=en&bert_model=nano-bert&mlm_text=The+girl+stacked+the+stones+and+smiled.&hidden="
    )
    here = browser.new_context(viewport={"width": 1366, "height": 768})
    page = here.new_page()
    page.set_default_timeout(120_000)
    with line(app_url, free_port()) as url:
        page.goto(f"{url}{query}3")
        chip(page, 4)
        in_browser(page)
        expect(page.locator(".gb-mask_looks .card")).to_have_count(4)
        chip(page, 7)
        expect(page.locator(".gb-mask_looks .where")).to_contain_text(HERE)
        expect(page.locator(".gb-mask_looks .card")).to_have_count(4)
    names = ("three_ways", "order", "pieces")
    mine = []
    for name in names:
        look = page.locator(f".gb-mask_looks [data-look={name}]")
        look.click()
        expect(look).to_have_attribute("aria-checked", "true")  # a press right after another waits its turn
        expect(page.locator(".gb-mask_looks .where")).to_contain_text(HERE)
        mine.append(looks(page))
    page.wait_for_function("location.search.includes('hidden=3.4.7')")
    page.wait_for_function("location.search.includes('mlm_look=pieces')")
    page.locator(".gb-mask_lab button.small").last.click()  # nothing is hidden any more
    page.locator(".gb-mask_looks [data-look=three_ways]").click()
    expect(page.locator(".gb-mask_looks .none")).to_contain_text("Hide a token first")
    here.close()

    other = browser.new_context(viewport={"width": 1366, "height": 768})
    other.route("**/*.safetensors*", lambda route: route.abort())
    page = other.new_page()
    page.set_default_timeout(120_000)
    for name, said in zip(names, mine, strict=True):
        page.goto(f"{app_url}{query}3.4.7&mlm_look={name}")
        expect(page.locator(".gb-mask_looks .where")).to_contain_text(THERE)
        assert looks(page) == said
    other.close()


def test_masks_are_filled_without_the_server(context: BrowserContext, app_url: str) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    sent = listening(page)
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
    sent.clear()
    with serving(port):
        tells_once(page, sent, "small castle")
        assert cards(page) == reached
        search = page.evaluate("location.search")
        assert re.search(r"hidden=2\.3\.6&filled=2\.\d+", search)
        page.reload()
        page.locator(".gb-mask_lab .card").first.wait_for()
        assert cards(page) == reached
