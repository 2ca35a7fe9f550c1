"""One block from inside in a real browser: stepping, tokens, numbers, neurons, all blocks."""

from playwright.sync_api import Page, expect

PATH = "/transformer-block"
ROOT = ".gb-block_flow"


def test_steps_by_key_without_the_server(open_at, outside: list[str]) -> None:
    page: Page = open_at(f"{PATH}?lang=en")
    root = page.locator(ROOT)
    expect(root).to_have_attribute("data-vector", "stream")
    for vector in ("norm1", "attention", "add1", "norm2", "feed_forward", "add2"):
        page.keyboard.press("ArrowRight")
        expect(root).to_have_attribute("data-vector", vector)
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
    expect(page.locator(".gb-caption").first).to_contain_text("without neurons 252")
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
