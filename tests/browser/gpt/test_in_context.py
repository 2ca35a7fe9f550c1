"""Learning from the prompt in a real browser: demonstrations by key, heads by click, moments, a training that is stopped."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from components.lessons.gpt import in_context as page_data
from components.lm.gpt import in_context as lm
from components.lm.gpt.word_codes import WORDS

OpenAt = Callable[[str], Page]


def ready(page: Page) -> None:
    """Wait until the board is drawn."""
    expect(page.locator(".gb-prompt_board .pair")).to_have_count(16)


def test_demonstrations_questions_and_the_link(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-in_context?lang=en&icl_k=0&icl_look=nothing")
    ready(page)
    found = page_data.drawn("new", page_data.SEED)
    expect(page.locator(".gb-prompt_board .gb-step-label")).to_have_text("k = 0")
    expect(page.locator(".question .said")).to_contain_text("✗")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-prompt_board .gb-step-label")).to_have_text("k = 1")
    word, answer = found.questions[0]
    expect(page.locator(".question .said")).to_have_text(f"{WORDS[answer or 0]} ✓")
    page.locator(".pair").nth(7).click()
    expect(page.locator(".gb-prompt_board .gb-step-label")).to_have_text("k = 8")
    other = WORDS[found.questions[2][0]]
    page.locator(f".askme[data-word={other}]").click()
    expect(page.locator(".question")).to_contain_text(other)
    page.wait_for_url("**icl_k=8**")
    page.wait_for_url("**icl_ask=2**")
    page.reload()
    ready(page)
    expect(page.locator(".gb-prompt_board .gb-step-label")).to_have_text("k = 8")
    expect(page.locator(".askme[aria-pressed=true]")).to_have_attribute("data-word", other)
    assert WORDS[word] != other
    assert outside == []


def test_all_that_match_off_and_the_hash_stays(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-in_context?lang=en&icl_k=16&icl_look=nothing")
    ready(page)
    codes = page.locator(".lock code")
    before = codes.nth(0).get_attribute("title")
    assert before == lm.load_reader().digest
    page.locator(".heads .all").first.click()
    matching = lm.recorded()["runs"][0]["matching"]
    for name in matching:
        expect(page.locator(f".head[data-head='{name}']")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".gb-prompt_board.waiting")).to_have_count(0)
    expect(page.locator(".gb-aid").first).to_contain_text("off: new codes, words shown 0.0")
    expect(page.locator(".question .said")).to_contain_text("✗")
    assert codes.nth(0).get_attribute("title") == codes.nth(1).get_attribute("title") == before
    page.locator(".heads .all").nth(1).click()
    expect(page.locator(".question .said")).to_contain_text("✓")
    page.wait_for_url(lambda url: "icl_off" not in url)
    assert outside == []


def test_a_moment_of_the_training_answers_above(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-in_context?lang=en&icl_k=16")
    ready(page)
    page.keyboard.press("ArrowLeft")  # the keys stay with the board, also beside the training
    expect(page.locator(".gb-prompt_board .gb-step-label")).to_have_text("k = 15")
    page.locator(".moment").first.click()
    expect(page.locator(".moment").first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".lock code").nth(0)).to_have_attribute("title", lm.load_moment(0).digest)
    expect(page.locator(".question .said")).to_contain_text("✗")
    page.wait_for_url("**icl_moment=0**")
    assert outside == []


def test_a_training_is_started_stopped_and_asked(
    open_at: OpenAt, outside: list[str], unused_seed: int
) -> None:
    page = open_at(f"/gpt-in_context?lang=en&icl_live_seed={unused_seed}")
    ready(page)
    page.get_by_role("button", name="Train it now").click()
    expect(page.locator(".gb-jump_board")).to_have_count(2)
    expect(page.locator(".gb-jump_board .at").nth(1)).to_contain_text("Read off at")  # the first measurement
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.get_by_role("button", name="Ask this model above").click()
    page.wait_for_url("**icl_live=1**")
    expect(page.locator(".gb-caption").first).to_contain_text(f"trained here, seed {unused_seed}")
    expect(page.locator(".lock code").nth(0)).not_to_have_attribute("title", lm.load_reader().digest)
    page.get_by_role("button", name="Back to the shipped model").click()
    expect(page.locator(".lock code").nth(0)).to_have_attribute("title", lm.load_reader().digest)
    assert outside == []


def test_own_pairs_and_a_refusal(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-in_context?lang=en&icl_task=own&icl_look=nothing")
    expect(page.locator(".gb-prompt_board .pair")).to_have_count(5)
    box = page.get_by_role("textbox", name="Your pairs, in order")
    box.fill("sun -> lamp; frog -> ring")
    box.press("Control+Enter")
    expect(page.locator(".gb-prompt_board .pair")).to_have_count(2)
    box.fill("sun -> table")
    box.press("Control+Enter")
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("table")
    expect(page.locator(".gb-prompt_board .pair")).to_have_count(2)
    assert outside == []


def test_pictures_are_offered(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-in_context?lang=ko&icl_look=four")
    ready(page)
    expect(page.locator(".gb-setting_boxes .box")).to_have_count(4)
    page.get_by_role("button", name="내보내기").click()
    for name in ("in-context-prompt", "in-context-curves", "in-context-settings"):
        expect(page.get_by_text(name).first).to_be_visible()
    assert outside == []
