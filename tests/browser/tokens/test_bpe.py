"""BPE, merge by merge, in a real browser: what is drawn is what Python trained."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from components.lm.tokens.bpe import train_bpe
from tests.browser.waiting import settle

OpenAt = Callable[[str], Page]
TRACE = train_bpe({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10)


def cuts(page: Page) -> list[list[str]]:
    """The words as they are drawn."""
    rows: list[list[str]] = page.locator(".gb-bpe_board .word .cut").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('.tile:not(.ghost)')].map(tile => tile.textContent))"
    )
    return rows


def at_step(page: Page, step: int) -> None:
    page.wait_for_selector(f'.gb-bpe_board[data-step="{step}"]')


def test_every_step_forwards_and_backwards(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/tokens-bpe?lang=en")
    at_step(page, 0)
    for key, steps in (("ArrowRight", range(1, 11)), ("ArrowLeft", range(9, -1, -1))):
        for step in steps:
            page.keyboard.press(key)
            at_step(page, step)
            assert cuts(page) == [list(symbols) for symbols in TRACE.word_symbols(step)]
            drawn, ties = page.locator(".gb-bpe_board").evaluate(
                """board => [[...board.querySelectorAll('.bar')].map(row => [...row.querySelectorAll('.tok')].map(tok => tok.textContent).concat(row.querySelector('.count').textContent)),
                board.querySelectorAll('.bar.tied').length]"""
            )
            assert sorted(drawn) == sorted([*pair.pair, str(pair.count)] for pair in TRACE.pair_counts(step))
            tied = sum(pair.tied for pair in TRACE.pair_counts(step))
            assert ties == (tied if tied > 1 else 0)
    assert outside == []


def test_the_link_brings_a_colleague_to_the_same_view(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en")
    at_step(page, 0)
    for _ in range(4):
        page.keyboard.press("PageDown")
    page.wait_for_url("**bpe_step=4**")
    page.locator(".bar.tied .take").nth(1).click()  # w + est instead of n + e
    expect(page.locator(".run")).to_have_count(2)
    at_step(page, 5)
    page.wait_for_url("**run=1**")
    page.wait_for_url("**bpe_step=5**")
    other = open_at(page.url.split("localhost", 1)[1].split("/", 1)[1].join(["/", ""]))
    at_step(other, 5)
    expect(other.locator(".run")).to_have_count(2)
    assert cuts(other)[2] == ["n", "e", "west"]
    assert cuts(page) == cuts(other)


def test_choosing_at_every_tie(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en&tie_rule=choose")
    at_step(page, 0)
    expect(page.locator(".take.must")).to_have_count(2)
    page.locator(".take.must").nth(1).click()
    at_step(page, 1)
    assert cuts(page)[2] == ["n", "e", "w", "e", "st"]
    expect(page.locator(".run")).to_have_count(0)  # the run went on, it did not fork
    page.keyboard.press("End")
    page.wait_for_selector(".take.must")


def test_predict_first_hides_answers_and_scores(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en")
    at_step(page, 0)
    page.locator(".toggle").click()
    expect(page.locator(".guess")).to_have_count(11)
    expect(page.locator(".tile.pending")).to_have_count(0)  # not even in the legend
    page.get_by_role("button", name="s t", exact=True).click()  # tied, but the rule takes e s
    expect(page.locator(".verdict")).to_contain_text("Half right")
    page.keyboard.press("ArrowRight")
    page.locator(".guess").filter(has_text="es t").click()
    expect(page.locator(".verdict")).to_contain_text("Right")
    expect(page.locator(".story")).to_contain_text("1½ of 2")


def test_the_table_is_typed_into(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/tokens-bpe?lang=en")
    at_step(page, 0)
    page.get_by_role("button", name="Edit words").click()
    rows = page.locator(".gb-word_table tbody tr")
    expect(rows).to_have_count(5)

    def type_into(row: int, column: int, text: str) -> None:
        rows.nth(row).locator("input").nth(column).fill(text)
        page.keyboard.press("Enter")

    type_into(0, 1, "-4")
    expect(page.get_by_role("alert")).to_contain_text("-4")
    expect(page.locator(".gb-word_table .wrong")).to_have_count(1)
    assert len(cuts(page)) == 4  # the picture stays
    type_into(0, 1, "8")
    expect(page.locator(".gb-bpe_board .times").first).to_have_text("8 ×")
    type_into(4, 0, "lowest")
    type_into(4, 1, "3")
    expect(page.locator(".gb-bpe_board .word")).to_have_count(5)
    rows.nth(1).locator(".remove").click()
    expect(page.locator(".gb-bpe_board .word")).to_have_count(4)
    page.wait_for_url("**lowest**")
    page.get_by_role("button", name="Back to the course").click()
    expect(page.locator(".gb-bpe_board .times").first).to_have_text("5 ×")
    assert outside == []


def test_overlap_is_told(open_at: OpenAt) -> None:
    page = open_at('/tokens-bpe?lang=en&bpe_words=[["aaaa",3]]&bpe_step=1')
    at_step(page, 1)
    expect(page.locator(".note")).to_contain_text("Overlap")
    assert cuts(page) == [["aa", "aa"]]


def test_a_pasted_text_and_a_hurried_reader(open_at: OpenAt, outside: list[str]) -> None:
    errors: list[str] = []
    page = open_at("/tokens-bpe?lang=en&bpe_source=tongue_twister_en&num_merges=60")
    page.on("pageerror", lambda error: errors.append(str(error)))
    at_step(page, 0)
    page.get_by_role("button", name="Paste text").click()
    page.locator("textarea").fill("she sells sea shells by the sea shore " * 30)
    page.get_by_role("button", name="Count its words and train").click()
    page.wait_for_url("**bpe_source=text**")
    page.wait_for_selector('.gb-bpe_board[data-last]:not([data-last="60"])')
    page.get_by_text("BPE, merge by merge").first.click()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    at_step(page, 12)
    assert errors == []
    assert outside == []


def test_what_does_not_travel_is_said_in_one_line(open_at: OpenAt) -> None:
    """Under the row of controls: inside the narrow column of a button the note pushed the board out of sight."""
    page = open_at("/tokens-bpe?lang=en")
    page.get_by_role("button", name="Edit words").wait_for()
    page.get_by_test_id("stSelectbox").first.locator("input").click()
    page.get_by_role("option", name="Your own text").click()
    page.locator("textarea").fill("she sells sea shells by the sea shore " * 60)
    page.get_by_role("button", name="Count its words and train").click()
    note = page.locator("p.gb-too-long")
    expect(note).to_contain_text("Your own text: longer than 2,000 characters")
    box = note.bounding_box()
    assert box is not None
    assert box["height"] < 60
    assert box["width"] > 800


def test_200_kb_of_one_letter_are_one_word(open_at: OpenAt) -> None:
    errors: list[str] = []
    page = open_at("/tokens-bpe?lang=en&bpe_source=tongue_twister_en&num_merges=60")
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.get_by_role("button", name="Paste text").click()
    page.locator("textarea").fill("a" * 200_000)
    page.get_by_role("button", name="Count its words and train").click()
    expect(page.locator(".gb-bpe_board .cut .more")).to_have_text("… 199,850 more symbols")
    expect(page.locator(".curve p[data-name=tokens]")).to_have_text("200,000 tokens")
    page.get_by_text("BPE, merge by merge").first.click()
    page.keyboard.press("End")
    at_step(page, 22)
    expect(page.locator(".gb-bpe_board .cut .tile:not(.ghost)")).to_have_text(f"{'a' * 40}…(200,000)")
    settle(page)
    page.get_by_role("link", name="Encode a word").click()
    page.locator(".gb-encode_board").wait_for()
    settle(page)
    page.get_by_role("link", name="WordPiece and Unigram").click()
    expect(page.locator(".gb-referee_board .cut .more")).to_have_text("… 199,850 more symbols")
    assert page.get_by_text("Error").count() == 0
    assert errors == []


def test_a_file_that_is_not_utf8_is_told(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en&bpe_source=tongue_twister_en&num_merges=60")
    page.get_by_role("button", name="Paste text").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "old.txt", "mimeType": "text/plain", "buffer": "안녕".encode("euc-kr")}
    )
    expect(page.get_by_text("old.txt")).to_be_visible()
    page.get_by_role("button", name="Count its words and train").click()
    expect(page.get_by_role("alert")).to_contain_text("not UTF-8")


def test_both_pictures_can_be_taken_home(open_at: OpenAt, tmp_path: Path) -> None:
    page = open_at("/tokens-bpe?lang=en&bpe_step=3")
    at_step(page, 3)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as first:
        page.get_by_role("button", name="SVG").first.click()
    content = Path(first.value.path()).read_text(encoding="utf-8")
    assert "est" in content
    assert "var(--" not in content


@pytest.mark.parametrize("key", ["Home", "End"])
def test_ends(open_at: OpenAt, key: str) -> None:
    page = open_at("/tokens-bpe?lang=ko&bpe_step=5")
    at_step(page, 5)
    page.keyboard.press(key)
    at_step(page, 0 if key == "Home" else 10)


def test_three_curves_over_all_steps(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en&bpe_step=4")
    at_step(page, 4)
    expect(page.locator(".curve > p[data-name]")).to_have_text(
        ["47 tokens", "2.94 per word", "14 symbols known"]
    )
    curve = TRACE.curve
    rates = [tokens / 16 for tokens in curve.corpus_tokens]
    drawn: list[list[list[float]]] = page.locator(".curve polyline").evaluate_all(
        "lines => lines.map(line => line.getAttribute('points').split(' ').map(point => point.split(',').map(Number)))"
    )
    for points, values in zip(drawn, (curve.corpus_tokens, rates, curve.vocab_size), strict=True):
        assert [x for x, _ in points] == [30 * step for step in range(11)]
        # Written with two decimals: off by at most half a hundredth of the 60 units of height.
        assert [y for _, y in points] == pytest.approx(
            [60 - 60 * v / max(values) for v in values], abs=0.0051
        )
    ends = page.locator(".curve .ends").all_inner_texts()
    assert [text.split() for text in ends] == [["79", "20"], ["4.94", "1.25"], ["10", "20"]]
    box = page.locator(".curve svg").nth(1).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 10)
    at_step(page, 8)


def test_an_answer_moves_nothing_and_a_resting_pointer_asks_nothing(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en&predict=1")
    at_step(page, 0)
    board = page.locator(".gb-bpe_board .main")
    before = board.bounding_box()
    page.get_by_role("button", name="s t", exact=True).click()
    expect(page.locator(".verdict")).to_contain_text("Half right")
    page.wait_for_timeout(400)  # a browser tells of what came to lie under the pointer a moment later
    expect(page.locator(".tile.looked")).to_have_count(0)
    assert board.bounding_box() == before
    page.locator(".bar").nth(3).hover()
    assert page.locator(".tile.looked").count() > 0


def test_the_end_says_what_is_left_and_counts_no_mark_as_a_letter(open_at: OpenAt) -> None:
    page = open_at("/tokens-bpe?lang=en&num_merges=8&bpe_step=8&end_of_word=1")
    at_step(page, 8)
    expect(page.locator(".story")).to_contain_text("7 pairs are left.")
    expect(page.get_by_text("7 of 7 pairs")).to_be_visible()
    expect(page.get_by_text("19 = 10 letters + </w> + 8 merged")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator(".story")).to_contain_text("10 different")


def test_eight_words_stand_in_two_columns_and_words_from_the_right_run_from_the_right(
    open_at: OpenAt,
) -> None:
    words = [
        ["low", 5],
        ["lower", 2],
        ["newest", 6],
        ["widest", 3],
        ["slow", 4],
        ["slower", 2],
        ["fast", 3],
        ["fastest", 1],
    ]
    page = open_at("/tokens-bpe?" + urlencode({"lang": "en", "bpe_words": json.dumps(words)}))
    at_step(page, 0)
    expect(page.locator(".gb-note")).to_have_count(0)  # blanks in the link are nobody's mistake
    boxes = [row.bounding_box() for row in page.locator(".words .word").all()]
    assert len({round(box["x"]) for box in boxes if box}) == 2
    box = page.locator(".words").locator("xpath=..").evaluate("e => [e.scrollHeight, e.clientHeight]")
    assert box[0] <= box[1] + 1
    page = open_at(
        "/tokens-bpe?" + urlencode({"lang": "en", "bpe_words": json.dumps([["שלום", 5], ["low", 2]])})
    )
    at_step(page, 0)

    def places(row: int) -> list[float]:
        return (
            page.locator(".words .cut")
            .nth(row)
            .locator(".tile")
            .evaluate_all("all => all.map(e => e.getBoundingClientRect().left)")
        )

    assert places(0) == sorted(places(0), reverse=True)
    assert places(1) == sorted(places(1))
