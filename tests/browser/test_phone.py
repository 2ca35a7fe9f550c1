"""What a phone must show of a page: the picture itself, not only a column that holds it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[[str], Page]


def test_pictures_have_the_width_of_the_phone(open_at: Open) -> None:
    page = open_at("/tokens-compare?lang=ko&cmp_part=languages")
    page.set_viewport_size({"width": 390, "height": 844})
    track = page.locator(".gb-language_cost .bar .track").first
    expect(track).to_be_visible()
    page.wait_for_function(
        "track => track.getBoundingClientRect().width > 180", arg=track.element_handle()
    )  # it was 3 px

    page = open_at("/transformer-self_attention?lang=ko&step=3")
    page.set_viewport_size({"width": 390, "height": 844})
    for step in (3, 4, 5, 6):  # all of three tokens is seen without scrolling
        expect(page.locator(".gb-step-label")).to_have_text(f"{step + 1} / 7")
        page.wait_for_function(
            "body => body.scrollWidth <= body.clientWidth + 1",
            arg=page.locator(".gb-attention_steps .body").element_handle(),
        )
        page.keyboard.press("ArrowRight")

    page = open_at("/transformer-sparse?lang=ko")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        "square => square.getBoundingClientRect().top < 700",
        arg=page.locator(".gb-sparse_view .square").element_handle(),
    )


def test_nothing_of_a_sentence_or_a_cut_is_lost_at_the_right(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=ko&wp_part=encoding&wp_text=lowly&match_step=6")
    page.set_viewport_size({"width": 390, "height": 844})
    said = page.locator(".gb-match_board .try.dead .verdict")
    expect(said).to_contain_text("맞는 조각 없음")
    page.wait_for_function("said => said.getBoundingClientRect().right <= 390", arg=said.element_handle())
    page.get_by_role("radio", name="세 가지 기준").click()
    cuts = page.locator(".gb-referee_board .probe")
    expect(cuts.first.locator(".tok")).to_have_count(6)
    page.wait_for_function(
        "all => all.every((cut) => cut.scrollWidth <= cut.clientWidth + 1)",
        arg=cuts.element_handles(),
    )
