"""Tokenizers trained on the same words, side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.lm.tokens.bpe import train_bpe
from components.lm.tokens.comparison import train_all
from components.lm.tokens.words import InputProblem, count_words

ROOT = Path(__file__).parents[3]
COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def test_the_course_word_in_all_of_them() -> None:
    made = dict(train_all(COURSE, 10).tokenize("lowest fast"))
    tokens = {name: [one.token for one in found.tokens] for name, found in made.items()}
    assert tokens["words"] == ["[UNK]", "[UNK]"]
    assert tokens["bpe"] == ["low", "est", "[UNK]", "[UNK]", "s", "t"]
    assert tokens["wordpiece"] == ["low", "##est", "[UNK]"]
    assert tokens["unigram"][:2] == ["low", "est"]
    # f and a are unknown to all; only WordPiece and whole words lose the whole word.
    assert {name: found.num_unknown for name, found in made.items()} == {
        "words": 2,
        "bpe": 2,
        "wordpiece": 1,
        "unigram": 2,
    }


def test_vocabularies_are_of_one_size() -> None:
    text = "".join(
        (ROOT / "assets" / "samples" / f"{name}.txt").read_text("utf-8") for name in ("tale_en", "story_ko")
    )
    words = count_words(text, lowercase=True)
    told: list[float] = []
    four = train_all(words, 200, on_progress=told.append)
    assert len(four.unigram.pieces) == len(four.bpe.vocabulary)
    assert four.bpe.merges == train_bpe(words, 200).model().merges
    assert told == sorted(told)
    for _, made in four.tokenize("the old miller 도서관에서"):
        assert made.text == "the old miller 도서관에서"


def test_no_words_are_told() -> None:
    with pytest.raises(InputProblem):
        train_all({}, 10)


def test_stopping_keeps_what_was_learned() -> None:
    words = {f"w{i % 13}o{i % 7}rd{i}": i + 1 for i in range(300)}
    whole = train_all(words, 200)
    stopped = train_all(words, 200, should_stop=lambda: True)
    cut = {name: made.num_tokens for name, made in stopped.tokenize(" ".join(words))}
    assert cut["wordpiece"] > dict(whole.tokenize(" ".join(words)))["wordpiece"].num_tokens
    assert cut["unigram"] > 0
