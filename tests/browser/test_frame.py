"""The frame in a real browser: nothing leaves the machine, links, keys, languages."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from components.lm import checkpoints
from tests.browser.conftest import READER
from tests.browser.views import count_runs, open_cold
from tests.browser.waiting import settle

ROOT = Path(__file__).parents[2]
PAGES = re.findall(r'lesson\("([\w/]+)"', (ROOT / "app.py").read_text(encoding="utf-8"))
PATHS = ["/"] + [f"/{name.replace('/', '-')}" for name in PAGES if name != "start/home"]
Open = Callable[[str], Page]


def test_what_is_asked_outside_fails_and_is_written_down(open_at: Open, outside: list[str]) -> None:
    page = open_at("/")
    for address in ("https://example.com/a", "http://192.0.2.1/b"):
        assert (
            page.evaluate("address => fetch(address).then(() => 'came', () => 'failed')", address) == "failed"
        )
    assert (
        page.evaluate(
            "new Promise((done) => { const socket = new WebSocket('ws://example.com'); socket.onopen = () => done('open'); socket.onerror = () => done('failed'); })"
        )
        == "failed"
    )
    assert outside == ["https://example.com/a", "http://192.0.2.1/b"]


def test_the_language_is_in_the_link_and_survives_navigation(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=3")
    page.get_by_role("button", name="한국어").click()
    expect(page.locator(".gb-head h1")).to_contain_text("GPT는")
    page.wait_for_function("location.search.includes('lang=ko')")
    assert "step=3" in page.evaluate("location.search")
    page.locator("[data-testid=stPageLink] a:visible").first.click()
    page.wait_for_function("!location.pathname.includes('gpt-generation')")
    settle(page)
    assert page.evaluate("location.search") == "?lang=ko"


def test_a_korean_browser_starts_in_korean(browser: Browser, app_url: str) -> None:
    korean = browser.new_context(locale="ko-KR")
    page = korean.new_page()
    page.goto(app_url)
    expect(page.locator(".gb-head p")).to_contain_text("들여다봐요")
    korean.close()


def test_the_lecture_starts_and_walks_on(open_at: Open) -> None:
    """Over the border of a part; that every page leads to the next is tested with the pages."""
    page = open_at("/")
    page.locator(".start").click()
    first = PATHS[1]
    page.wait_for_function(f"location.pathname === '{first}'")
    for path in PATHS[2:8]:
        settle(page)
        page.locator("[data-testid=stPageLink] a:visible", has_text="→").last.click()
        page.wait_for_function(f"location.pathname === '{path}'")
    expect(page.locator(".gb-head h1")).to_be_visible()


def test_projector_hides_menu_and_controls(open_at: Open) -> None:
    page = open_at("/gpt-generation")
    expect(page.locator("textarea").first).to_be_visible()
    page.get_by_role("button", name="Projector: hide menu and controls").click()
    expect(page.locator("textarea").first).to_be_hidden()
    expect(page.locator(".gb-head h1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("textarea").first).to_be_visible()


def test_lecture_size_is_large_enough_for_the_back_row(open_at: Open) -> None:
    page = open_at("/gpt-generation?size=lecture")
    expect(page.locator("html.gb-lecture")).to_be_attached()
    size = page.locator(".gb-aid, .aid").first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 18
    shown = page.locator(
        "[data-testid=stTopNav] .rc-overflow-item:not([aria-hidden]) [data-testid=stTopNavSection]"
    )
    expect(shown).to_have_count(len({name.partition("/")[0] for name in PAGES}))  # no chapter behind "more"


def test_copy_link_works_without_the_clipboard_interface(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=2")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate(
        "document.execCommand = () => { window.copied = document.activeElement.value; return true; }"
    )
    page.get_by_role("button", name="Copy the link").click()
    page.wait_for_function("window.copied !== undefined")
    copied = page.evaluate("window.copied")
    assert "step=2" in copied
    revision = checkpoints.card("pocket-gpt").revision.removeprefix("sha256:")
    assert f"weights={revision[:8]}" in copied
    page.goto(page.url.split("?")[0] + "?step=2&weights=00000000")
    expect(page.locator(".gb-note")).to_contain_text("other weights (00000000)")
    assert copied.startswith("http://lecture.example:8501/gpt-generation")  # GLASSBOX_URL, not localhost


def test_the_keys_are_listed(open_at: Open) -> None:
    page = open_at("/")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("PageDown")


def test_a_link_with_too_much_is_clamped_and_told(open_at: Open) -> None:
    page = open_at("/gpt-generation?temperature=77&nonsense=1")
    expect(page.locator(".gb-note")).to_contain_text("Temperature = 77")
    page.wait_for_function("location.search.includes('temperature=2')")
    assert "nonsense" not in page.evaluate("location.search")


def test_what_a_link_cannot_hold_is_said_before_it_is_sent(open_at: Open) -> None:
    """Beside the text, in the field's own words, and at the button; it goes with the text."""
    page = open_at("/bert-contextual")
    page.evaluate(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
    )
    field = page.locator("textarea").first
    field.fill("we record a song in the morning\n" * 70)
    field.press("Control+Enter")
    expect(page.locator("p.gb-too-long")).to_contain_text(
        "Sentences, one a line: longer than 2,000 characters"
    )
    page.get_by_role("button", name="Copy the link").click()
    said = page.get_by_role("dialog", name="Copy the link to this view")
    expect(said).to_contain_text("Too long for it: Sentences, one a line.")
    assert page.evaluate("window.copied") is None
    settle(page)
    said.get_by_role("button", name="Export instead").click()
    expect(page.locator("[data-testid=stPopoverBody]")).to_contain_text("bert-contextual.json")
    page.keyboard.press("Escape")
    field.fill("we record a song\nthe record is old")
    field.press("Control+Enter")
    expect(page.locator(".gb-too-long")).to_have_count(0)
    page.get_by_role("button", name="Copy the link").click()
    page.wait_for_function("window.copied?.includes('word_sentences')")


