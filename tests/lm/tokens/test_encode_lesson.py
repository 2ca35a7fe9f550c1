"""Stepping through an encoding must pass through what the encoders pass through, and end where they end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from components.lm.tokens.bpe import train_bpe
from components.lm.tokens.byte_level import ByteLevelBpe, byte_alphabet, byte_level_words, from_byte_symbols
from components.lm.tokens.encode_lesson import MAX_WORDS, encode_bytes, encode_letters

TOY = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
MODEL = train_bpe(TOY, 10).model()
BYTES = ByteLevelBpe.from_trace(train_bpe(byte_level_words(TOY), 10, extra_alphabet=byte_alphabet()))


def test_the_course() -> None:
    lesson = encode_letters(MODEL, "lowest")
    assert [lesson.words[0].cut(moment) for moment in range(5)] == [
        tuple("lowest"),
        ("l", "o", "w", "es", "t"),
        ("l", "o", "w", "est"),
        ("lo", "w", "est"),
        ("low", "est"),
    ]


def test_unknown_letters_of_fast() -> None:
    word = encode_letters(MODEL, "fast").words[0]
    assert word.cut(9) == ("[UNK]", "[UNK]", "s", "t")
    assert [letter.letter for letter in word.unknown] == ["f", "a"]


@settings(max_examples=150, deadline=None)
@given(
    words=st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 4), min_size=1, max_size=8),
    text=st.text("abcd \n.", max_size=40),
)
def test_letters_end_where_the_encoder_ends(words: dict[str, int], text: str) -> None:
    model = train_bpe(words, 15, end_of_word="</w>").model()
    lesson = encode_letters(model, text)
    for word, span in zip(lesson.words, model.encode(text), strict=True):
        encoded = span.encoded
        cuts = [word.cut(moment) for moment in range(len(lesson.steps) + 1)]
        assert cuts[-1] == encoded.tokens
        # In a text, a word rests while merges of other words fire.
        assert tuple(cut for i, cut in enumerate(cuts) if i == 0 or cut != cuts[i - 1]) == encoded.states
    assert [step.rank for step in lesson.steps] == sorted(step.rank for step in lesson.steps)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30))
def test_bytes_lose_nothing(text: str) -> None:
    lesson = encode_bytes(BYTES, text)
    tokens = [token for word in lesson.words for token in word.cut(len(lesson.steps))]
    assert b"".join(from_byte_symbols(token) for token in tokens).decode() == text
    assert tokens == list(BYTES.tokenize(text))
    for word in lesson.words:
        assert "".join(character.text for character in word.characters) == word.text
        assert word.characters[-1].end == len(word.start)


def test_a_family_is_one_character_of_eighteen_bytes() -> None:
    (word,) = encode_bytes(BYTES, "👩‍👩‍👦").words
    assert [(character.start, character.end) for character in word.characters] == [(0, 18)]


def test_the_end_of_a_long_text_is_left_out_and_counted() -> None:
    assert encode_letters(MODEL, "low " * (MAX_WORDS + 3)).left_out == 3
    assert encode_bytes(BYTES, "low " * (MAX_WORDS + 3)).left_out == 4  # the last space is a word of its own
