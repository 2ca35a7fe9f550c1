"""Which texts are in letters that a model of English has never learned."""

from types import SimpleNamespace

import pytest

from components.lessons.known_language import foreign

ENGLISH, MANY = SimpleNamespace(languages=("en",)), SimpleNamespace(languages=("en", "ko"))


@pytest.mark.parametrize("text", ["안녕", "שלום", "a 한 b", "Я", "안"])
def test_other_letters_are_foreign_to_a_model_of_english(text: str) -> None:
    assert foreign(ENGLISH, "plain", text)
    assert not foreign(MANY, text)


@pytest.mark.parametrize("text", ["", "plain", "naïve café", "👩‍👩‍👧", "1 + 1 = 2", "…“”"])
def test_latin_letters_signs_and_emoji_are_not(text: str) -> None:
    assert not foreign(ENGLISH, text)
