"""Who may look at whom: from links, in both languages, with odd sentences."""

import pytest

from tests.pages.conftest import modules_after

NAME = "transformer/masks"


def test_opens_from_a_link(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, word="3", flips="102.103", mask_layer="2")
    assert at.session_state["word"] == 3
    assert tuple(at.session_state["flips"]) == (102, 103)


def test_a_word_that_is_not_there_becomes_the_last(open_page) -> None:
    at = open_page(NAME, sentence="two words", word="77")
    assert at.session_state["word"] == 1


@pytest.mark.parametrize("sentence", ["", "   ", "a", "</script> x", "שלום עולם", "안녕 👩‍👩‍👧", "x" * 20])
def test_odd_sentences(open_page, sentence: str) -> None:
    open_page(NAME, sentence=sentence, left_model="pocket-gpt")


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "two_readers") == "[]"


@pytest.mark.parametrize("sentence", ["the cat and the dog " * 30, "안녕하세요 " * 60, "x" * 200])
def test_of_a_long_sentence_the_beginning_is_read(open_page, lang: str, sentence: str) -> None:
    at = open_page(NAME, lang=lang, sentence=sentence, word="199")
    assert sum('class="gb-note"' in b.proto.body and "40" in b.proto.body for b in at.get("html")) == 1
