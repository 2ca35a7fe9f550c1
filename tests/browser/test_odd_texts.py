"""No page and no element dies of a text: nothing, one special token, nothing left visible, then a usual text again.

Both orders: the usual text first, and the odd one in a session that has not seen another. What is shown in the end is what
was shown before.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from components.shell import links
from tests.browser.conftest import newcomer
from tests.browser.views import PAGES, comes_to, count_runs, declared, go, open_cold, path, query, rest, seen

ODD = ("", "[MASK]", " \u200b", "👩‍👩‍👦")
LONG = 600
"""Milliseconds: what is compared later must be whole, with a chart that comes late."""
DEAD = "[data-failed], [data-testid=stException]"
NAMES = [name for name in PAGES if name != "start/home"]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One reader for all pages; each is opened cold."""
    context = newcomer(browser, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    count_runs(context)
    yield context.new_page()
    context.close()


def texts(name: str) -> list[str]:
    """The parameters of a page that hold a text of the reader's; a name of a model is none."""
    return [
        param.key
        for param in declared(name)
        if isinstance(param, links.Text) and not param.key.endswith(("model", "vocab"))
    ]


def lives(page: Page, when: str) -> None:
    """Nothing on the page has failed."""
    said = page.locator(DEAD).all_inner_texts()
    assert not said, f"{when}: {said}"
    failed = page.get_by_text("This page could not be drawn").all_inner_texts()
    assert not failed, f"{when}: {failed}"


def shows(page: Page, wanted: list[str], when: str) -> None:
    """The page shows what it showed before."""
    now = comes_to(page, lambda: wanted)
    here = [line for line in now if line not in wanted]
    there = [line for line in wanted if line not in now]
    assert now == wanted, f"{when}: now {here[:8]}, before {there[:8]}"


@pytest.mark.parametrize("name", NAMES)
def test_no_text_kills_a_page(app_url: str, page: Page, name: str) -> None:
    keys = texts(name)
    if not keys:
        pytest.skip("this page takes no text")
    # What stands elsewhere on the page than at first is looked at too: the choices of the second visit.
    other = {k: v for k, v in query(name, 1).items() if not k.endswith("model")}
    open_cold(page, app_url + path(name, {"lang": "en"}))
    usual = {}
    for part, odd_ones in (({}, ODD), (other, ODD[:2])):
        if part:
            go(page, part)
        rest(page, LONG)
        usual[str(part)] = seen(page)
        for odd in odd_ones:
            go(page, part | dict.fromkeys(keys, odd))
            lives(page, f"{part} {odd!r}")
        go(page, part)
        lives(page, f"{part}, a usual text again")
        shows(page, usual[str(part)], f"{part}, a usual text again")
    open_cold(page, app_url + path(name, {"lang": "en"} | dict.fromkeys(keys, "")))
    lives(page, "nothing at first")
    go(page, {})
    lives(page, "a usual text after nothing")
    shows(page, usual["{}"], "a usual text after nothing")
