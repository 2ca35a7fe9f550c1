"""The byte alphabet, GPT-2's encoding, and decode(encode(x)) == x on any text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.lm.tokens.bpe import train_bpe
from components.lm.tokens.byte_level import (
    ByteLevelBpe,
    byte_alphabet,
    byte_level_words,
    character_bytes,
    from_byte_symbols,
    gpt2_words,
    is_byte_level,
    normal_forms,
    to_byte_symbols,
)
from components.lm.tokens.words import InputProblem, count_words
from tests.lm.tokens.bpe_reference import english_like, korean_like
from tests.lm.tokens.released_vocabularies import FOLDER, needs_vocabularies, varied_lines

FAMILY = "👨‍👩‍👧‍👦"


@pytest.fixture(scope="module")
def model() -> ByteLevelBpe:
    """Trained on both languages, with spaces as GPT-2 has them: in front of the words."""
    text = english_like(20_000) + korean_like(20_000)
    words: dict[str, int] = {}
    for word in gpt2_words(text):
        words[word] = words.get(word, 0) + 1
    trace = train_bpe(byte_level_words(words), 400, extra_alphabet=byte_alphabet())
    return ByteLevelBpe.from_trace(trace)


def test_every_byte_has_its_own_visible_letter() -> None:
    alphabet = byte_alphabet()
    assert len(set(alphabet)) == 256
    assert all(letter.isprintable() and not letter.isspace() for letter in alphabet)
    assert alphabet[ord("!") : ord("~") + 1] == tuple(map(chr, range(ord("!"), ord("~") + 1)))
    assert [alphabet[byte] for byte in (0, 10, 32, 127, 0xAD)] == ["Ā", "Ċ", "Ġ", "ġ", "Ń"]
    assert bytes(range(256)) == from_byte_symbols("".join(alphabet))


def test_the_alphabet_is_that_of_the_reference_library() -> None:
    from tokenizers import pre_tokenizers

    assert set(byte_alphabet()) == set(pre_tokenizers.ByteLevel.alphabet())
    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for code_point in [*range(1, 0x900, 7), 0xAC00, 0x1F600]:
        ((shown, _),) = splitter.pre_tokenize_str(chr(code_point))
        assert to_byte_symbols(chr(code_point)) == shown


def test_greeting_bytes_by_character() -> None:
    found = character_bytes("안녕하세요")
    assert [character.text for character in found] == list("안녕하세요")
    assert all(len(character.data) == len(character.symbols) == 3 for character in found)
    assert found[0].data == b"\xec\x95\x88"
    assert found[0].code_points == ("U+C548",)
    assert found[0].names == ("HANGUL SYLLABLE AN",)


def test_an_emoji_family_is_one_character_of_25_bytes() -> None:
    (family,) = character_bytes(FAMILY)
    assert (family.text, len(family.code_points), len(family.data)) == (FAMILY, 7, 25)
    assert family.names[1] == "ZERO WIDTH JOINER"


def test_both_normal_forms_of_an_accented_letter() -> None:
    forms = normal_forms("é")
    assert forms.differ
    assert [character.data for character in forms.composed] == [b"\xc3\xa9"]
    assert [character.data for character in forms.decomposed] == [b"e\xcc\x81"]
    assert not normal_forms("e").differ
    assert len(normal_forms("한").decomposed[0].data) == 9


def test_half_a_surrogate_pair_is_refused() -> None:
    for call in (to_byte_symbols, character_bytes):
        with pytest.raises(InputProblem) as refused:
            call("a\ud83d")
        assert refused.value.code == "lone_surrogate"


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=40))
@example(text="")
@example(text="안녕하세요 " + FAMILY + " é e\u0301")
@example(text="  \n\t it's 3\x00<|endoftext|>")
def test_decoding_what_was_encoded_gives_the_text_back(model: ByteLevelBpe, text: str) -> None:
    ids = model.encode(text)
    assert model.decode(ids) == text
    assert "".join(segment.text for segment in model.segments(ids)) == text
    assert all(segment.complete for segment in model.segments(ids))
    assert "".join(gpt2_words(text)) == text


@settings(max_examples=100, deadline=None)
@given(ids=st.lists(st.integers(0, 255), max_size=20))
def test_any_token_ids_can_be_decoded_and_grouped(model: ByteLevelBpe, ids: list[int]) -> None:
    data = model.decode_bytes(ids)
    segments = model.segments(ids)
    assert b"".join(segment.data for segment in segments) == data
    assert "".join(segment.text for segment in segments) == model.decode(ids)


def test_a_word_merge_by_merge(model: ByteLevelBpe) -> None:
    encoded = model.encode_word(" 안녕")
    assert encoded.start[0] == "Ġ"
    assert len(encoded.start) == 7
    assert model.tokenize(" 안녕") == encoded.tokens
    assert "".join(segment.text for segment in encoded.segments) == " 안녕"
    ranks = {pair: number for number, pair in enumerate(model.merges, start=1)}
    for step in encoded.steps:
        assert ranks[step.pair] == step.rank
        assert "".join(step.after) == "".join(step.before)
        for place in step.new_places:
            assert step.after[place] == step.merged


def test_a_model_without_all_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="extra_alphabet"):
        ByteLevelBpe.from_trace(train_bpe({"low": 1}, 1))
    assert not is_byte_level("abc")


def test_bytes_cover_what_letters_do_not() -> None:
    """fast has two letters no training word holds; as bytes nothing is unknown."""
    words = byte_level_words({"low": 5, "lower": 2, "newest": 6, "widest": 3})
    trace = train_bpe(words, 10, extra_alphabet=byte_alphabet())
    assert trace.merged_symbols[:3] == ("es", "est", "lo")
    assert trace.model().encode_word("fast").unknown == ()
    assert ByteLevelBpe.from_trace(trace).encode_word("안").tokens == tuple(to_byte_symbols("안"))


def test_gpt2_words() -> None:
    assert gpt2_words("It's  a  test\n\n ok!") == ("It", "'s", " ", " a", " ", " test", "\n\n", " ok", "!")
    assert gpt2_words("we'll I'M 3rd") == ("we", "'ll", " I", "'", "M", " 3", "rd")
    assert gpt2_words("") == ()


def test_gpt2_words_are_those_of_the_reference_library() -> None:
    from tokenizers import pre_tokenizers

    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    for line in varied_lines(400):
        expected = [piece for piece, _ in splitter.pre_tokenize_str(line)]
        assert [to_byte_symbols(word) for word in gpt2_words(line)] == expected, line


def test_count_words_keeps_korean_for_bytes() -> None:
    table = count_words("안녕 안녕")
    assert byte_level_words(table) == {to_byte_symbols("안녕"): 2}
    assert unicodedata.is_normalized("NFC", table.words[0])


@needs_vocabularies
def test_2000_lines_as_gpt2(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import GPT2Tokenizer

    folder = FOLDER / "gpt2"
    released = GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    merges = [
        tuple(line.split(" ")) for line in (folder / "merges.txt").read_text("utf-8").split("\n")[1:] if line
    ]
    vocab = json.loads((folder / "vocab.json").read_text("utf-8"))
    ours = ByteLevelBpe(vocab, tuple((left, right) for left, right in merges), ("<|endoftext|>",))
    lines = varied_lines(2000)
    differing = [line for line in lines if list(ours.encode(line)) != released(line)["input_ids"]]
    assert not differing
    assert all(ours.decode(ours.encode(line)) == line for line in lines)
    for word in (" lowest", "안녕하세요", FAMILY, "unbelievably"):
        assert ours.encode_word(word).token_ids == tuple(released(word)["input_ids"])
