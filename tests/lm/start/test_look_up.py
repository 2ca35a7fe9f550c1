"""Looking up: the sentences that share most words with the question."""

import unicodedata

import pytest

from components.lm.start.look_up import MOST, look_up, same_word, sentences

TEXT = "The mill is old. The bakery in the mill opened in 1921. The cat slept. The river froze."


def test_most_shared_words_come_first_and_common_words_do_not_count() -> None:
    found = look_up(TEXT, "When did the bakery in the mill open?")
    assert [one.place for one in found] == [1, 0]
    assert found[0].shared == ("bakery", "in", "mill")
    assert all("the" not in one.shared for one in found)


def test_at_most_three_and_the_earlier_of_two_alike() -> None:
    lines = " ".join(f"Tree {i}." for i in range(3)) + " Stone. Stone. Stone. Stone."
    assert [one.place for one in look_up(lines, "tree?")] == [0, 1, 2]
    assert len(look_up(lines + " Tree 9.", "tree?")) == MOST


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_korean_particles_do_not_part_words(form: str) -> None:
    text = unicodedata.normalize(form, "방앗간은 강가에 있어요. 고양이가 잠을 자요.")  # type: ignore[arg-type]
    found = look_up(text, unicodedata.normalize(form, "방앗간이 어디에 있나요?"))  # type: ignore[arg-type]
    assert [one.place for one in found] == [0]
    assert same_word("빵집은", "빵집이")
    assert not same_word("강", "강가")


@pytest.mark.parametrize("odd", ["", "?!", "👩‍👩‍👧", "<script>alert(1)</script>", "שלום עולם."])
def test_odd_texts(odd: str) -> None:
    assert look_up(odd, "") == []
    assert look_up("", odd) == []
    assert len(look_up(odd, odd)) <= MOST


def test_a_long_text() -> None:
    text = "word. " * 3_000 + "The bakery opened."
    assert [one.sentence for one in look_up(text, "the bakery")] == ["The bakery opened."]


def test_a_line_ends_a_sentence() -> None:
    assert sentences("One\ntwo. Three! ") == ["One", "two.", "Three!"]
