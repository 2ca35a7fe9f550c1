"""Attention heads in a real browser: lines are drawn, hovering changes them, bertviz draws with no network."""

import pytest
from playwright.sync_api import Page, expect

TEXT = "text=The+little+girl+gave+her+brother+the+red+ball."


def view(page: Page):
    page.wait_for_selector(".gb-attention_view[data-lines]")
    return page.locator(".gb-attention_view")


def inked(page: Page, canvas: str) -> int:
    """Pixels of a canvas that are not empty."""
    return page.locator(canvas).evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((n, v, i) => n + (i % 4 === 3 && v > 0), 0)"
    )


def test_lines_hover_and_pin(open_at, outside: list[str]) -> None:
    page = open_at(f"/bert-attention?{TEXT}&layer=2&heads=1&attention_model=pocket-gpt")
    root = view(page)
    assert int(root.get_attribute("data-lines")) > 40
    assert inked(page, ".gb-attention_view canvas.base") > 1000
    assert inked(page, ".gb-attention_view canvas.over") == 0
    page.locator(".left .token").nth(5).hover()
    expect(root).to_have_attribute("data-hover", "q5")
    assert inked(page, ".gb-attention_view canvas.over") > 50
    assert 1 <= int(root.get_attribute("data-hover-lines")) <= 6  # causal: itself and what came before
    expect(page.locator(".readout")).to_contain_text("≈")
    page.locator(".right .token").nth(0).hover()
    expect(root).to_have_attribute("data-hover", "k0")
    page.locator(".square").hover(position={"x": 10, "y": 10})
    expect(root).to_have_attribute("data-hover", "q0")
    page.locator(".left .token").nth(4).click()
    page.wait_for_url("**token=4**")
    page.locator(".left .token").nth(4).press("ArrowDown")
    expect(root).to_have_attribute("data-hover", "q5")
    assert outside == []


def test_heads_without_a_round_trip(open_at, outside: list[str]) -> None:
    page = open_at(f"/bert-attention?{TEXT}&attention_model=pocket-gpt")
    root = view(page)
    expect(root).to_have_attribute("data-thumbs", "36")
    page.locator('.thumb[data-layer="3"][data-head="2"]').click()
    expect(root).to_have_attribute("data-state", "3:2")
    page.locator('.thumb[data-layer="3"][data-head="4"]').click(modifiers=["Shift"])
    expect(root).to_have_attribute("data-state", "3:2,4")
    page.wait_for_url("**heads=2.4**")
    page.locator('.thumb[data-layer="3"][data-head="4"]').press("ArrowRight")
    page.keyboard.press("Enter")
    expect(root).to_have_attribute("data-state", "3:5")
    page.get_by_label("sort").first.select_option("previous")
    first = page.locator(".grid .thumb .score").first
    expect(first).not_to_be_empty()
    scores = [float(text.split()[1]) for text in page.locator(".grid .thumb .score").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)
    page.wait_for_url("**sort=previous**")
    strong = max(range(4, 20), key=lambda n: scores[n - 1] - scores[n])  # a limit that no score rounds to
    page.get_by_label("at least").fill(f"{(scores[strong - 1] + scores[strong]) / 2:.2f}")
    expect(root).to_have_attribute("data-thumbs", str(strong))
    expect(page.locator(".filter .kept")).to_have_text(f"{strong} of 36")
    page.get_by_label("at least").fill("1")
    expect(page.locator(".grid .thumb")).to_have_count(0)
    assert outside == []


def test_the_head_to_look_for_is_open(open_at, outside: list[str]) -> None:
    page = open_at("/bert-attention?attention_model=pocket-gpt")
    view(page)
    page.get_by_role("button", name="look for induction").click()
    first = page.locator(".grid .thumb").first
    expect(first).to_contain_text("·")
    expect(page.locator('.grid .thumb[data-layer="0"]')).to_have_count(0)  # induction takes two layers
    expect(page.locator(".measured")).to_be_visible()
    expect(first).to_have_attribute("aria-pressed", "true")
    page.wait_for_url("**heads=**")
    expect(first).to_have_class("thumb chosen")
    assert outside == []


def test_a_link_opens_the_same_view(open_at, outside: list[str]) -> None:
    page = open_at(f"/bert-attention?{TEXT}&layer=4&heads=1.3&token=6&lang=ko&attention_model=pocket-gpt")
    root = view(page)
    expect(root).to_have_attribute("data-state", "4:1,3")
    expect(root).to_have_attribute("data-hover", "q6")
    expect(page.locator(".left .token.pinned")).to_have_count(1)
    assert outside == []


def test_a_hostile_token_stays_text(open_at, outside: list[str]) -> None:
    page = open_at(
        "/bert-attention?text=%3Cscript%3Ewindow.hit%3D1%3C%2Fscript%3E%3Cimg+src%3Dx+onerror%3D%22window.hit%3D1%22%3E&attention_model=pocket-gpt"
    )
    view(page)
    assert page.evaluate("window.hit === undefined")
    assert outside == []


