"""The tokenizers: special ids, a complete alphabet, no unknown words."""

import unicodedata
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from components.pretraining.vocabularies import (
    BERT_SPECIAL_IDS,
    COMMON_SYLLABLES,
    COMPATIBILITY_JAMO,
    REQUIRED_CHARACTERS,
    continuing_tokens,
    save_for_transformers,
    train_wordpiece,
    unknown_share,
)


def test_special_ids_are_those_of_the_released_bert(wordpiece: Tokenizer) -> None:
    assert {token: wordpiece.token_to_id(token) for token in BERT_SPECIAL_IDS} == BERT_SPECIAL_IDS
    assert wordpiece.id_to_token(1) == "[unused0]"
    assert wordpiece.id_to_token(99) == "[unused98]"


def test_every_letter_digit_and_jamo_is_there_plain_and_continuing(wordpiece: Tokenizer) -> None:
    vocab = wordpiece.get_vocab()
    assert len(REQUIRED_CHARACTERS) == 26 + 10 + 19 + 21 + 27
    assert [c for c in REQUIRED_CHARACTERS if c not in vocab or f"##{c}" not in vocab] == []


@pytest.mark.parametrize("text", ["안녕하세요", "값닭읊뷁", "Zxqvjkw", "1984", "Ünïcödé", "don't stop"])
def test_unseen_words_become_pieces(wordpiece: Tokenizer, text: str) -> None:
    assert "[UNK]" not in wordpiece.encode(text).tokens


def test_byte_level_bpe_gives_any_text_back(byte_level_bpe: Tokenizer) -> None:
    for text in ("안녕하세요 👩‍👩‍👧", "  two  spaces\n\ttab", "Ünïcödé"):
        assert byte_level_bpe.decode(byte_level_bpe.encode(text).ids) == text
    assert byte_level_bpe.token_to_id("<|endoftext|>") == 0


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_saved_tokenizers_load_in_transformers(
    kind: str, wordpiece: Tokenizer, byte_level_bpe: Tokenizer, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    own = wordpiece if kind == "bert" else byte_level_bpe
    save_for_transformers(own, kind, 64, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("The fox slept, 안녕!", "An unseen Word"):
        assert loaded(text)["input_ids"] == own.encode(text).ids
    assert loaded.model_max_length == 64
    if kind == "bert":
        assert (loaded.mask_token_id, loaded.cls_token_id, loaded.pad_token_id) == (103, 101, 0)
        assert loaded("one", "two")["token_type_ids"][-1] == 1
    else:
        assert loaded.eos_token_id == 0


@pytest.fixture(scope="module")
def korean() -> Tokenizer:
    texts = [
        "엄마가 아이에게 사과를 주었어요.",
        "아이는 사과를 먹었어요. 정말 맛있었어요! ㅋㅋ",
        "강아지가 공원에서 뛰어요.",
    ] * 3
    return train_wordpiece(texts, 5100, "ko")


def test_the_common_syllables_are_tokens_alone_and_within_a_word(korean: Tokenizer) -> None:
    assert len(COMMON_SYLLABLES) == 2350  # KS X 1001
    assert (COMMON_SYLLABLES[0], COMMON_SYLLABLES[-1]) == ("가", "힝")
    assert not {"뷁", "똠", "햏", "쌰"} & set(COMMON_SYLLABLES)  # known to be missing from the standard
    vocab = korean.get_vocab()
    characters = [*COMMON_SYLLABLES, *COMPATIBILITY_JAMO]
    assert [c for c in characters if c not in vocab or f"##{c}" not in vocab] == []
    assert {token: korean.token_to_id(token) for token in BERT_SPECIAL_IDS} == BERT_SPECIAL_IDS


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_syllable_stays_a_syllable(form: str, korean: Tokenizer, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    save_for_transformers(korean, "bert", 64, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for word in ("안녕하세요", "먹었어요", "값닭읊", "ㅋㅋㅠ"):
        given = unicodedata.normalize(form, word)
        tokens = korean.encode(given, add_special_tokens=False).tokens
        assert loaded.tokenize(given) == tokens
        assert "".join(token.removeprefix("##") for token in tokens) == word
        assert unicodedata.is_normalized("NFC", "".join(tokens))
        assert loaded.decode(loaded(given)["input_ids"], skip_special_tokens=True) == word


def test_a_word_with_another_syllable_is_unknown_as_a_whole(korean: Tokenizer) -> None:
    assert korean.encode("뷁어요 사과", add_special_tokens=False).tokens[0] == "[UNK]"
    # words: 뷁어요, 사과를, 먹었어요, .
    assert unknown_share(korean, ["뷁어요 사과를 먹었어요."]) == 1 / 4
    assert unknown_share(korean, ["사과를 먹었어요."]) == unknown_share(korean, [""]) == 0


@pytest.mark.parametrize(
    "text", ["", "👩‍👩‍👧", "שלום עולם", "<script>alert(1)</script>", "가" * 20_000, "ABC 123"]
)
def test_odd_text_is_read_without_an_error(korean: Tokenizer, text: str) -> None:
    tokens = korean.encode(text, add_special_tokens=False).tokens
    assert (tokens == []) == (text == "")


def test_a_vocabulary_without_room_for_its_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="no room for an alphabet of"):
        train_wordpiece(["아이"], 2048, "ko")


def test_continuing_tokens_are_those_with_the_mark(wordpiece: Tokenizer, tmp_path: Path) -> None:
    wordpiece.save(str(tmp_path / "vocabulary.json"))
    continues = continuing_tokens(tmp_path / "vocabulary.json")
    assert continues.shape == (wordpiece.get_vocab_size(),)
    assert continues[wordpiece.token_to_id("##a")]
    assert not continues[[wordpiece.token_to_id("a"), wordpiece.token_to_id("#"), 0, 103]].any()
