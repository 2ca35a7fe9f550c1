"""WordPiece and Unigram in a real browser: keys, clicks on referees, words and curves, cold links."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[[str], Page]


def wait_for_link(page: Page, part: str) -> None:
    page.wait_for_function(f"location.search.includes({part!r})")


def test_the_race_is_stepped_and_judged(open_at: Open, outside: list[str]) -> None:
    page = open_at("/tokens-wordpiece?lang=en")
    expect(page.locator(".story")).to_contain_text("Three criteria, three pairs")
    expect(page.locator(".judged tbody tr").first).to_contain_text("0.333 ✓")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    expect(page.locator(".lane.active .made")).to_have_text("idlo")
    wait_for_link(page, "wp_step=2")
    page.locator(".judge").nth(2).click()
    expect(page.locator(".lane.active .pick")).to_have_text("gain")
    expect(page.locator(".lane.active .made")).to_have_text("stlo")
    wait_for_link(page, "wp_referee=gain")
    page.keyboard.press("End")
    expect(page.locator(".lane.active .probe")).to_contain_text("lowest → low")
    wait_for_link(page, "wp_step=10")
    page.reload()
    expect(page.locator(".lane.active .pick")).to_have_text("gain")
    expect(page.locator(".gb-step-label")).to_have_text("step 10 of 10")
    assert outside == []


def test_ten_fast_presses_move_ten_steps(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=en")
    expect(page.locator(".judged tbody tr").first).to_be_visible()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(20)
    expect(page.locator(".gb-step-label")).to_have_text("step 10 of 10")
    wait_for_link(page, "wp_step=10")
    page.wait_for_timeout(700)
    expect(page.locator(".gb-step-label")).to_have_text("step 10 of 10")


def test_a_word_is_lost_because_of_one_letter(open_at: Open, outside: list[str]) -> None:
    page = open_at("/tokens-wordpiece?lang=en&wp_part=encoding")
    expect(page.locator(".stairs .head")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator(".story")).to_contain_text("thrown away")
    expect(page.locator(".try.dead")).to_contain_text("nothing fits")
    expect(page.locator(".try.found.lost")).to_have_count(2)
    page.locator(".result .word").first.click()
    expect(page.locator(".head .letter")).to_have_text(list("lowest"))
    wait_for_link(page, "match_step=8")
    assert outside == []


def test_unigram_steps_and_its_curve(open_at: Open, outside: list[str]) -> None:
    page = open_at("/tokens-wordpiece?lang=en&wp_part=unigram&uni_show=training")
    expect(page.locator(".lattice svg")).to_have_attribute(
        "aria-label", "Lattice of lowest: 28 ways; the best is low est"
    )
    page.keyboard.press("ArrowRight")
    expect(page.locator(".story")).to_contain_text("drops the 12 pieces")
    expect(page.locator(".piece.leaves")).to_have_count(12)
    wait_for_link(page, "uni_step=1")
    box = page.locator(".curve svg").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 8, box["y"] + 20)
    expect(page.locator(".gb-step-label")).to_have_text("step 7 of 7")
    wait_for_link(page, "uni_step=7")
    assert outside == []


def test_going_back_by_a_link_moves_the_board_again(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=en&wp_part=unigram&uni_show=training")
    expect(page.locator(".lattice svg")).to_be_visible()
    page.keyboard.press("ArrowRight")
    wait_for_link(page, "uni_step=1")
    page.get_by_role("button", name="The same race with ##").click()
    expect(page.locator(".gb-referee_board")).to_be_visible()
    page.get_by_role("button", name="Unigram after one EM round").click()
    expect(page.locator(".gb-step-label", has_text="step 1 of 7")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".gb-step-label")).to_have_text("step 0 of 7")
    page.get_by_role("button", name="Unigram after one EM round").click()
    expect(page.locator(".gb-step-label", has_text="step 1 of 7")).to_be_visible()


def test_what_stands_below_does_not_wait_for_a_board(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=en")
    expect(page.locator(".judged tbody tr").first).to_be_visible()
    page.route("**/unigram_board.js*", lambda _: None)  # a slow network: its script is not there yet
    page.get_by_text("Unigram", exact=True).first.click()
    wait_for_link(page, "wp_part=unigram")
    expect(page.get_by_text("2 how likely", exact=True)).to_be_visible()
    expect(page.locator(".gb-referee_board")).to_have_count(0)
    box = page.locator(".st-key-gb-room").bounding_box()
    assert box is not None
    assert box["height"] >= 25 * 16


def test_letters_cannot_become_markup(open_at: Open) -> None:
    page = open_at(
        "/tokens-wordpiece?lang=en&wp_part=encoding&wp_text=%3Cimg+src%3Dx+onerror%3D%22window.hit%3D1%22%3E"
    )
    expect(page.locator(".stairs")).to_be_visible()
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    assert page.evaluate("window.hit") is None


def test_every_picture_comes_home(open_at: Open) -> None:
    for part, kinds in (("race", 1), ("encoding", 1), ("unigram", 2)):
        page = open_at(f"/tokens-wordpiece?lang=en&wp_part={part}")
        expect(page.locator(".story")).not_to_be_empty()
        page.keyboard.press("ArrowRight")
        page.get_by_test_id("stPopover").get_by_role("button", name="Export").click()
        expect(page.locator("[data-kind=svg]")).to_have_count(kinds)
        for i in range(kinds):
            with page.expect_download() as started:
                page.locator("[data-kind=svg]").nth(i).click()
            text = started.value.path().read_text(encoding="utf-8")
            assert text.startswith("<svg")
            assert "var(--" not in text
            assert "object" not in text
        page.close()


def test_unknown_letters_are_named(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=en&wp_part=unigram&wp_word=fast&uni_show=best")
    line = page.locator(".gb-unigram_board").get_by_text("No piece holds")
    expect(line).to_contain_text("No piece holds f a; each such letter is [UNK]")


def test_unigram_shows_one_thing_more_each_time(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=en&wp_part=unigram")
    board = page.locator(".gb-unigram_board")
    expect(board.locator(".edge").first).to_be_attached()
    expect(board.locator(".lattice").get_by_text("%")).to_have_count(0)
    expect(board.locator(".edge.best")).to_have_count(0)
    expect(board.locator(".low")).to_be_hidden()
    page.get_by_role("radio", name="2 how likely").click()
    expect(board.locator(".lattice").get_by_text("%").first).to_be_visible()
    expect(board.locator(".edge.best")).to_have_count(0)
    page.get_by_role("radio", name="3 the best way").click()
    expect(board.locator(".edge.best").first).to_be_attached()
    expect(board.locator(".ways")).to_be_visible()
    expect(board.locator(".pieces")).to_be_hidden()
    page.get_by_role("radio", name="4 learning the pieces").click()
    expect(board.locator(".pieces")).to_be_visible()
    page.wait_for_url("**uni_show=training**")


def test_of_many_words_those_that_change_are_seen_first(open_at: Open) -> None:
    page = open_at("/tokens-wordpiece?lang=ko")
    first = page.locator(".gb-referee_board .word").first
    expect(first.locator(".tile.pending")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    wait_for_link(page, "wp_step=1")
    expect(first.locator(".tile.pending")).to_have_count(2)
