"""Compare tokenizers in a real browser: typing, parts, the call, and a cold link."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from components.lm.tokens.tokenizer_files import read_tokenizer

Open = Callable[[str], Page]


def test_a_typed_text_goes_through_every_lane(open_at: Open, outside: list[str]) -> None:
    page = open_at("/tokens-compare?lang=en")
    expect(page.locator("[data-lane=pocket-gpt] .group")).to_have_count(5)
    box = page.get_by_label("Text", exact=True)
    box.fill("lowest")
    box.press("Enter")
    expect(page.locator("[data-lane=characters] .token")).to_have_count(6)
    expect(page.locator("[data-lane=bpe] .token .name")).to_have_text(["low", "est"])
    page.wait_for_function("location.search.includes('cmp_text=lowest')")
    page.get_by_text("English and Korean", exact=True).first.click()
    expect(page.locator(".cost tbody tr").last).to_contain_text("×")
    page.wait_for_function("location.search.includes('cmp_part=languages')")
    assert outside == []


def test_a_cold_link_opens_the_call(open_at: Open, outside: list[str]) -> None:
    page = open_at(
        "/tokens-compare?lang=en&cmp_part=call&cmp_model=pocket-gpt&call_text=low%20%3Cimg%20src%3Dx%20onerror%3D%22window.hit%3D1%22%3E"
    )
    expect(page.locator(".printed")).to_contain_text("convert_ids_to_tokens")
    file = read_tokenizer(Path(__file__).parents[3] / "assets" / "models" / "pocket-gpt")
    called = file.call('low <img src=x onerror="window.hit=1">')
    first = f"{called.tokens[0]}{called.input_ids[0]}1"  # token, id, attention_mask
    expect(page.locator(".call .column").nth(1)).to_have_text(first)
    page.get_by_label("Ids back to tokens: type ids").fill("41 0")
    page.get_by_label("Ids back to tokens: type ids").press("Enter")
    expect(page.locator(".gb-cell")).to_have_count(2)
    assert page.evaluate("window.hit") is None
    assert outside == []


def test_pictures_come_home(open_at: Open) -> None:
    page = open_at("/tokens-compare?lang=en")
    expect(page.locator("[data-lane=pocket-gpt]")).to_be_visible()
    page.get_by_test_id("stPopover").get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.locator("[data-kind=svg]").first.click()
    text = started.value.path().read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "Ġlow" in text
    assert "var(--" not in text


def test_the_path_of_a_folder_with_only_a_vocabulary_is_enough(open_at: Open, tmp_path: Path) -> None:
    folder = tmp_path / "my words"
    folder.mkdir()
    page = open_at("/tokens-compare?lang=en&cmp_part=call&cmp_model=pocket-gpt")
    expect(page.locator(".call .column").first).to_be_visible()
    box = page.get_by_test_id("stSelectbox").first.locator("input")
    box.fill(str(folder))
    box.press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("vocab.txt")  # what is missing, in words
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "i", "love", "nl", "##p", "!"]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    box.fill(str(folder))
    box.press("Enter")
    page.wait_for_function("location.search.includes('cmp_model=local%3Amy+words')")
    expect(page.locator(".printed")).to_contain_text("'input_ids': [2, 5, 6, 7, 8, 9, 3]")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    assert "tmp" not in page.evaluate("location.search")
