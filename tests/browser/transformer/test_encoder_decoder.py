"""Encoder and decoder in a real browser: stepping, stops, dragging a part away, own text, recorded runs."""

import re

from playwright.sync_api import Page, expect

from tests.browser.waiting import settle

PATH = "/transformer-encoder_decoder"
ROOT = ".gb-encoder_decoder"


def test_steps_by_key_and_click(open_at, outside: list[str]) -> None:
    page: Page = open_at(f"{PATH}?lang=en")
    root = page.locator(ROOT)
    expect(root).to_have_attribute("data-written", "14·m")
    page.keyboard.press("ArrowRight")
    expect(root).to_have_attribute("data-written", "14·ma")
    expect(page.locator(".symbol.now")).to_have_text("a")
    page.keyboard.press("Home")
    expect(root).to_have_attribute("data-written", "1")
    page.locator(".row.target .symbol").nth(4).click()
    expect(root).to_have_attribute("data-written", "14·m")
    page.keyboard.press("End")
    expect(root).to_have_attribute("data-written", "14·march·2021</s>")
    page.wait_for_url("**symbol=13**")
    page.reload()
    expect(root).to_have_attribute("data-written", "14·march·2021</s>")
    assert outside == []


def test_boxes_open_the_steps_of_the_course(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en")
    root = page.locator(ROOT)
    for stop in range(1, 10):
        page.locator(f".box[data-stop='{stop}']").click()
        expect(root).to_have_attribute("data-stop", str(stop))
        expect(page.locator(".stop-text b")).to_contain_text(f"Step {stop} of the course")
    page.locator(".stops .chip").nth(5).click()
    expect(page.locator(".grid[data-grid=cross] .title")).to_have_class("title on")
    page.wait_for_url("**stop=6**")
    assert outside == []


def test_a_part_is_dragged_away_and_put_back(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en")
    root = page.locator(ROOT)
    box = page.locator(".box[data-stop='6']").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 160, steps=5)
    page.mouse.up()
    expect(root).to_have_attribute("data-removed", "cross")
    page.wait_for_url("**removed=cross**")
    expect(page.locator(".towers")).to_contain_text("GPT's block")
    expect(page.locator(".aid")).to_contain_text("Without encoder–decoder attention")
    expect(page.locator(".aid")).to_contain_text("probability")
    blind = root.get_attribute("data-written")
    text = page.get_by_role("textbox", name="Text")
    text.fill("7321")
    text.press("Enter")
    expect(page.locator(".gb-caption").first).to_contain_text("7321")
    expect(root).to_have_attribute("data-written", str(blind))
    page.get_by_role("button", name="Put it back").click()
    expect(root).to_have_attribute("data-removed", "")
    expect(page).not_to_have_url(re.compile("removed="))  # Python has heard of it
    settle(page)
    page.get_by_role("button", name="the decoder").click()
    expect(page.locator(".towers")).to_contain_text("BERT's block")
    assert outside == []


def test_a_small_pull_takes_nothing_away(open_at) -> None:
    page = open_at(f"{PATH}?lang=en")
    box = page.locator(".box[data-stop='6']").bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 20, steps=3)
    page.mouse.up()
    expect(page.locator(ROOT)).to_have_attribute("data-removed", "")
    expect(page.locator(".towers .decoder [transform]")).to_have_count(0)


def test_own_text_layers_and_heads(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=ko&t2t_task=iso&t2t_text=hello&symbol=0")
    expect(page.locator(".gb-aid").first).to_contain_text("맞는 답이 없어요")
    page.locator(".chips .chip").nth(0).click()
    page.wait_for_url("**t2t_layer=0**")
    page.locator(".chips .chip").nth(4).click()
    page.wait_for_url("**t2t_head=1**")
    page.locator(".row.source .symbol").nth(6).click()
    page.wait_for_url("**t2t_row=6**")
    expect(page.locator(".grid[data-grid=encoder] .readout")).to_contain_text("e ←")
    assert outside == []


def test_beams_are_listed_and_add_up(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&beams=4&t2t_task=iso&t2t_text=32%20march%202021&symbol=2")
    expect(page.locator(".beams li")).to_have_count(4)
    sums = [
        float(text.replace("log P = ", "").replace("−", "-"))
        for text in page.locator(".beams .sum").all_inner_texts()
    ]
    assert sums == sorted(sums, reverse=True)
    expect(page.locator(".beams li.best")).to_have_count(1)
    assert outside == []


def test_recorded_runs(open_at, outside: list[str]) -> None:
    page = open_at(f"{PATH}?lang=en&t2t_look=no_mask")
    expect(page.locator(".gb-variant_runs figure")).to_have_count(2)
    expect(page.locator(".gb-variant_runs .key li")).to_have_count(4)
    expect(page.locator(".gb-variant_runs tbody tr")).to_have_count(4)
    page.get_by_role("button", name="Export").click()
    for name in ("transformer", "encoder-decoder-attention", "no_mask_runs-1"):
        expect(page.get_by_text(name, exact=False).first).to_be_visible()
    assert outside == []
