"""Who may look at whom: from links, in both languages, with odd sentences."""

import pytest

from tests.pages.conftest import data_of, modules_after, said

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


def test_the_word_to_begin_with_is_guessed_better_from_both_sides(open_page, lang: str) -> None:
    """Other bundled models need another word: set WORD to what ``word_for_both_sides`` returns."""
    from components.lessons.transformer import masks
    from components.lm.transformer.word_context import word_for_both_sides, word_spans
    from components.shell.loading import FIRST_MODEL

    words = [masks.SENTENCE[a:b] for a, b in word_spans(masks.SENTENCE)]
    cards = [masks.checkpoints.card(name) for name in (masks.attention_models.default_model(), FIRST_MODEL)]
    both, left = (
        [masks.word_guess(c.name, c.revision, masks.SENTENCE, i, masks.LAYER) for i in range(len(words))]
        for c in cards
    )
    assert word_for_both_sides(words, both, left) == masks.WORD
    at = open_page(NAME, lang=lang)
    assert data_of(at, "predict_first")["answer"] == 0
    assert masks.percent(both[masks.WORD].first_piece[1]) in said(at)


def test_where_the_left_side_does_better_the_page_says_so(open_page) -> None:
    at = open_page(NAME, word="2")
    assert "left side alone does better" in said(at)


def test_a_layer_that_is_not_there_becomes_the_last(open_page) -> None:
    at = open_page(NAME, mask_layer="99", word="4")
    assert at.session_state["mask_layer"] == 5


def test_a_text_that_is_spelled_is_said_to_be(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, sentence="나는 학교에 갔다.")
    assert any("pocket-gpt" in b.proto.body and 'class="gb-note"' in b.proto.body for b in at.get("html"))
    at = open_page(NAME, lang=lang)
    assert not any('class="gb-note"' in b.proto.body for b in at.get("html"))
