"""Which texts are in letters that a model of English has never learned."""

import unicodedata
from types import SimpleNamespace

import pytest

from components.lessons import known_language
from components.lessons.known_language import foreign
from components.lm import checkpoints

ENGLISH, MANY = SimpleNamespace(languages=("en",)), SimpleNamespace(languages=("en", "ko"))


@pytest.mark.parametrize("text", ["안녕", "שלום", "a 한 b", "Я", "안"])
def test_other_letters_are_foreign_to_a_model_of_english(text: str) -> None:
    assert foreign(ENGLISH, "plain", text)
    assert not foreign(MANY, text)


@pytest.mark.parametrize("text", ["", "plain", "naïve café", "👩‍👩‍👧", "1 + 1 = 2", "…“”"])
def test_latin_letters_signs_and_emoji_are_not(text: str) -> None:
    assert not foreign(ENGLISH, text)


@pytest.mark.parametrize("text", ["the dog", "שלום", "Я"])
def test_a_model_of_korean_reads_hangul_only(text: str) -> None:
    korean = SimpleNamespace(languages=("ko",))
    assert foreign(korean, text)
    assert not foreign(korean, text, "안녕")
    assert not foreign(korean, unicodedata.normalize("NFD", "안녕"))
    assert not foreign(korean, "", "1 + 1", "👩‍👩‍👧")


@pytest.mark.parametrize(("can", "reads", "writes"), [("ko", "pocket-bert", "pocket-gpt"), ("en", "pocket-bert-ko", "pocket-gpt-ko")])  # fmt: skip
def test_the_sentence_offers_the_twin_that_can_read(
    monkeypatch: pytest.MonkeyPatch, can: str, reads: str, writes: str
) -> None:
    said: list[str] = []
    monkeypatch.setattr(known_language, "note_line", said.append)
    for name, other in ((reads.removesuffix("-ko") + "-ko" * (can == "ko"), reads), (writes.removesuffix("-ko") + "-ko" * (can == "ko"), writes)):  # fmt: skip
        card = checkpoints.card(name)
        assert card.languages == (can,)
        known_language.say_if_foreign(card, "안녕하세요" if can == "en" else "Hello there")
        assert said[-1].count(other) >= 1
        assert card.name in said[-1]
    known_language.say_if_foreign(checkpoints.card("pocket-bert"), "안녕", offer=False)
    assert "pocket-bert-ko" not in said[-1]
    known_language.say_if_foreign(checkpoints.card("pocket-bert"), "שלום")
    assert "pocket-bert-ko" not in said[-1]
