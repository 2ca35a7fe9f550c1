"""One block from inside in a real browser: stepping, tokens, numbers, neurons, all blocks."""

import difflib

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import free_port
from tests.browser.line import line
from tests.browser.told import listening, tells_once

PATH = "/transformer-block"
ROOT = ".gb-block_flow"


def test_steps_by_key_without_the_server(open_at, outside: list[str]) -> None:
    page: Page = open_at(f"{PATH}?lang=en")
    root = page.locator(ROOT)
    expect(root).to_have_attribute("data-vector", "stream")
    for vector in ("norm1", "attention", "add1", "norm2", "feed_forward", "add2"):
        page.keyboard.press("ArrowRight")
        expect(root).to_have_attribute("data-vector", vector)
    page.wait_for_url("**block_step=6**")  # else the 3 below may be the one on the way here
    page.locator("[data-vector=add1].box").click()
    expect(root).to_have_attribute("data-vector", "add1")
    expect(page.locator(".count")).to_contain_text(" + ")
    page.wait_for_url("**block_step=3**")
    page.reload()
    expect(root).to_have_attribute("data-vector", "add1")
    assert outside == []


def test_another_token_and_another_number(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&block_step=6")
    page.locator(".lane").nth(3).click()
    expect(page.locator(ROOT)).to_have_attribute("data-token", "3")
    page.locator(".strip").nth(2).click()
    expect(page.locator(ROOT)).not_to_have_attribute("data-dim", "0")
    assert outside == []


def test_a_neuron_is_switched_off(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&block_step=5")
    page.locator(".table .chip").first.click()
    page.wait_for_url("**block_off=252**")
    expect(page.locator(".gb-block_flow .where")).to_contain_text("without neurons 252")
    expect(page.locator(".verdict")).to_contain_text("the probability of")
    expect(page.locator(".bars.two")).to_have_count(1)
    page.locator(".table .chip.on").click()
    expect(page.locator(".bars.two")).to_have_count(0)
    assert outside == []


def test_all_blocks(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=ko&block_look=blocks")
    root = page.locator(".gb-layer_lanes")
    expect(root).to_have_attribute("data-row", "6")
    page.locator(".cell").nth(8).click()
    expect(root).to_have_attribute("data-row", "5")
    expect(page.locator(".guess")).to_have_count(5)
    expect(page.locator(".gb-layer_lanes figure")).to_have_count(3)
    assert outside == []


def test_gradients_by_depth(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&block_look=norms")
    root = page.locator(".gb-norm_depth")
    expect(root).to_have_attribute("data-layers", "24", timeout=60_000)
    before = page.locator(".gb-norm_depth .said").first.inner_text()
    page.locator(".gb-norm_depth .choice button").last.click()
    expect(root).to_have_attribute("data-layers", "48")
    expect(page.locator(".gb-norm_depth .said").first).not_to_have_text(before)
    assert outside == []


def test_a_head_leads_to_its_steps(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en")
    address = page.locator(".thumbs a").nth(2).get_attribute("href")
    assert "transformer-self_attention?" in address
    page.goto(address)
    expect(page.locator(".gb-attention_steps")).to_be_visible()
    page.wait_for_timeout(500)
    assert "steps_head=2" in page.url
    assert outside == []


HERE, THERE = "computed in your browser", "computed on the server"


def read(page: Page, text: str, label: str = "Text") -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(text)
    box.press("Enter")


def drawn(page: Page) -> list[str]:
    """The lines of the picture and of the lanes."""
    expect(page.locator(".gb-block_flow.waiting")).to_have_count(0)
    expect(page.locator(".gb-layer_lanes.waiting")).to_have_count(0)
    texts = page.locator(".gb-block_flow .picture, .gb-layer_lanes .grid").all_inner_texts()
    return [line for text in texts for line in text.splitlines()]


def test_browser_and_server_say_the_same_and_the_browser_goes_on_alone(
    context: BrowserContext, browser: Browser, app_url: str
) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(120_000)
    sent = listening(page)
    where = page.locator(".gb-block_flow .where")
    with line(app_url, port) as url:
        page.goto(f"{url}/transformer-block?lang=en&attention_model=nano-gpt&block_layer=1&block_look=blocks")
        expect(where).to_contain_text(THERE)
        expect(page.locator(".gb-layer_lanes .cell")).not_to_have_count(0)
        read(page, "The old king lost his crown")
        expect(where).to_contain_text(HERE)
        page.locator(".lane").nth(2).click()
        page.wait_for_url("**block_token=2**")
        mine, search = drawn(page), page.evaluate("location.search")

        other = browser.new_context(viewport={"width": 1366, "height": 768})
        other.route("**/*.safetensors*", lambda route: route.abort())
        second = other.new_page()
        second.set_default_timeout(120_000)
        second.goto(f"{url}/transformer-block{search}")
        expect(second.locator(".gb-block_flow .where")).to_contain_text(THERE)
        expect(second.locator(".gb-layer_lanes .cell")).not_to_have_count(0)
        theirs = drawn(second)
        assert [line for line in difflib.ndiff(mine, theirs) if line[0] != " "] == []
        second.get_by_label("Take out").select_option(
            "attention"
        )  # one line says why, and the server goes on
        expect(second.locator(".gb-block_flow .note")).to_contain_text("the download failed")
        expect(second.locator(".verdict")).to_contain_text("Without its attention")
        other.close()
    expect(page.locator(".gb-toolbar .lost")).to_contain_text("server cannot be reached")
    page.get_by_label("Take out").select_option("feed_forward")
    expect(page.locator(".verdict")).to_contain_text("Without its feed-forward")
    page.locator(".table .chip").first.click()
    expect(where).to_contain_text("neurons")
    page.get_by_label("Block", exact=True).fill("2")
    page.get_by_label("Block", exact=True).press("Enter")
    expect(where).to_contain_text("block 2 of")
    read(page, "the cat and the dog " * 12)  # its beginning is read, and the page says so
    expect(page.locator(".gb-block_flow .note")).to_contain_text("Only the beginning")
    read(page, "tree", "Follow words of your own")
    expect(page.locator(".gb-layer_lanes path.own")).to_have_count(1)
    page.go_back()
    expect(page.locator(".gb-layer_lanes path.own")).to_have_count(0)
    sent.clear()
    with line(app_url, port):
        tells_once(page, sent, "the cat and the dog")
