"""Encode a word, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

OpenAt = Callable[[str], Page]


def cut(page: Page) -> list[str]:
    found: list[str] = page.locator(".gb-encode_board .stage .tile:not(.ghost)").all_text_contents()
    return found


def at_step(page: Page, step: int) -> None:
    page.wait_for_selector(f'.gb-encode_board[data-step="{step}"]')


def test_lowest_becomes_low_est(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/tokens-encode?lang=en")
    at_step(page, 0)
    expected = [
        list("lowest"),
        ["l", "o", "w", "es", "t"],
        ["l", "o", "w", "est"],
        ["lo", "w", "est"],
        ["low", "est"],
    ]
    assert cut(page) == expected[0]
    for step in range(1, 5):
        page.keyboard.press("ArrowRight")
        at_step(page, step)
        assert cut(page) == expected[step]
    for step in range(3, -1, -1):
        page.keyboard.press("ArrowLeft")
        at_step(page, step)
        assert cut(page) == expected[step]
    assert outside == []


def test_typing_encodes_while_typing(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/tokens-encode?lang=en&encode_step=4")
    at_step(page, 4)
    page.locator(".st-key-encode_text input").fill("fast")
    expect(page.locator(".gb-encode_board .stage .unk")).to_have_count(2)
    at_step(page, 0)
    expect(page.locator(".story")).to_contain_text("Never seen")
    page.wait_for_url("**encode_text=fast**")
    assert outside == []


def test_bytes_stand_under_whole_characters(open_at: OpenAt) -> None:
    page = open_at("/tokens-encode?lang=ko&encode_view=bytes&encode_text=안녕하세요")
    at_step(page, 0)
    assert page.locator(".group .char").all_text_contents() == list("안녕하세요")
    assert len(cut(page)) == 15


def test_a_link_with_a_step_opens_there(open_at: OpenAt) -> None:
    page = open_at("/tokens-encode?lang=en&encode_text=lowest%20newest&encode_step=2")
    at_step(page, 2)
    assert cut(page) == ["l", "o", "w", "est", "n", "e", "w", "est"]
