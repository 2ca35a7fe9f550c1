"""ALBERT in a real browser: both levers by hand and by key, the link, and a measured time."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from components.lm.bert.albert import cost, size

Open = Callable[[str], Page]


def test_levers_and_time(open_at: Open, outside: list[str]) -> None:
    page = open_at("/bert-albert")
    root = page.locator(".gb-albert_levers")
    expect(root).to_have_attribute("data-parameters", "11683584")
    expect(root.locator(".borrowed")).to_have_count(22)
    root.locator("[data-shared=all]").focus()
    page.keyboard.press("ArrowRight")  # round to "nothing"
    expect(root).to_have_attribute("data-parameters", str(cost(size(128, "none")).parameters))
    page.wait_for_function("location.search.includes('alb_shared=none')")
    root.locator("input[type=range]").press("End")
    expect(root).to_have_attribute("data-parameters", str(cost(size(768, "none")).parameters))
    expect(root.locator(".projection")).to_have_count(0)
    page.wait_for_function("location.search.includes('alb_embedding=768')")
    table = root.locator(".table")
    area = float(table.get_attribute("width")) * float(table.get_attribute("height"))
    block = root.locator("[data-part=attention].stored").first
    one = float(block.get_attribute("width")) * float(block.get_attribute("height"))
    assert abs(area / one - 30_000 * 768 / (4 * 768**2)) < 0.01  # the same scale for the table and the layers
    page.get_by_role("button", name="Measure the time").click()
    expect(root).to_contain_text("ms (BERT's", timeout=120_000)
    assert outside == []
