"""Who may look at whom: from links, in both languages, with odd sentences."""

import pytest

from components.lessons.transformer import masks
from components.lessons.transformer.masks import _first_guesses
from tests.pages.conftest import data_of, modules_after

NAME = "transformer/masks"


def test_opens_from_a_link(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, word="3", flips="102.103", mask_layer="2")
    assert at.session_state["word"] == 3
    assert tuple(at.session_state["flips"]) == (102, 103)


def test_a_word_that_is_not_there_becomes_the_last(open_page) -> None:
    at = open_page(NAME, sentence="two words", word="77")
    assert data_of(at, "two_readers")["found"]["word"] == 1


def test_where_no_model_can_guess_the_view_is_kept_all_the_same(
    open_page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the fields hold is reported by the picture: without one, another sentence would never be heard of."""
    monkeypatch.setattr(masks, "readers", lambda *_: [])
    at = open_page(NAME, flips="102", sentence="two words")
    found = data_of(at, "two_readers")
    assert found["found"]["readers"] == []
    assert found["state"] == data_of(at, "mask_patterns")["state"]
    assert found["state"]["flips"] == [102]


@pytest.mark.parametrize("sentence", ["", "   ", "a", "</script> x", "שלום עולם", "안녕 👩‍👩‍👧", "x" * 20])
def test_odd_sentences(open_page, sentence: str) -> None:
    open_page(NAME, sentence=sentence, left_model="pocket-gpt")


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "two_readers") == []


@pytest.mark.parametrize("sentence", ["the cat and the dog " * 30, "안녕하세요 " * 60, "x" * 200])
def test_of_a_long_sentence_the_beginning_is_read(open_page, lang: str, sentence: str) -> None:
    at = open_page(NAME, lang=lang, sentence=sentence, word="199")
    found = data_of(at, "two_readers")["found"]
    assert sentence.strip()[:300].startswith(found["text"])
    assert found["text"] != sentence.strip()
    assert (
        min(len(reader["tokens"]) for reader in found["readers"]) <= 40
    )  # a shorter word may be more pieces


def test_the_word_to_begin_with_is_guessed_better_from_both_sides(open_page, lang: str) -> None:
    """Other bundled models need another word: set WORD (in Korean KOREAN) to what ``word_for_both_sides`` returns."""
    from components.lm.transformer.word_context import word_for_both_sides, word_spans
    from components.shell.loading import FIRST_MODEL

    text, word = (
        (masks.SENTENCE, masks.WORD) if lang == "en" else (masks.KOREAN["sentence"], masks.KOREAN["word"])
    )
    names = (
        (masks.attention_models.default_model(), FIRST_MODEL)
        if lang == "en"
        else ("pocket-bert-ko", "pocket-gpt-ko")
    )
    words = [text[a:b] for a, b in word_spans(text)]
    cards = [masks.checkpoints.card(name) for name in names]
    both, left = (
        [masks.word_guess(c.name, c.revision, text, i, masks.LAYER) for i in range(len(words))] for c in cards
    )
    assert word_for_both_sides(words, both, left, 3 if lang == "en" else 2) == word
    at = open_page(NAME, lang=lang)
    assert data_of(at, "predict_first")["answer"] == 0
    data = data_of(at, "two_readers")
    assert [one["name"] for one in data["models"]] == list(names)
    assert data["own"] == text
    assert data["found"]["readers"][0]["first_piece"][1] == pytest.approx(both[word].first_piece[1])


def test_the_server_computes_nothing_where_the_browser_does(
    open_page, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(NAME)
    monkeypatch.setattr("components.lessons.transformer.masks.load_model", None)
    at.session_state["_masks_browser"] = ["pocket-bert", "pocket-gpt"]
    at.session_state["sentence"] = at.session_state["_masks_text"] = "A sentence that nobody has read"
    at.session_state["_masks_guesses"] = _first_guesses([["pocket-gpt", True, [3], " has", 0.25]])
    at.run()
    assert not at.exception
    assert data_of(at, "two_readers")["found"] is None
    at.session_state["_masks_browser"] = ["pocket-bert", "nano-gpt"]  # not these two models
    at.run()
    assert at.exception or at.error


def test_a_report_is_checked() -> None:
    """A browser may send anything: what is no guess is left out."""
    assert _first_guesses([["m", False, [1, 2], "cat", 0.5]])[0].places == (1, 2)
    assert _first_guesses(None) == []
    assert _first_guesses([["m"]]) == []


def test_a_layer_that_is_not_there_becomes_the_last(open_page) -> None:
    at = open_page(NAME, mask_layer="99", word="4")
    assert at.session_state["mask_layer"] == 5
