"""Prepared states where the browser keeps the view: it goes there by itself, and Python hears of it once, when the hand rests."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import free_port, newcomer
from tests.browser.line import line
from tests.browser.views import count_runs, rest

HERE = "computed in your browser"
PAGES = {
    "gpt-generation?lang=en": (".gb-writer", "Beginning", 0, "prompt=Once+upon+a"),
    "bert-masking?lang=en&mlm_look=nothing": (".gb-mask_lab", "Text", 0, "hidden=3.4&mlm_look=order"),
    "bert-attention?lang=en&attention_model=nano-bert": (".gb-attention_view", "Text", 0, "sort=previous"),
}
"""A page, its element, the field of its text, a button, and what it puts into the address."""


def own(page: Page, element: str, field: str) -> None:
    """Type a text, which needs the model, and wait until this browser has computed it."""
    box = page.get_by_label(field, exact=True)
    box.fill("The king saw a small bird.")
    box.press("Control+Enter" if box.evaluate("(node) => node.tagName") == "TEXTAREA" else "Enter")
    expect(page.locator(f"{element} .where").first).to_contain_text(HERE, timeout=120_000)
    rest(page)


@pytest.mark.parametrize("path", PAGES)
def test_the_browser_goes_to_a_prepared_state(browser: Browser, app_url: str, path: str) -> None:
    element, field, at, said = PAGES[path]
    context = newcomer(browser)
    count_runs(context)
    page = context.new_page()
    page.set_default_timeout(120_000)
    with line(app_url, free_port()) as url:
        page.goto(f"{url}/{path}")
        page.locator(element).wait_for()
        own(page, element, field)
        button = page.locator(".gb-prepared button").nth(at)
        before = page.evaluate("gbRuns.asked")
        button.click()
        expect(page).to_have_url(re.compile(re.escape(said)))
        page.wait_for_function("(before) => gbRuns.asked > before", arg=before)
        rest(page)
        assert page.evaluate("gbRuns.asked") == before + 1
        there = page.url
        own(page, element, field)
        expect(page).not_to_have_url(there)

    # Without the server: the same view, and what Python would have to do cannot be pressed.
    expect(page.locator(".gb-toolbar .lost")).not_to_be_empty()
    button.click()
    expect(page).to_have_url(there)
    expect(page.locator(f"{element} .where").first).to_contain_text(HERE)
    if "nano" in path:
        expect(page.locator(".gb-prepared button:disabled")).to_have_count(2)
    context.close()
