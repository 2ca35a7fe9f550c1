"""One step on at the last step goes to the next page, after the page has said so."""

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("/tokens-bpe?lang=en&bpe_step=9", "**/tokens-encode**", "→ next page: Encode a word"),
        ("/tokens-bpe?lang=ko&bpe_step=9", "**/tokens-encode**", "→ 다음 페이지: 단어를 토큰으로"),
    ],
)
def test_the_clicker_goes_on_to_the_next_page(
    open_at, outside: list[str], here: str, there: str, said: str
) -> None:
    page = open_at(here)
    onward = page.locator(".gb-step-onward")
    expect(page.locator(".gb-bpe_board")).to_have_attribute("data-step", "9")
    expect(onward).to_have_text("")
    page.keyboard.press("PageDown")
    expect(page.locator(".gb-bpe_board")).to_have_attribute("data-step", "10")
    expect(onward).to_have_text(said)
    page.wait_for_timeout(800)  # a press that was meant for the last step does not leave the page
    page.keyboard.press("PageDown")
    page.wait_for_url(there)
    assert outside == []


def test_a_key_held_down_stays_on_the_page(open_at) -> None:
    page = open_at("/tokens-bpe?bpe_step=8")
    expect(page.locator(".gb-bpe_board")).to_have_attribute("data-step", "8")
    for _ in range(8):
        page.keyboard.down("ArrowRight")  # from the second on a repeated press
        page.wait_for_timeout(200)  # longer, all in all, than the rest after which one press more leaves
    page.keyboard.up("ArrowRight")
    expect(page.locator(".gb-bpe_board")).to_have_attribute("data-step", "10")
    page.wait_for_timeout(500)
    assert "tokens-bpe" in page.url


def test_presses_in_a_row_stay_on_the_page(open_at) -> None:
    page = open_at("/tokens-bpe?bpe_step=8")
    expect(page.locator(".gb-bpe_board")).to_have_attribute("data-step", "8")
    page.evaluate(
        "for (let i = 0; i < 6; i++) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))"
    )
    expect(page.locator(".gb-bpe_board")).to_have_attribute("data-step", "10")
    page.wait_for_timeout(500)
    assert "tokens-bpe" in page.url


def test_the_name_of_the_next_page_does_not_push_the_picture_down(open_at) -> None:
    page = open_at("/bert-inputs?lang=en")
    grid = page.locator(".gb-embedding_sum .scroller")
    before = grid.evaluate("node => node.getBoundingClientRect().top")
    page.locator(".gb-step-last").first.click()
    onward = page.locator(".gb-step-onward").first
    expect(onward).to_have_text("→ next page")
    expect(onward).to_have_attribute("title", "→ next page: One word, many meanings")
    assert abs(grid.evaluate("node => node.getBoundingClientRect().top") - before) < 2