@pytest.mark.parametrize(("name", "fewest"), [("head", 6 * 81), ("model", 36 * 81), ("neuron", 81)])
def test_bertviz_draws_without_a_network(open_at, outside: list[str], name: str, fewest: int) -> None:
    page = open_at(
        f"/bert-attention?{TEXT}+%3C%2Fscript%3E%3Cscript%3Ewindow.top.hit%3D1%3C%2Fscript%3E&panel=bertviz&bertviz_view={name}&attention_model=pocket-gpt"
    )
    view(page)
    page.wait_for_selector("iframe")
    frame = page.frame_locator("iframe")
    expect(frame.locator("svg line").first).to_be_attached(timeout=30_000)
    assert frame.locator("svg line").count() >= fewest
    assert page.evaluate("window.hit === undefined")
    assert outside == []


def test_switching_a_head_off_changes_the_prediction(open_at, outside: list[str]) -> None:
    page = open_at(f"/bert-attention?{TEXT}&panel=ablation&attention_model=pocket-gpt")
    page.wait_for_selector(".gb-ablation_board .candidate")
    page.get_by_role("button", name="try all").click()
    expect(page.locator(".cell.best")).to_have_count(1)
    page.locator(".cell.best").click()
    expect(page.locator(".gb-ablation_board .value").first).to_contain_text("→")
    page.wait_for_url("**off=**")
    assert outside == []


def test_pictures_and_files(open_at, outside: list[str]) -> None:
    page = open_at(f"/bert-attention?{TEXT}&attention_model=pocket-gpt")
    view(page)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.locator(".gb-pictures .row", has_text="lines").get_by_role("button", name="SVG").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.count("<path") > 20
    assert "var(" not in text
    with page.expect_download() as download:
        page.get_by_role("button", name="weights.csv").click()
    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("layer,head,query,")
    assert len(rows) > 80
    assert outside == []


# Presses Stop as soon as some heads were tried: a search is over in a second or two.
PRESS_STOP = r"""() => {
  const root = [...document.querySelectorAll("*")].map((node) => node.shadowRoot?.querySelector(".gb-ablation_board")).find(Boolean);
  new MutationObserver((_, watch) => {
    const line = root.querySelector(".search");
    if (/[1-9]\d* of 36 heads/.test(line?.textContent ?? "")) { watch.disconnect(); line.querySelector("button").click(); }
  }).observe(root, { subtree: true, childList: true });
}"""


def test_a_search_can_be_stopped_and_goes_on(open_at, outside: list[str]) -> None:
    text = "the+cat+saw+the+dog+" * 50
    page = open_at(f"/bert-attention?text={text}&panel=ablation&attention_model=pocket-gpt")
    page.wait_for_selector(".gb-ablation_board .candidate")
    page.get_by_role("button", name="try all").wait_for()
    page.evaluate(PRESS_STOP)
    page.get_by_role("button", name="try all").click()
    aid = page.locator(".gb-ablation_board .aid")
    expect(aid).to_contain_text("of 36 heads. Of these:")
    expect(page.locator(".gb-ablation_board").get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("button", name="Go on with the search").click()
    expect(aid).not_to_contain_text("Of these:")
    expect(aid).to_contain_text("matters most here")
    page.wait_for_url("**tried=1**")
    assert outside == []


def test_picture_caption_and_link_name_the_same_head(open_at, outside: list[str]) -> None:
    page = open_at("/bert-attention")
    root = view(page)
    page.locator('.thumb[data-layer="5"][data-head="3"]').click()
    page.wait_for_url("**heads=3**")
    box = page.get_by_label("Text", exact=True)
    box.fill("The old dog saw a cat.")
    box.press("Enter")
    page.wait_for_url("**text=**")
    expect(root).to_have_attribute("data-state", "5:3")
    expect(page.locator(".gb-caption").first).to_contain_text("layer 5, head 3")
    assert "layer=5" in page.url
    assert "heads=3" in page.url
    page.keyboard.press("Escape")
    page.locator(".gb-head h1").click()
    page.keyboard.press("ArrowRight")
    expect(root).to_have_attribute("data-state", "5:4")
    page.wait_for_url("**heads=4**")
    expect(page.locator(".gb-caption").first).to_contain_text("layer 5, head 4")
    assert outside == []


def test_hidden_tokens_travel_in_the_link_and_an_empty_text_kills_nothing(
    open_at, outside: list[str]
) -> None:
    page = open_at("/bert-attention")
    root = view(page)
    page.get_by_label("hide special tokens").check()
    page.wait_for_url("**no_special=1**")
    expect(page.locator(".left .token.special")).to_have_count(0)
    box = page.get_by_label("Text", exact=True)
    for text, tokens in (("", 2), ("a cat", 2), (".", 1)):
        box.fill(text)
        box.press("Enter")
        expect(page.locator(".left .token")).to_have_count(tokens)
        expect(root).to_be_visible()
    expect(page.locator(".left .token.special")).to_have_count(0)
    page.get_by_role("button", name="Heads that read").click()  # a prepared state hides nothing
    expect(page.locator(".left .token.special")).to_have_count(2)
    assert outside == []
