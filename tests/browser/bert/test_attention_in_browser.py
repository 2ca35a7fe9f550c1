"""Attention heads with a bundled model: the browser reads an own text, and goes on without its server."""

from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import free_port, serving
from tests.browser.line import line
from tests.browser.told import listening, tells_once

Open = Callable[[str], Page]
HERE, THERE = "computed in your browser", "computed on the server"
WHERE = ".gb-attention_view .where"


def read(page: Page, text: str) -> None:
    box = page.get_by_label("Text", exact=True)
    box.fill(text)
    box.press("Enter")


def scores(page: Page) -> list[str]:
    """Name and score of the heads that read the word before, highest first."""
    page.get_by_label("sort").first.select_option("previous")
    expect(page.locator(".gb-attention_view")).to_have_attribute("data-thumbs", "36")
    return page.locator(".grid .thumb .score").all_inner_texts()


def candidates(page: Page) -> list[str]:
    expect(page.locator(".gb-ablation_board .bars.waiting")).to_have_count(0)
    return page.locator(".gb-ablation_board .candidate").all_inner_texts()


def test_browser_and_server_say_the_same(open_at: Open, browser: Browser, app_url: str) -> None:
    """An own text: tokens, scores, the prediction without a head; then the same link where the weights do not arrive."""
    page = open_at("/bert-attention?lang=en&panel=ablation&layer=2&heads=1")
    page.wait_for_selector(".gb-attention_view[data-lines]")
    expect(page.locator(WHERE)).to_contain_text(THERE)
    read(page, "The old king lost his crown.")
    expect(page.locator(WHERE)).to_contain_text(HERE)
    expect(page.locator(".left .token")).to_have_count(9)
    page.locator(".gb-ablation_board .cell[data-head='2.1']").click()
    expect(page.locator(".gb-ablation_board .value").first).to_contain_text("→")
    page.wait_for_url("**off=2001**")
    mine, mine_rows, search = scores(page), candidates(page), page.evaluate("location.search")
    assert "sort=previous" in page.evaluate("location.search")
    page.close()

    other = browser.new_context(viewport={"width": 1366, "height": 768})  # one that has kept no weights
    other.route("**/*.safetensors*", lambda route: route.abort())
    page = other.new_page()
    page.set_default_timeout(150_000)
    page.goto(f"{app_url}/bert-attention{search}")
    expect(page.locator(".left .token")).to_have_count(9)
    expect(page.locator(WHERE)).to_contain_text(THERE)
    assert candidates(page) == mine_rows
    assert scores(page) == mine
    read(page, "The cat sat.")  # one line says why, and the server goes on
    expect(page.locator(".gb-attention_view .note")).to_contain_text("the download failed")
    expect(page.locator(".left .token")).to_have_count(6)
    expect(page.locator(WHERE)).to_contain_text(THERE)
    other.close()


def test_heads_go_on_opening_without_the_server(context: BrowserContext, app_url: str) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    sent = listening(page)
    with line(app_url, port) as url:
        page.goto(f"{url}/bert-attention?lang=en&panel=ablation")
        page.locator(".gb-ablation_board .candidate").first.wait_for()
        read(page, "The cat sat.")
        expect(page.locator(WHERE)).to_contain_text(HERE)
        expect(page.locator(".left .token")).to_have_count(6)
    expect(page.locator(".gb-toolbar .lost")).to_contain_text("server cannot be reached")
    root = page.locator(".gb-attention_view")
    read(page, "A dog ran to the old man.")
    expect(page.locator(".left .token")).to_have_count(10)
    page.locator(".thumb[data-layer='3'][data-head='2']").click()
    expect(root).to_have_attribute("data-state", "3:2")
    page.get_by_label("Show").select_option("rollout")
    expect(page.locator(WHERE)).to_contain_text("rollout beside mean")
    expect(page.locator(".gb-attention_view .thumb")).to_have_count(12)
    page.go_back()
    expect(page.locator(".gb-attention_view .thumb")).to_have_count(36)
    expect(root).to_have_attribute("data-state", "3:2")
    page.locator(".gb-ablation_board .cell[data-head='0.0']").click()
    expect(page.locator(".gb-ablation_board .value").first).to_contain_text("→")
    read(page, "word " * 300)  # too long: said in words, and what was on screen stays
    expect(page.locator(".gb-attention_view .note")).to_contain_text("302 tokens")
    expect(page.locator(".left .token")).to_have_count(10)
    read(page, "A dog ran to the old man.")
    expect(page.locator(".gb-attention_view .note")).to_have_count(0)
    sent.clear()
    with serving(port):
        tells_once(page, sent, "A dog ran to the old man.")
        expect(page.locator(".left .token")).to_have_count(10)
        expect(root).to_have_attribute("data-state", "3:2")
        search = page.evaluate("location.search")
        assert "text=A+dog+ran" in search
        assert "layer=3&heads=2" in search
        page.reload()
        expect(page.locator(".left .token")).to_have_count(10)
        expect(root).to_have_attribute("data-state", "3:2")
