"""Who may look at whom, in a real browser."""

from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from components.lm.transformer.attention_patterns import causal
from tests.browser.conftest import free_port
from tests.browser.line import line
from tests.browser.told import listening, tells_once

PATH = "/transformer-masks?left_model=pocket-gpt"


def test_choosing_a_word(open_at, outside: list[str]) -> None:
    page = open_at(PATH)
    root = page.locator(".gb-two_readers")
    expect(root).to_have_attribute("data-word", "3")
    expect(page.locator(".word.unseen")).to_have_count(5)
    page.locator('[data-word="2"]').first.click()
    expect(page.locator(".word.unseen")).to_have_count(6)
    page.wait_for_url("**word=2**")
    expect(page.locator(".closed")).to_have_count(1)
    assert outside == []


def row_of_weights(scores: list[list[int]], allowed: np.ndarray) -> list[float]:
    """Softmax of the third row over the places it may look at."""
    e = np.where(allowed[2], np.exp(np.array(scores[2], float)), 0.0)
    return list(e / e.sum())


def test_editing_a_mask_changes_the_row(open_at, outside: list[str]) -> None:
    page = open_at(PATH)
    panel = page.locator('[data-pattern="causal"]')
    expect(panel.locator(".bar .w")).to_have_count(6)
    shown = [float(w.get_attribute("title")) for w in panel.locator(".bar .w").all()]
    scores = [[(3 * q + 5 * k + q * k) % 4 for k in range(6)] for q in range(6)]
    assert shown == pytest.approx(row_of_weights(scores, causal(6)), abs=1e-12)
    page.locator('[data-cell="1.2.4"]').click()
    opened = causal(6)
    opened[2, 4] = True
    shown = [float(w.get_attribute("title")) for w in panel.locator(".bar .w").all()]
    assert shown == pytest.approx(row_of_weights(scores, opened), abs=1e-12)
    page.wait_for_url("**flips=124**")
    page.locator('[data-cell="1.2.4"]').press("Enter")
    expect(page.locator(".gb-mask_patterns")).to_have_attribute("data-flips", "")
    assert outside == []


def test_a_cold_link(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}&flips=102&word=0&lang=ko")
    expect(page.locator('[data-cell="1.0.2"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".gb-two_readers")).to_have_attribute("data-word", "0")
    assert outside == []


@pytest.mark.parametrize("sentence", ["나는 학교에 갔다.", "the cat and the dog " * 8])
def test_names_stand_on_their_rows(open_at, sentence: str) -> None:
    """However many tokens there are, the name of a row is as high as the row."""
    page = open_at(f"{PATH}&left_model=pocket-bert&sentence={quote(sentence)}")
    page.wait_for_selector(".names span")
    found = page.evaluate(
        """() => [...document.querySelectorAll("*")].map((n) => n.shadowRoot).filter(Boolean).flatMap((r) => [...r.querySelectorAll(".plane")]).map((plane) => {
        const box = plane.querySelector(".square").getBoundingClientRect(), names = [...plane.querySelectorAll(".names span")].map((s) => s.getBoundingClientRect());
        return Math.max(...names.map((name, q) => Math.abs((name.top + name.bottom) / 2 - box.top - (q + 0.5) / names.length * box.height))) / (box.height / names.length); })"""
    )
    assert found
    assert max(found) < 0.3  # of a row


def test_the_row_that_was_opened_is_the_row_shown(open_at) -> None:
    page = open_at(f"{PATH}&lang=en&flips=101.102.103.104.105")
    panel = page.locator('[data-pattern="causal"]')
    expect(panel.locator(".query.on")).to_have_text("The")
    expect(panel.locator(".bar .score", has_text="−∞")).to_have_count(0)


HERE, THERE = "computed in your browser", "computed on the server"
READ = "The old king lost his crown in the forest."


def shown(page: Page) -> list[str]:
    expect(page.locator(".gb-two_readers.waiting")).to_have_count(0)
    return page.locator(".gb-two_readers .picture").all_inner_texts()


def read(page: Page, text: str) -> None:
    box = page.get_by_label("Sentence")
    box.fill(text)
    box.press("Enter")


def test_browser_and_server_say_the_same_and_the_browser_goes_on_alone(
    context: BrowserContext, browser: Browser, app_url: str
) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    sent = listening(page)
    where = page.locator(".gb-two_readers .where")
    with line(app_url, port) as url:
        page.goto(f"{url}/transformer-masks?lang=en&left_model=nano-bert&right_model=nano-gpt")
        expect(where).to_contain_text(THERE)
        read(page, READ)
        expect(where).to_contain_text(HERE)
        page.locator('[data-word="3"]').first.click()
        expect(page.locator(".gb-two_readers")).to_have_attribute("data-word", "3")
        mine, search = shown(page), page.evaluate("location.search")
        assert "word=3" not in search  # the word that the page begins with

        other = browser.new_context(viewport={"width": 1366, "height": 768})  # one that has kept no weights
        other.route("**/*.safetensors*", lambda route: route.abort())
        second = other.new_page()
        second.set_default_timeout(60_000)
        second.goto(f"{url}/transformer-masks{search}")
        expect(second.locator(".gb-two_readers .where")).to_contain_text(THERE)
        assert shown(second) == mine
        second.locator('[data-word="4"]').first.click()  # one line says why, and the server goes on
        expect(second.locator(".gb-two_readers .note")).to_contain_text("the download failed")
        expect(second.locator(".gb-two_readers")).to_have_attribute("data-word", "4")
        other.close()
    expect(page.locator(".gb-toolbar .lost")).to_contain_text("server cannot be reached")
    page.locator('[data-word="4"]').first.click()
    expect(page.locator(".gb-two_readers")).to_have_attribute("data-word", "4")
    read(page, "the cat and the dog " * 12)  # its beginning is read, and the page says so
    expect(page.locator(".gb-two_readers .note")).to_contain_text("40 tokens at most")
    read(page, "나는 학교에 갔다.")
    expect(page.locator(".gb-two_readers .note")).to_contain_text("nano-gpt spell")
    page.go_back()
    expect(page.locator(".gb-two_readers .note")).to_contain_text("40 tokens at most")
    page.get_by_label("Layer", exact=True).fill("2")
    page.get_by_label("Layer", exact=True).press("Enter")
    expect(where).to_contain_text("layer 2")
    assert "mask_layer=2" in page.evaluate("location.search")
    grids = page.locator(".gb-mask_patterns")
    for cell, flips in (("1.0.2", "102"), ("1.2.4", "102.124")):
        page.locator(f'[data-cell="{cell}"]').click()
        expect(grids).to_have_attribute("data-flips", flips)
        assert f"&flips={flips}" in page.evaluate("location.search")
        page.wait_for_timeout(200)  # two presses, two steps for Back
    page.go_back()
    expect(grids).to_have_attribute("data-flips", "102")
    sent.clear()
    with line(app_url, port):
        tells_once(page, sent, "the cat and the dog")
