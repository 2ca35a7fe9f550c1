"""The page "One word, many meanings", from links, in both languages, with the bundled BERT."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.lm import checkpoints
from tests.pages.conftest import Open, modules_after, said

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)
ROOT = Path(__file__).parents[3]
APP = str(ROOT / "app.py")


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page("bert/contextual", lang=lang)
    assert "5" in said(at)
    assert at.session_state["word"] == {"en": "record", "ko": "차"}[lang]


def test_a_link_opens_the_same_view(open_page: Open, lang: str) -> None:
    at = open_page(
        "bert/contextual",
        lang=lang,
        word="bank",
        word_sentences="the bank\nthe river bank",
        word_layer="2",
        word_mix="0.50.50",
    )
    assert at.session_state["word_layer"] == 2
    assert at.session_state["word_mix"] == (0, 50, 50)


@pytest.mark.parametrize("word", ["", "absent", "😀", "a+b", "."])
def test_an_absent_word_is_said(open_page: Open, word: str) -> None:
    at = open_page("bert/contextual", word=word)
    assert at.info or "gb-aid" in said(at)


@pytest.mark.parametrize("sentences", ["", "   \n  ", "record", "record " * 250, "😀 record 😀\nשלום record"])
def test_odd_sentences(open_page: Open, sentences: str) -> None:
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update({"word_sentences": sentences})
    at.switch_page("pages/bert/contextual.py").run()
    assert not at.exception


def test_an_example_can_be_taken(open_page: Open, lang: str) -> None:
    at = open_page("bert/contextual", lang=lang)
    word, said_there = {"en": ("bat", "bat flew"), "ko": ("밤", "밤을 주웠다")}[lang]
    at.button(key=f"example-{word}").click().run()
    assert not at.exception
    assert at.session_state["word"] == word
    assert said_there in at.session_state["word_sentences"]


def test_korean_words_only_for_a_model_that_knows_korean(open_page: Open) -> None:
    at = open_page("bert/contextual")
    knows = "ko" in checkpoints.card("pocket-bert").languages
    assert any(button.key == "example-배" for button in at.button) == knows


def test_first_view_needs_no_torch() -> None:
    """In a process of its own: this one has imported torch long ago."""
    assert modules_after("bert/contextual", "word_map") == []


def test_the_meanings_of_the_first_view_are_apart(open_page: Open, lang: str) -> None:
    """The sentence under the picture says the two means, and that the model tells the meanings apart."""
    at = open_page("bert/contextual", lang=lang)
    told = {"en": "tells the meanings apart", "ko": "이 모델은 뜻을 구별해요"}[lang]
    assert told in said(at)


def test_what_is_not_read_is_said(open_page: Open, lang: str) -> None:
    at = open_page("bert/contextual", lang=lang, word="cat", word_sentences="\n".join(["a cat"] * 20))
    assert "8" in next(part for part in said(at).split("gb-note")[1:])
