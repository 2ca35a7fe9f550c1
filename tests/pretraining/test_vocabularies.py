"""The tokenizers: special ids, a complete alphabet, no unknown words."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from components.pretraining.vocabularies import BERT_SPECIAL_IDS, REQUIRED_CHARACTERS, save_for_transformers


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
