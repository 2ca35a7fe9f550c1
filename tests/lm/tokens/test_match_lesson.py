"""Longest match, look-up by look-up."""

from __future__ import annotations

from components.lm.tokens.match_lesson import MAX_NEARBY, MAX_WORDS, match_words
from components.lm.tokens.wordpiece import WordPieceModel, train_wordpiece

COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def test_look_ups_replay_the_encoding() -> None:
    model = train_wordpiece(COURSE, 10, referee="score", marking="continuation").model()
    lesson = match_words(model, ["lowest", "lowly", "widest"])
    for number, word in enumerate(lesson.words):
        made = [one for one in lesson.lookups if one.word == number]
        assert len(made) == sum(len(step.tried) for step in word.encoding.steps)
        found = tuple(one.piece for one in made if one.found)
        assert found == (word.lost or word.encoding.tokens)
        # No longer piece of the vocabulary would have fitted where one was found.
        for one in made:
            assert (one.piece in model.token_ids) == one.found
    assert lesson.words[0].encoding.tokens == ("low", "##e", "##st")
    assert (lesson.words[1].encoding.tokens, lesson.words[1].lost) == (("[UNK]",), ("low",))
    assert lesson.words[2].lost == ()
    assert lesson.vocabulary == tuple(model.token_ids)


def test_a_large_vocabulary_is_shown_around_the_word() -> None:
    pieces = {"[UNK]": 0} | {f"a{number:03}": number for number in range(1, 200)} | {"a": 500, "##b": 501}
    lesson = match_words(WordPieceModel(pieces), ["a0505", "ab"])
    assert lesson.vocabulary == ()
    near = lesson.words[0].nearby[0]
    assert len(near) == MAX_NEARBY
    assert "a050" in near
    assert lesson.words[0].num_nearby == (200, 0)  # 199 and "a"; no piece begins with ##5
    assert lesson.words[1].nearby[1] == ("##b",)


def test_long_words_and_long_texts() -> None:
    model = WordPieceModel({"[UNK]": 0, "a": 1, "##a": 2})
    lesson = match_words(model, ["a" * 101, *["aa"] * 40])
    assert lesson.words[0].encoding.failure == "too_long"
    assert lesson.words[0].encoding.steps == ()
    assert (len(lesson.words), lesson.left_out) == (MAX_WORDS, 41 - MAX_WORDS)
    assert match_words(model, []).lookups == ()
