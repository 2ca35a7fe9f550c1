"""Self-attention, step by step, in a real browser."""

import re

from playwright.sync_api import expect

from tests.browser.waiting import settle

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


def test_another_head_keeps_the_step_in_the_link(open_at) -> None:
    page = open_at(f"{PATH}?example=model&attention_model=pocket-gpt&step=4&lang=en")
    root = page.locator(".gb-attention_steps")
    expect(root).to_have_attribute("data-step", "masked")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=5**")
    head = page.get_by_label("Head", exact=True)
    head.fill("2")
    head.press("Enter")
    page.wait_for_url("**steps_head=2**")
    expect(root).to_have_attribute("data-step", "softmax")
    page.wait_for_timeout(500)
    assert "step=5" in page.url


def test_steps_to_come_do_not_give_their_numbers_away(open_at) -> None:
    page = open_at(PATH)
    later = page.locator(".link.later")
    expect(later).to_have_count(6)
    assert not any(character.isdigit() for character in "".join(later.all_inner_texts()))


def test_no_weight_is_wider_than_its_cell(open_at) -> None:
    """Undivided, weights are as small as 1e-30; a bound is printed, and no number is cut."""
    page = open_at(f"{PATH}?example=model&step=5&divisor=1&size=lecture&lang=ko")
    page.wait_for_selector(".value")
    cut = page.evaluate(
        """() => [...document.querySelectorAll("*")].map((n) => n.shadowRoot).filter(Boolean)
        .flatMap((r) => [...r.querySelectorAll(".value")]).filter((c) => c.scrollWidth > c.clientWidth + 1).map((c) => c.textContent)"""
    )
    assert cut == []
    assert "<0.001" in page.locator(".matrix").inner_text()


def test_what_was_not_told_yet_does_not_overtake_back(open_at) -> None:
    """Python hears of a choice 180 ms later; with Back in between, the view that was left is not written over the other one."""
    page = open_at(f"{PATH}?lang=en&example=model&steps_text=The+dog+ran+home.")
    field = page.get_by_label("Text", exact=True)
    field.fill("A bird sang.")
    field.press("Enter")
    page.wait_for_url("**A+bird+sang.**")
    expect(page.locator(".gb-attention_steps .token").first).to_be_visible()
    page.wait_for_timeout(600)
    page.evaluate("""() => new Promise((done) => {
      document.querySelectorAll('*').forEach((node) => node.shadowRoot?.querySelector('.gb-attention_steps .token:not(.on)')?.click());
      setTimeout(() => { history.back(); done(); }, 90);
    })""")
    page.wait_for_url("**dog+ran+home.**")
    settle(page)  # while a run is under way, the field of the view before it stands beside the new one
    expect(field).to_have_value("The dog ran home.")
    page.wait_for_timeout(1000)
    expect(field).to_have_value("The dog ran home.")
    expect(page).not_to_have_url(re.compile("bird"))
