"""Forty clicks in a real browser: steps, presses by keys, the judge that is fitted there, and a list of two browsers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from components.lessons.alignment import preferences as page_data
from components.lm import checkpoints
from components.lm.alignment import preferences as lm

pytestmark = pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)
OpenAt = Callable[[str], Page]
KEYS = "1201211"


def order_of(clicks: str) -> list[str]:
    """The unseen stories in the order of Python's judge."""
    w = lm.fit(lm.differences_of(page_data.vectors(), lm.better(clicks, page_data.PAIRS)))
    scores = page_data.unseen() @ w
    return [str(i) for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i))]


def shown_order(page: Page) -> list[str]:
    found: list[str] = page.locator(".unseen li").evaluate_all("all => all.map((one) => one.dataset.id)")
    return found


def test_the_browsers_judge_is_pythons_and_presses_are_in_the_link(open_at: OpenAt, outside: list[str]) -> None:  # fmt: skip
    """A link into the recorded presses, all of them, then a reader's own by keys: changed, kept behind the rule's, and opened again."""
    page = open_at("/alignment-preferences?lang=en&pref_look=nothing&pref_step=1")
    expect(page.locator(".unseen li")).to_have_count(100)
    expect(page.locator(".card.on")).to_have_count(1)
    clicks = page_data.recorded()["clicks"]
    assert shown_order(page) == order_of(clicks[:1])
    page.locator(".gb-step-last").click()
    page.wait_for_url(lambda url: "pref_step" not in url)
    assert shown_order(page) == order_of(clicks)
    d = lm.differences_of(page_data.vectors(), lm.better(clicks, page_data.PAIRS))
    found = lm.accuracy(lm.fit(d), page_data.held_out())
    assert found is not None
    expect(page.locator(".judge")).to_contain_text(f"Right on {found.right} of {found.total}")
    page.locator(".gb-dpo_board .move button").first.click()
    page.wait_for_url("**pref_moment=5**")
    page.locator(".gb-preference_board .gb-step-first").click()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-step-label")).to_have_text(f"press 1 of {len(clicks)}")
    assert shown_order(page) == order_of(clicks[:1])
    page.locator(".gb-preference_board .gb-step-first").click()
    page.wait_for_url("**pref_step=0**")

    page.get_by_role("radio", name="you", exact=True).click()
    expect(page.locator("button.card")).to_have_count(2)
    for key in KEYS:
        page.keyboard.press(key)
    page.wait_for_url(f"**pref_clicks={KEYS}**")
    expect(page.locator(".gb-step-label")).to_have_text(f"{len(KEYS)} of {page_data.PAIRS}")
    assert shown_order(page) == order_of(KEYS)
    own = lm.cross_validated(lm.differences_of(page_data.vectors(), lm.better(KEYS, page_data.PAIRS)))
    assert own is not None
    expect(page.locator(".judge")).to_contain_text(f"Right on {own.right} of {own.total}")
    page.keyboard.press("ArrowLeft")  # back to the last one: it can be changed
    expect(page.locator("button.card.on")).to_have_count(1)
    page.locator("button.card").nth(1).click()
    page.wait_for_url(f"**pref_clicks={KEYS[:-1]}2**")
    page.get_by_role("radio", name="a rule (recorded)", exact=True).click()
    expect(page.locator("button.card")).to_have_count(0)
    page.wait_for_url(lambda url: "pref_from" not in url)
    page.get_by_role("radio", name="you", exact=True).click()
    page.wait_for_url("**pref_from=own**")
    expect(page.locator("button.card")).to_have_count(2)
    page.wait_for_url(f"**pref_clicks={KEYS[:-1]}2**")
    page.reload()
    expect(page.locator("button.card")).to_have_count(2)
    assert shown_order(page) == order_of(f"{KEYS[:-1]}2")
    assert outside == []


def test_two_browsers_press_into_one_list(open_at: OpenAt, browser: Browser) -> None:
    page = open_at("/alignment-preferences?lang=en&pref_from=together&pref_look=nothing")
    page.get_by_role("button", name="Make a list").click()
    page.wait_for_url("**pref_list=**")
    context = browser.new_context(viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    friend = context.new_page()
    friend.goto(page.url)
    for one in (page, friend):
        expect(one.locator("button.card")).to_have_count(2)
        expect(one.locator(".unseen")).to_be_hidden()
        one.locator("button.card").first.click()
    expect(page.get_by_text("So far: browsers 2, presses 2")).to_be_visible()
    expect(friend.get_by_role("button", name="Close it and show")).to_have_count(0)
    friend.reload()  # the same browser: its press is there, and it is asked the next pair
    expect(friend.locator(".gb-step-label")).to_have_text(f"1 of {page_data.PAIRS}")
    page.get_by_role("button", name="Close it and show what was pressed").click()
    expect(page.get_by_text("Closed: browsers 2, presses 2")).to_be_visible()
    expect(page.locator(".unseen")).to_be_visible()
    expect(friend.locator(".unseen")).to_be_visible()  # without a press of its own
    expect(page.locator(".gb-step-label")).to_have_text("press 2 of 2")
    page.get_by_role("button", name="Empty it and begin again").click()
    for one in (page, friend):  # what each pressed before is gone
        expect(one.locator(".gb-step-label")).to_have_text(f"0 of {page_data.PAIRS}")
    friend.locator("button.card").first.click()
    expect(page.get_by_text("So far: browsers 1, presses 1")).to_be_visible()
    context.close()


def test_the_three_steps_on_a_phone(open_at: Callable[[str], Page]) -> None:
    """A row of sentences is a block there: every cell as wide as it needs, with the name of its column."""
    page = open_at("/alignment-preferences?lang=ko&pref_look=steps")
    cells = page.locator("[class*=st-key-gb-sentences] td")
    names = cells.locator("> span:first-child")
    expect(cells).to_have_count(12)
    expect(names.first).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(names.first).to_be_visible()
    table = page.locator("[class*=st-key-gb-sentences] table")
    assert table.evaluate("(t) => t.scrollWidth <= t.clientWidth && t.clientWidth <= innerWidth")
    wide = cells.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().width)")
    assert min(w for i, w in enumerate(wide) if i % 4 == 3) > 250  # the longest sentences of a row


def test_the_picture_of_the_training_says_how_it_was_trained(open_at: Callable[[str], Page]) -> None:
    """The page's caption is about the presses; the curves to take home name β, steps and seeds."""
    page = open_at("/alignment-preferences?lang=en&pref_look=nothing")
    page.locator(".gb-dpo_board svg.chart polyline").first.wait_for()
    caption = page.evaluate(
        "async () => (await import('/_stcore/bidi-components/glassbox.lib/pictures.js')).pictures().find((one) => one.name === 'dpo-board').caption()"
    )
    assert caption == page.locator(".gb-caption").nth(1).inner_text()
    assert "DPO on the" in caption
