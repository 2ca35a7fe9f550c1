"""Encode a word: through app.py, from a link, in both languages."""

from typing import Any

import pytest

from components.lessons.tokens.encode import unknown_shares
from tests.pages.conftest import Open, data_of, said, widget

PAGE = "tokens/encode"


def tokens(data: dict[str, Any]) -> list[str]:
    """The tokens at the end, as the browser cuts them."""
    result: list[str] = []
    for word in data["words"]:
        for at, (symbol, gone) in enumerate(zip(word["start"], word["removed"], strict=True)):
            if at and gone:
                result[-1] += symbol
            else:
                result.append(symbol)
    return result


def test_lowest_is_the_first_view(open_page: Open, lang: str) -> None:
    data = data_of(
        open_page(PAGE, lang=lang, encode_step="0"), "encode_board"
    )  # bare, Korean begins in Korean
    assert tokens(data) == ["low", "est"]
    assert [step["merged"] for step in data["steps"]] == ["es", "est", "lo", "low"]
    assert data["words"][0]["ids"] == [13, 11]
    assert data["whole"] == [["lowest", False]]
    assert data["step"] == 0
    assert len(data["merges"]) == 10


def test_a_letter_outside_the_alphabet_is_unknown(open_page: Open) -> None:
    data = data_of(open_page(PAGE, encode_text="fast"), "encode_board")
    assert tokens(data) == ["[UNK]", "[UNK]", "s", "t"]
    assert [one["letter"] for one in data["words"][0]["unknown"]] == ["f", "a"]


@pytest.mark.parametrize("merges", ["pocket-gpt", "same_words"])
@pytest.mark.parametrize(
    "text", ["안녕하세요", "👩‍👩‍👦", "e\u0301 \u00e9", "lowest low", "\t\x00 \n", "ａｂ"]
)
def test_bytes_lose_nothing(open_page: Open, lang: str, text: str, merges: str) -> None:
    at = open_page(PAGE, lang=lang, encode_view="bytes", encode_text=text, byte_merges=merges)
    data = data_of(at, "encode_board")
    given = text.replace("\x00", "")
    assert bytes(data["bytes"][letter] for token in tokens(data) for letter in token).decode() == given
    assert all(word["unknown"] == [] for word in data["words"])


def test_korean_is_fifteen_bytes_in_five_characters(open_page: Open) -> None:
    data = data_of(open_page(PAGE, encode_view="bytes", encode_text="안녕하세요"), "encode_board")
    assert data["characters"] == 5
    assert [end - start for _, start, end in data["words"][0]["characters"]] == [3] * 5


@pytest.mark.parametrize(("form", "size"), [("NFC", 2), ("NFD", 3)])
def test_both_normal_forms(open_page: Open, form: str, size: int) -> None:
    at = open_page(PAGE, encode_view="bytes", encode_text="é", normal_form=form)
    data = data_of(at, "encode_board")
    assert sum(len(word["start"]) for word in data["words"]) == size
    assert data["characters"] == 1


def test_the_end_mark_of_a_link(open_page: Open) -> None:
    data = data_of(open_page(PAGE, end_of_word="1"), "encode_board")
    assert tokens(data) == ["low", "est</w>"]


def test_a_kept_run_is_the_one_that_encodes(open_page: Open) -> None:
    data = data_of(open_page(PAGE, runs='[[],[[1,"s","t"]]]', run="1"), "encode_board")
    assert data["steps"][0]["merged"] == "st"


@pytest.mark.parametrize("text", ["", "   ", "low " * 400, "\u202e", "<script>alert(1)</script>", "l" * 2000])
def test_odd_texts_are_answered(open_page: Open, lang: str, text: str) -> None:
    at = open_page(PAGE, lang=lang, encode_text=text)
    assert not at.exception
    data = data_of(at, "encode_board")
    assert data["left_out"] == max(0, 400 - 120) if text.startswith("low ") else data["left_out"] == 0


def test_words_that_cannot_be_trained_on_are_told(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, bpe_words="[]")
    assert at.warning
    assert not at.exception


def test_jamo_text_is_cut_like_the_sample(open_page: Open) -> None:
    data = data_of(
        open_page(PAGE, bpe_source="story_ko_jamo", num_merges="1", encode_text="눈"), "encode_board"
    )
    assert len(data["words"][0]["start"]) >= 2


def test_the_question_knows_its_answer(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, encode_step="0")
    asked = data_of(at, "predict_first")
    assert asked["options"][asked["answer"]] == " ".join(tokens(data_of(at, "encode_board")))


def test_a_long_text_is_cut_and_said(open_page: Open) -> None:
    at = open_page(PAGE, encode_text="low")
    widget(at, "encode_text").set_value("low " * 750).run()
    assert any("first 2,000 of 3,000" in block.proto.body for block in at.get("html"))
    assert data_of(at, "encode_board")["words"]


def test_it_says_how_often_a_trained_vocabulary_is_at_a_loss(open_page: Open, lang: str) -> None:
    assert unknown_shares() == {"words": "0.86%", "hangul": "0.03%"}  # of the model's card
    assert all(share in said(open_page("tokens/encode", lang=lang)) for share in ("0.86%", "0.03%"))
    assert "0.86%" not in said(open_page("tokens/encode", lang=lang, encode_view="bytes"))
