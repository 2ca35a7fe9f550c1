"""Three ways to pre-train in a real browser: rows, hiding, gaps, T5's chart."""

from playwright.sync_api import expect

PATH = "/transformer-three_ways"
ROOT = ".gb-three_ways"


def test_rows_are_played_and_tokens_hidden(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en")
    root = page.locator(ROOT)
    expect(root).to_have_attribute("data-objective", "mlm")
    page.locator("[data-place='3']").click()
    page.wait_for_url("**ways_picks=3.6**")
    expect(page.locator(".cell.hole")).to_have_count(2)
    page.locator("[data-objective=next].objective").click()
    expect(root).to_have_attribute("data-objective", "next")
    expect(page.locator("figure.on")).to_have_attribute("data-architecture", "decoder")
    assert outside == []


def test_a_drag_hides_what_it_passes(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&ways_objective=corruption")
    expect(page.locator(ROOT)).to_have_attribute("data-objective", "corruption")
    first, last = (page.locator(f"[data-place='{place}']").bounding_box() for place in (6, 8))
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=5)
    expect(page.locator(".cell.passed")).to_have_count(3)
    page.mouse.up()
    page.wait_for_url("**3.4.5.6.7.8.**")
    expect(page.locator(".cell.picked")).to_have_count(8)
    expect(page.locator(".cell.hole")).to_have_count(2)  # the first gap has grown
    assert outside == []


def test_gaps_of_a_date(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=ko&ways_objective=corruption")
    expect(page.locator(ROOT)).to_have_attribute("data-objective", "corruption")
    before = page.locator(".cell.hole").count()
    assert before == 2
    expect(page.locator(".answer").first).to_be_visible()
    assert outside == []


def test_another_measure(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&ways_look=t5")
    chart = page.locator(".gb-t5_chart")
    expect(chart).to_have_attribute("data-measure", "GLUE")
    chart.get_by_role("button", name="SQuAD").click()
    expect(chart).to_have_attribute("data-measure", "SQuAD")
    expect(chart.locator("svg")).to_contain_text("80.88")
    assert outside == []
