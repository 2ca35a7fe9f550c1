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
    page.locator("[class*='st-key-encode_text'] input").fill("fast")
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


def test_the_words_and_the_merges_follow_the_reader(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en")
    page.get_by_test_id("stSelectbox").first.locator("input").click()
    page.get_by_role("option", name="English tale").click()
    page.wait_for_url("**num_merges=200**")
    for link, path in (("Encode a word", "encode"), ("WordPiece and Unigram", "wordpiece")):
        page.get_by_role("link", name=link).click()  # at the foot: the next page of the course
        page.wait_for_url(f"**/tokens-{path}?**bpe_source=tale_en**")
        expect(page.get_by_test_id("stSelectbox").first.locator("input")).to_have_value("English tale")
    page.get_by_role("link", name="Encode a word").click()
    page.wait_for_url("**/tokens-encode?**num_merges=200**")
    expect(page.get_by_test_id("stNumberInput").locator("input")).to_have_value("200")
    expect(page.locator(".gb-caption").first).to_contain_text("200 merges")


def test_a_korean_sentence_of_unknown_letters_fits_its_box(open_at) -> None:
    page = open_at("/tokens-encode?lang=en&encode_text=나는 ABC를 3번 읽었다")
    expect(page.locator(".stage .tile.unk").first).to_be_visible()
    box = page.locator(".stage").locator("xpath=..").evaluate("e => [e.scrollHeight, e.clientHeight]")
    assert box[0] <= box[1] + 1
    page = open_at("/tokens-encode?lang=en&encode_view=bytes&encode_text=안녕하세요")
    expect(page.locator(".story")).to_contain_text("drawn as a stand-in")
    expect(page.get_by_text("pocket-gpt read far more text")).to_be_visible()


def test_a_click_on_nothing_frames_nothing_and_the_arrow_steps(open_at: OpenAt) -> None:
    page = open_at("/tokens-encode?lang=en")
    at_step(page, 0)
    page.locator(".gb-head").click()
    page.keyboard.press("ArrowRight")
    at_step(page, 1)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => getComputedStyle(e, '::before').boxShadow") == "none"


def test_another_language_keeps_the_step(open_at: OpenAt) -> None:
    """The board, the line under it and the link stay together: none of them is named in the words of a language."""
    page = open_at("/tokens-encode?lang=en&encode_text=lowest&bpe_source=tale_en&num_merges=25&encode_step=1")
    at_step(page, 1)
    page.keyboard.press("ArrowRight")
    at_step(page, 2)
    page.wait_for_url("**encode_step=2**")
    page.get_by_role("button", name="한국어").click()
    expect(page.locator(".gb-step-label")).to_have_text("병합 2 / 3")
    at_step(page, 2)
    expect(page.locator(".gb-caption").first).to_contain_text("병합 2 / 3")


def test_the_letters_fit_again_in_another_window(open_at: OpenAt) -> None:
    page = open_at("/tokens-encode?lang=ko")
    page.set_viewport_size({"width": 390, "height": 844})
    page.set_viewport_size({"width": 1366, "height": 768})
    page.wait_for_function(
        "stage => stage.scrollHeight <= stage.parentElement.clientHeight + 1",
        arg=page.locator(".gb-encode_board .stage").element_handle(),
    )
