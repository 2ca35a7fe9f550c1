"""What size buys in a real browser: axes, what is held out, a dragged target, a run's text, and the link."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from components.lessons.gpt import scaling as lesson
from tests.browser.waiting import settle

OpenAt = Callable[[str], Page]


def test_axes_runs_and_dragging(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/gpt-scaling?lang=en&scaling_look=nothing")
    board = page.locator(".gb-scaling_board")
    expect(board.locator(".dot")).to_have_count(len(lesson.runs()))
    board.locator("[data-option=n]").click()
    page.wait_for_url("**scaling_axis=n**")
    board.locator("[data-option=width]").click()
    page.wait_for_url("**scaling_held=width**")
    expect(board.locator(".predicted")).to_have_count(len(lesson.predicted("width")))
    board.locator("[data-run='0']").press("Enter")
    page.wait_for_url(f"**scaling_run={lesson.RUN_NAMES[0]}**")
    first = lesson.runs()[0].texts.split("\t")[0]
    expect(board.locator(".texts p").first).to_have_text(first)
    # A target is dragged in the picture: further down is a lower loss.
    board.locator("[data-option=target]").click()
    page.wait_for_url("**scaling_ask=target**")
    chart = board.locator(".chart")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    before = board.locator(".given").inner_text()
    x = box["x"] + box["width"] * 0.45
    page.mouse.move(x, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 110, steps=3)
    page.mouse.up()
    expect(board.locator(".given")).not_to_have_text(before)
    page.wait_for_url("**scaling_target=**")
    page.wait_for_timeout(600)  # the address may still hold a place on the way
    settle(page)
    moved = board.locator(".given").inner_text()
    page.reload()
    expect(board.locator(".given")).to_have_text(moved)
    expect(page.locator(".gb-scaling_board[data-axis=n][data-held=width][data-ask=target]")).to_have_count(1)
    # A budget is a place on the axis of compute, a time on that of seconds.
    board.locator("[data-option=time]").click()
    expect(page.locator(".gb-scaling_board[data-axis=s]")).to_have_count(1)
    board.locator("[data-option=budget]").click()
    expect(page.locator(".gb-scaling_board[data-axis=c]")).to_have_count(1)
    board.locator(".range").press("End")
    page.wait_for_url(f"**scaling_budget={lesson.OFFERED - 1}**")
    assert outside == []
