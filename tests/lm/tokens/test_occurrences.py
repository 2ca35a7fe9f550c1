"""Words found where a reader marks them: any normal form, Korean particles, scripts without spaces."""

import unicodedata

import pytest

from components.lm.tokens.occurrences import find_word, words_of


def found(text: str, word: str) -> list[str]:
    return [text[o.start :] for o in find_word([text], word)]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_the_normal_form_does_not_matter(form: str, typed: str) -> None:
    lines = unicodedata.normalize(form, "배가 고파서\n배를 먹었다").split("\n")
    places = find_word(lines, unicodedata.normalize(typed, "배"))
    assert [(place.sentence, unicodedata.normalize("NFC", place.text)) for place in places] == [
        (0, "배"),
        (1, "배"),
    ]
    both = f"{unicodedata.normalize('NFC', 'café')} {unicodedata.normalize('NFD', 'café')} cafe"
    assert len(find_word([both], unicodedata.normalize(typed, "Café"))) == 2
    assert [place.start for place in find_word([both], "cafe")] == [11]


def test_korean_behind_a_latin_word() -> None:
    lines = ["GPT는 다음 단어를 쓴다", "나는 GPT를 배운다"]
    assert [(place.sentence, place.text) for place in find_word(lines, "GPT")] == [(0, "GPT"), (1, "GPT")]
    assert len(find_word(["BERT에서는 2018년"], "BERT")) == len(find_word(["BERT에서는 2018년"], "2018")) == 1
    assert not find_word(["GPTs", "xGPT", "GPT2"], "GPT")


@pytest.mark.parametrize(
    ("word", "text", "count"),
    [
        ("배", "배가 배를 배와 배에서는 배입니다. 배", 6),
        ("배", "나무배 나룻배는", 0),
        ("먹", "먹었다 먹고", 2),
        ("record", "I record the Record; records", 2),
        ("don", "don't", 1),
        ("C++", "c++ is C++", 2),
        ("犬", "犬が好き。猫と犬", 2),
        ("न", "नी न", 1),
        ("ball", "", 0),
        ("", "ball", 0),
        ("  ", "ball", 0),
        (".*", "any text", 0),
        ("👨‍👩‍👧", "👨‍👩‍👧 👨", 1),
        ("👨", "👨‍👩‍👧 👨", 1),
    ],
)
def test_what_a_reader_would_mark(word: str, text: str, count: int) -> None:
    assert len(find_word([text], word)) == count


def test_long_text_is_quick() -> None:
    assert len(find_word(["배를 " * 5000], "배")) == 5000


def test_words_keep_their_accents() -> None:
    text = unicodedata.normalize("NFD", "café 배가")
    assert [text[a:b] for a, b in words_of(text)] == text.split()
