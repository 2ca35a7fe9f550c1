"""ELECTRA in a real browser: the steps and their lamps, another draw, both games, by hand and by key."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[[str], Page]


def test_steps_draw_and_games(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-electra")
    flow = page.locator(".gb-electra_flow")
    expect(flow).to_have_attribute("data-stage", "0")
    expect(flow.locator(".col.hidden")).to_have_count(0)
    for stage in range(1, 5):
        page.keyboard.press("ArrowRight")
        expect(flow).to_have_attribute("data-stage", str(stage))
    words = flow.locator(".col:not(.special):not(.heads)")
    expect(flow.locator(".lamp")).to_have_count(words.count())
    ranks = sorted(int(text) for text in flow.locator(".lamp").all_inner_texts())
    assert ranks == list(range(1, words.count() + 1))
    expect(flow.locator(".count").nth(0).locator(".dots .on")).to_have_count(
        flow.locator(".col.hidden").count()
    )
    expect(flow.locator(".count").nth(1).locator(".dots .on")).to_have_count(words.count())
    page.keyboard.press("ArrowRight")
    expect(flow.locator(".sum")).to_contain_text("50 ×")
    page.wait_for_function("location.search.includes('el_stage=5')")
    flow.locator("input[aria-label^=λ]").fill("0")
    expect(flow.locator(".sum")).to_contain_text("+ 0 ×")
    flow.get_by_role("button", name="Draw again").click()
    page.wait_for_function("location.search.includes('el_seed=')")

    game = page.locator(".gb-electra_game")
    show = game.get_by_role("button", name="Show the fakes")
    expect(show).to_be_disabled()
    while show.is_disabled():
        game.locator(".word:not(.marked)").first.click()
    show.click()
    expect(game.locator(".line")).to_have_count(4)
    expect(game.locator(".word.fake").first).to_be_visible()
    game.get_by_role("button", name="Next sentence").click()
    page.wait_for_function("location.search.includes('el_round=1')")
    expect(game).to_have_attribute("data-shown", "false")

    page.get_by_role("radio", name="the generator", exact=True).click()
    game.locator(".options .option").first.click()
    expect(game.locator(".verdict")).to_have_count(1)
    page.wait_for_function("location.search.includes('el_put=')")
    game.locator(".own input").first.fill("extraordinarily")
    game.locator(".own input").first.press("Enter")
    expect(page.get_by_text("a place holds just one")).to_be_visible()
    expect(game.locator(".verdict")).to_have_count(1)  # what stood there stays
    assert outside == []
