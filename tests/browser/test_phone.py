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


def test_a_picture_stands_above_what_the_reader_sets(open_at: Open) -> None:
    """Nobody scrolls past boxes to see it, and the boxes stand right under it, within the first two screens."""
    for path, picture in (
        ("/bert-contextual?lang=en", ".gb-word_map"),
        ("/bert-attention?lang=ko", ".gb-attention_view"),
        ("/bert-masking?lang=en", ".gb-mask_lab"),
    ):
        page = open_at(path)
        page.set_viewport_size({"width": 390, "height": 844})
        expect(page.locator(picture)).to_be_visible()
        page.wait_for_function(
            """picture => {
              const at = (node) => node.getBoundingClientRect(), controls = document.querySelector('[class*="st-key-gb-controls"]');
              const scrolled = document.querySelector('[data-testid=stMain]').scrollTop;
              return at(picture).top + scrolled < 350 && at(controls).top >= at(picture).bottom && at(controls).top + scrolled < 2 * innerHeight;
            }""",
            arg=page.locator(picture).element_handle(),
        )


def test_what_a_phone_keeps_under_a_lid_stands_open_elsewhere(open_at: Open) -> None:
    page = open_at("/bert-attention?lang=en")
    lid, square = page.locator(".gb-attention_view details"), page.locator(".gb-attention_view .square")
    expect(square).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(square).to_be_hidden()
    lid.locator("summary").click()
    expect(square).to_be_visible()
    page.wait_for_function(
        "square => square.getBoundingClientRect().width > 200", arg=square.element_handle()
    )
    page.locator(".gb-attention_view .thumb").nth(7).click()  # drawn anew, and still open
    expect(page.locator(".gb-attention_view .matrix strong")).to_have_text("Layer 1, head 1")
    expect(square).to_be_visible()
