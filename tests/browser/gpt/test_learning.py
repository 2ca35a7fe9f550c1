"""Watching a model learn in a real browser: moments by key, kinds and probes by click, a line that moves the board."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lessons.gpt import learning as page_data
from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    not {*page_data.MODELS} <= {*checkpoints.store().bundled_names()},
    reason="the nano and pocket models are not in assets/models",
)
OpenAt = Callable[[str], Page]


def test_moments_kinds_and_probes(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en")
    expect(page.locator(".kind")).to_have_count(7)
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 1 of")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 4 of")
    page.locator(".kind[data-kind=trivia]").click()
    first = page_data.kinds()["trivia"][0]
    expect(page.locator(".kind[aria-pressed=true] .name b")).to_have_text("trivia")
    page.locator(".probe").nth(1).click()
    expect(page.locator(".probe.on")).to_have_attribute("title", page_data.probes()[first + 1].sentence)
    page.wait_for_url("**moment=3**")
    page.wait_for_url(f"**probe={first + 1}**")
    expect(page.locator(".line.on")).to_contain_text("▸")
    page.reload()
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 4 of")
    expect(page.locator(".probe.on")).to_have_attribute("title", page_data.probes()[first + 1].sentence)
    assert outside == []


def test_what_is_drawn_is_what_was_computed(open_at: OpenAt, outside: list[str]) -> None:
    """A link opened cold: counts of every kind, and the verdict on the probe."""
    moment, number = 5, page_data.kinds()["coreference"][3]
    page = open_at(f"/gpt-learning?lang=en&moment={moment}&probe={number}")
    for model, name in enumerate(page_data.TWINS["pocket"]):
        found = page_data.recorded(name).learned
        for kind in page_data.kinds():
            score = page.locator(f".kind[data-kind={kind}] .score").inner_text()
            numbers = [int(part) for part in score.split() if part.isdigit()]
            assert numbers[model] == page_data.right(found, kind, moment), (name, kind)
        good = found[number].correct(moment)
        verdict = page.locator(".model .verdict").nth(model)
        expect(verdict).to_contain_text("right word" if good else "wrong word")
        expect(verdict).to_contain_text(found[number].choice(moment))
    assert outside == []


def test_a_line_takes_the_board_to_its_moment(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en")
    page.locator(".line").nth(7).click()
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 8 of")
    expect(page.locator(".line").nth(7)).to_have_attribute("aria-current", "step")
    page.wait_for_url("**moment=7**")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 7 of")
    page.locator(".line").nth(7).click()
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 8 of")
    assert outside == []


def test_a_head_and_its_moments(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en&learn_look=heads&moment=11")
    expect(page.locator(".one[aria-pressed=true]")).to_have_count(1)
    expect(page.locator(".then[aria-current]")).to_have_count(1)
    page.locator(".one").nth(8).click()
    page.wait_for_url("**learn_head=8**")
    expect(page.locator(".one").nth(8)).to_have_attribute("aria-pressed", "true")
    page.locator(".then").nth(6).click()
    expect(page.locator(".gb-step-label")).to_contain_text("snapshot 7 of")
    page.get_by_text("nano-bert + nano-gpt").click()
    page.wait_for_url("**twins=nano**")
    expect(page.locator(".model h3").first).to_contain_text("nano-bert")
    expect(page.locator(".one")).to_have_count(16)
    assert outside == []


def test_an_own_sentence(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en&twins=nano&learn_look=own")
    expect(page.locator(".panels section")).to_have_count(2)
    box = page.get_by_role("textbox", name="Sentence with a blank")
    box.fill("The dog ___ in the garden.")
    box.press("Enter")
    words = page.get_by_role("textbox", name="Candidates")
    words.fill("plays, play")
    words.press("Enter")
    expect(page.locator(".panels section").first.locator("li")).to_have_count(2, timeout=60_000)
    expect(page.locator(".gb-candidate_curves .sentence")).to_contain_text("The dog")
    page.wait_for_url("**own_words=plays**")
    assert outside == []


def test_the_picture_fits_the_first_screen_and_cuts_no_word(open_at: OpenAt) -> None:
    longest = max(
        range(len(page_data.probes())), key=lambda i: max(map(len, page_data.probes()[i].candidates))
    )
    page = open_at(f"/gpt-learning?lang=en&probe={longest}")
    page.wait_for_selector(".legend")
    for part in (".legend", ".probes", ".models"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, part
    cut = page.eval_on_selector_all(
        ".word", "nodes => nodes.filter((n) => n.scrollWidth > n.clientWidth).length"
    )
    assert cut == 0


def test_in_lecture_size_nothing_is_smaller_than_18_pixels(open_at: OpenAt) -> None:
    page = open_at("/gpt-learning?lang=en&size=lecture")
    page.wait_for_selector(".curve text")
    small = page.eval_on_selector_all(
        ".gb-learning_board *",
        """nodes => nodes.filter((n) => [...n.childNodes].some((c) => c.nodeType === 3 && c.data.trim()))
          .map((n) => parseFloat(getComputedStyle(n).fontSize)).filter((size) => size < 18)""",
    )
    assert small == []


def test_pictures_can_be_taken_home(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-learning?lang=en&moment=3&learn_look=bias")
    page.wait_for_selector(".gb-pair_bars tbody tr")
    page.get_by_role("button", name="Export").click()
    for name in ("learning-curves", "learning-probe", "learning-bias"):
        expect(page.get_by_text(name, exact=False).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").first.click()
    svg = download.value.path().read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "pocket-bert" in svg
    assert "var(--" not in svg
    assert outside == []
