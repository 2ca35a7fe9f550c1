"""The wording of a prompt in a real browser: rows, thresholds, questions, guesses, a prompt of one's own, and the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    not {"nano-gpt", "pocket-gpt"} <= set(checkpoints.store().bundled_names()),
    reason="nano-gpt and pocket-gpt are not in assets/models",
)
OpenAt = Callable[[str], Page]


def test_rows_thresholds_and_questions(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-prompting?lang=en&pr_look=nothing")
    board = page.locator(".gb-wording_board")
    expect(board.locator(".row")).to_have_count(12)
    expect(board.locator(".dot")).to_have_count(60)
    right = "nodes => nodes.filter((node) => node.querySelectorAll('circle').length && !node.querySelector('path')).length"

    def agrees(row: int) -> None:
        shown = board.locator(f"[data-row='{row}'] .score").inner_text().split(" ")[0]
        assert board.locator(".dot").evaluate_all(right) == int(shown), "the dots are the bar"

    agrees(4)
    board.locator("[data-way='median']").click()
    page.wait_for_url("**pr_way=median**")
    agrees(4)
    board.locator("button[data-row='9']").click()
    page.wait_for_url("**pr_row=9**")
    expect(board.locator(".prompt")).to_contain_text("Answer:")
    agrees(9)
    page.locator(".gb-step-last").click()
    page.wait_for_url("**pr_step=59**")
    told = board.locator(".question").inner_text()
    page.reload()
    expect(board.locator(".question")).to_contain_text(told.splitlines()[0][:40])
    expect(board.locator("[data-way='median']")).to_have_attribute("aria-pressed", "true")
    assert outside == []


def test_a_prompt_of_ones_own(open_at: OpenAt, unused_seed: int) -> None:
    page = open_at(
        f"/gpt-prompting?lang=en&model=nano-gpt&pr_study=opposite&pr_own={unused_seed}+%7Btext%7D+is+not+so"
    )
    board = page.locator(".gb-wording_board")
    expect(board.locator(".row")).to_have_count(9)
    expect(board.locator("button[data-row='0'] .score")).to_have_text("not asked")
    page.locator(".st-key-pr_own_run_start button").click()
    expect(board.locator(".row.own")).to_have_count(1, timeout=180_000)
    expect(board.locator(".row.own .score")).to_contain_text("%")
    done = page.locator(".st-key-pr_own_run_start button:disabled p")
    expect(done).to_have_text("Asked")
    assert done.evaluate("node => getComputedStyle(node).color") == done.evaluate(
        "node => getComputedStyle(node.closest('button')).color"
    ), "what a button that is done says can be read"
    board.locator(".row.own").click()
    expect(board.locator(".dot")).to_have_count(60)


def test_guesses_come_before_the_numbers(open_at: OpenAt) -> None:
    page = open_at("/gpt-prompting?lang=en&pr_look=gpt2")
    line = page.locator(".gb-first_past .line").nth(9)
    expect(line.locator(".strip")).to_have_count(0)
    line.get_by_role("button", name="117M").click()
    expect(line.locator(".verdict.bad")).to_contain_text("None passes")
    page.wait_for_url("**pr_gpt2=0.0.0.0.0.0.0.0.0.1**")
    page.reload()
    expect(line.locator(".verdict.bad")).to_contain_text("None passes")
    expect(page.locator(".gb-first_past .strip")).to_have_count(1)


def test_claims_that_clash(open_at: OpenAt) -> None:
    page = open_at("/gpt-prompting?lang=en&pr_look=unicorn")
    claims = page.locator(".gb-claim_check .claim")
    expect(claims).to_have_count(7)
    claims.nth(1).click()
    expect(page.locator(".gb-claim_check .foot")).to_contain_text("1 of 4")
    page.wait_for_url("**pr_unicorn=1**")
