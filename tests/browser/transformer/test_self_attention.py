"""Self-attention, step by step, in a real browser."""

from playwright.sync_api import expect

PATH = "/transformer-self_attention"


def test_steps_by_key_and_click(open_at, outside: list[str]) -> None:
    page = open_at(PATH)
    root = page.locator(".gb-attention_steps")
    expect(root).to_have_attribute("data-step", "x")
    for stage in ("qkv", "scores", "scaled"):
        page.keyboard.press("ArrowRight")
        expect(root).to_have_attribute("data-step", stage)
    page.keyboard.press("PageUp")
    expect(root).to_have_attribute("data-step", "scores")
    page.locator(".stage").nth(5).click()
    expect(root).to_have_attribute("data-step", "softmax")
    page.locator('.value[data-cell="2.2"]').click()
    expect(page.locator('.value[data-cell="2.2"]')).to_have_text("0.503")
    page.wait_for_url("**step=5**key=2**")
    assert outside == []


def test_divisor_changes_the_entropy(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?step=5&query=2&key=2")
    root = page.locator(".gb-attention_steps")
    page.wait_for_selector(".gb-attention_steps[data-entropy]")
    before = float(root.get_attribute("data-entropy"))
    assert abs(before - 1.4965) < 0.001  # of (0.248255, 0.248255, 0.503490)
    page.locator(".scale input").fill("1")
    after = float(root.get_attribute("data-entropy"))
    assert after < before
    page.wait_for_url("**divisor=1**")
    assert outside == []


def test_a_real_head_from_a_cold_link(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?example=model&attention_model=pocket-gpt&step=9&steps_layer=1&lang=ko")
    root = page.locator(".gb-attention_steps")
    expect(root).to_have_attribute("data-step", "norm")
    expect(page.locator(".difference")).not_to_be_empty()
    page.keyboard.press("Home")
    expect(root).to_have_attribute("data-step", "x")
    assert outside == []
