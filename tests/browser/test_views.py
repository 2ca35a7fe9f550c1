"""What is on screen is what the link says, on every page, whatever the reader does in between.

Made from what the lessons declare (``links.open_view``), so that a page to come is covered: one visit sets every
parameter to another value at once, a second one takes the choices that exclude the first; then the reader steps, opens
every popover, switches the language and back, changes the part and back, and goes Back and Forward. After each, what
stands in the boxes, what is in the address, and what a friend sees who opens the copied link are the same.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from components.shell import links
from tests.browser.conftest import newcomer
from tests.browser.views import (
    PAGES,
    address,
    boxes,
    comes_to,
    count_runs,
    declared,
    groups,
    open_cold,
    path,
    query,
    rest,
    same,
    seen,
)

NAMES = [name for name in PAGES if name != "start/home"]
AFTER_A_STEP = 300
"""Milliseconds: an element tells the server of a step when the hand has rested, after 250 ms at most."""
POPOVER = ".stMainBlockContainer [data-testid=stPopoverButton]"
GROUP = ".stMainBlockContainer [data-testid=stButtonGroup]:visible"
OPTION = "button[data-variant]"


@pytest.fixture(scope="module")
def people(browser: Browser) -> Iterator[tuple[Page, Page]]:
    """The reader, and the friend the links are sent to: two browsers that share nothing."""
    both = [newcomer(browser, reduced_motion="reduce") for _ in range(2)]
    for one in both:
        one.set_default_timeout(90_000)
        count_runs(one)
        one.on(
            "console", lambda said: print(said.text, said.location["url"]) if said.type == "error" else None
        )  # pytest shows it with a failure
    yield both[0].new_page(), both[1].new_page()
    for one in both:
        one.close()


class Visit:
    """One reader on one page, and the friend the link is sent to."""

    def __init__(self, name: str, page: Page, friend: Page) -> None:
        self.page, self.friend = page, friend
        self.params = {param.key: param for param in declared(name)}
        self.by_address: dict[str, list[str]] = {}

    def holds(self, asked: dict[str, str], when: str) -> None:
        """The address holds what was asked for."""
        now = address(self.page)
        for key, value in asked.items():
            assert key in now, f"{when}: {key} is gone"
            assert same(self.params[key], now[key], value), f"{when}: {key} is {now[key]}, not {value}"

    def boxes_agree(self, when: str) -> None:
        """Every box and every row of buttons that can be seen shows what the address says."""
        now = address(self.page)
        for key, shown in boxes(self.page).items():
            if key in self.params:
                param = self.params[key]
                told = now.get(key, param.write(param.default))
                assert same(param, shown or "0", told or "0"), (
                    f"{when}: {key} shows {shown}, the link says {told}"
                )
        for key, (at, count) in groups(self.page).items():
            param = self.params.get(key)  # type: ignore[assignment]
            if isinstance(param, links.Choice) and at >= 0 and count == len(param.options):
                told = now.get(key, param.default)
                assert param.options[at] == told, f"{when}: {key} shows {param.options[at]}, not {told}"

    def friend_sees_the_same(self, when: str) -> None:
        """The copied link, opened in a browser that was never here, shows the same page."""
        link = self.page.url
        if link not in self.by_address:
            open_cold(self.friend, link)
            assert address(self.friend) == address(self.page), f"{when}: the link opens another view"
            comes_to(self.page, lambda: seen(self.friend))
            self.by_address[link] = seen(self.friend)
        self.shows(self.by_address[link], f"{when}, behind the link")

    def shows(self, wanted: list[str], when: str) -> None:
        """The page shows this."""
        now = comes_to(self.page, lambda: wanted)
        here = [line for line in now if line not in wanted]
        there = [line for line in wanted if line not in now]
        assert now == wanted, f"{when}: here {here[:8]}, there {there[:8]}"

    def speak(self, label: str, lang: str) -> None:
        """Switch the language."""
        self.page.get_by_role("button", name=label, exact=True).first.click()
        self.page.wait_for_function(f"document.documentElement.lang === {lang!r}")
        rest(self.page)


def lasting(found: dict[str, str]) -> dict[str, str]:
    """What a change of part and back must not change; a step begins anew where another thing is stepped through."""
    return {key: value for key, value in found.items() if not key.endswith("step")}


@pytest.mark.parametrize("name", NAMES)
def test_the_view_and_its_link_are_one(app_url: str, people: tuple[Page, Page], name: str) -> None:
    reader = Visit(name, *people)
    page = reader.page
    # The visit that takes other choices comes first, because it is shorter: the long one ends where it stands.
    for visit in (1, 0):
        asked = query(name, visit)
        open_cold(page, app_url + path(name, {"lang": "en"} | asked))
        when = f"opened with {asked}"
        reader.holds(asked, when)
        reader.boxes_agree(when)
        chosen = (
            address(page).keys() & reader.params.keys() - asked.keys()
        )  # by the page, from what was asked for
        if chosen and visit:
            reader.friend_sees_the_same(f"{chosen} chosen by the page")
        assert visit or not chosen, f"set without being asked for: {chosen}"

    here = urlsplit(page.url).path
    page.keyboard.press("ArrowRight")
    rest(page, AFTER_A_STEP)
    if urlsplit(page.url).path != here:  # there was no step left
        page.go_back()
        page.wait_for_function("path => location.pathname === path", arg=here)
        rest(page, AFTER_A_STEP)
    reader.friend_sees_the_same("after a step")
    stepped, shown = address(page), seen(page)

    for i in range(page.locator(POPOVER).count()):
        button = page.locator(POPOVER).nth(i)
        button.click()
        page.wait_for_selector("[data-testid=stPopoverBody]")
        rest(page)
        reader.boxes_agree(f"popover {i}")
        page.keyboard.press("Escape")
        if page.locator("[data-testid=stPopoverBody]").count():
            button.click()
        page.wait_for_selector("[data-testid=stPopoverBody]", state="detached")
    assert address(page) == stepped, "after the popovers"

    reader.speak("한국어", "ko")
    assert address(page) == stepped | {"lang": "ko"}, "in Korean"
    reader.speak("EN", "en")
    assert address(page) == stepped, "Korean and back"
    reader.shows(shown, "Korean and back")

    for i in range(page.locator(GROUP).count()):
        group = page.locator(GROUP).nth(i)
        labels = group.locator(OPTION).all_inner_texts()
        at = group.locator(OPTION).evaluate_all(
            "all => all.findIndex((one) => one.matches('[aria-checked=true], [aria-pressed=true]'))"
        )
        group.locator(OPTION).nth(0 if at else 1).click()
        rest(page, AFTER_A_STEP)
        reader.boxes_agree(f"another part than {labels[at]}")
        group.locator(OPTION).nth(at).click()
        rest(page, AFTER_A_STEP)
        assert lasting(address(page)) == lasting(stepped), f"{labels[at]}: another part and back"
    reader.friend_sees_the_same("another part and back")

    before = page.url
    page.go_back()
    rest(page, AFTER_A_STEP)  # what stands there may tell where it is
    reader.boxes_agree("Back")
    page.go_forward()
    rest(page, AFTER_A_STEP)
    assert urlsplit(page.url).query == urlsplit(before).query, "Back and Forward"
    reader.friend_sees_the_same("Back and Forward")