@pytest.mark.parametrize(("path", "name"), [("/bert-masking", "Text"), ("/gpt-generation", "Beginning")])
def test_a_field_of_the_browser_says_it_too(open_at: Open, path: str, name: str) -> None:
    """Where the browser keeps the text by itself, its field says so, at once, and the button asks."""
    page = open_at(f"{path}?lang=en")
    page.evaluate(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
    )
    field = page.get_by_label(name, exact=True)
    field.fill("The old woman opened the door. " * 80)
    field.press("Control+Enter")
    note = page.locator(".too-long")
    expect(note).to_contain_text(f"{name}: longer than 2,000 characters")
    page.get_by_role("button", name="Copy the link").click()
    said = page.get_by_role("dialog", name="Copy the link to this view")
    expect(said).to_contain_text(f"Too long for it: {name}.")
    assert page.evaluate("window.copied") is None
    page.keyboard.press("Escape")
    field.fill("The old woman")
    field.press("Control+Enter")
    expect(note).to_have_count(0)
    page.get_by_role("button", name="Copy the link").click()
    page.wait_for_function("window.copied?.includes('woman')")


def test_a_prepared_state_is_in_view(open_at: Open) -> None:
    page = open_at("/transformer-sparse")
    page.locator(".gb-sparse_view .card").first.wait_for()  # before, all of the page is in view
    button = page.locator("[class*='st-key-try-'] button").last
    button.scroll_into_view_if_needed()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") > 0
    button.click()
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop === 0")


def test_words_for_the_keys_exist() -> None:
    words = tomllib.loads((ROOT / "assets/text/en/ui.toml").read_text(encoding="utf-8"))
    assert {"key_next", "key_back", "key_play"} <= set(words["toolbar"])


def test_what_opens_outside_the_app_has_the_colours_of_the_theme(browser: Browser, app_url: str) -> None:
    """The export opens beside the app, not in it: its words must not be those of the light theme on dark ground."""
    context = browser.new_context(**READER, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{app_url}/transformer-sparse?lang=en")
    page.get_by_role("button", name="Export").click()
    body = page.get_by_test_id("stPopoverBody")
    title = body.locator(".gb-foot-title").first
    expect(title).to_be_visible()
    expect(body).to_have_css("color-scheme", "dark")
    quiet = page.locator(".gb-head p").first.evaluate("(one) => getComputedStyle(one).color")
    expect(title).to_have_css("color", quiet)
    context.close()


def test_a_prepared_state_below_the_first_screen_is_brought_into_view(
    app_url: str, context: BrowserContext
) -> None:
    """What it changes, where the picture at the head of the page stays as it was."""
    for path, place, element in (
        ("/transformer-three_ways?lang=en", 3, ".gb-t5_chart"),
        ("/transformer-positions?lang=ko", 0, ".gb-position_tables"),
    ):
        page = context.new_page()
        page.set_default_timeout(90_000)
        count_runs(page)
        open_cold(page, f"{app_url}{path}")
        button = page.locator("[class*='st-key-try-'] button").nth(place)
        button.scroll_into_view_if_needed()
        page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]'); window.places = []; main.addEventListener('scroll', () => window.places.push(main.scrollTop)); }"
        )
        button.click()
        page.wait_for_function("window.places.includes(0) && window.places.at(-1) > 100")
        expect(page.locator(element)).to_be_in_viewport(ratio=0.3)
        page.close()
