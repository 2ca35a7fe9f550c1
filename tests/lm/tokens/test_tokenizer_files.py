"""Tokenizers read without torch give what transformers gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.lm.checkpoints.tokenizer_folder import has_tokenizer
from components.lm.tokens.tokenizations import by_pretrained, call_pretrained
from components.lm.tokens.tokenizer_files import NoTokenizer, read_tokenizer
from components.lm.tokens.words import InputProblem
from tests.lm.tokens.released_vocabularies import FOLDER, needs_vocabularies, varied_lines

ROOT = Path(__file__).parents[3]
POCKET_GPT = ROOT / "assets" / "models" / "pocket-gpt"
TEXTS = [
    "",
    " ",
    "I love NLP!",
    "안녕하세요 👩‍👩‍👦",
    "e\u0301é",
    "<|endoftext|> a",
    "low\n\tlowest  x",
    "[SEP] [MASK]",
]


def same(folder: Path, auto: Any) -> None:
    file = read_tokenizer(folder)
    tokenizer = auto.from_pretrained(str(folder))
    for text in TEXTS:
        mine, theirs = file.tokenization(text), by_pretrained(text, tokenizer)
        assert [one.token_id for one in mine.tokens] == [one.token_id for one in theirs.tokens], text
        assert [one.token for one in mine.tokens] == [one.token for one in theirs.tokens]
        assert [one.unknown for one in mine.tokens] == [one.unknown for one in theirs.tokens]
        assert mine.segments == theirs.segments
        if text:
            assert file.call(text) == call_pretrained(tokenizer, text)
            assert file.call(text, "a pair") == call_pretrained(tokenizer, text, "a pair")


def test_pocket_gpt() -> None:
    from transformers import AutoTokenizer

    same(POCKET_GPT, AutoTokenizer)
    file = read_tokenizer(POCKET_GPT)
    assert (file.kind, file.unknown, file.byte_level, file.token_types) == ("bpe", None, True, False)


def test_a_bert(tiny_bert_folder: Path) -> None:
    from transformers import AutoTokenizer

    same(tiny_bert_folder, AutoTokenizer)
    file = read_tokenizer(tiny_bert_folder)
    assert (file.kind, file.unknown, file.token_types) == ("wordpiece", "[UNK]", True)
    model = file.wordpiece()
    for text in ("the newest lamp", "playing!", "안녕하세요", "zzz ☃"):
        mine = [piece for word in file.words(text) for piece in model.pieces(word)]
        assert mine == [one.token for one in file.tokenization(text).tokens]
    assert file.tokens([2, 3, 10**9, -1]) == ("[CLS]", "[SEP]", None, None)


def test_a_small_vocab_txt(tmp_path: Path) -> None:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "low", "##est", "n", "##l", "##p", "!"]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    file = read_tokenizer(tmp_path)
    assert has_tokenizer(tmp_path)
    called = file.call("Lowest NLP!", "fast")
    assert called.tokens == ("[CLS]", "low", "##est", "n", "##l", "##p", "!", "[SEP]", "[UNK]", "[SEP]")
    assert called.input_ids == (2, 5, 6, 7, 8, 9, 10, 3, 1, 3)
    assert called.token_type_ids == (0,) * 8 + (1, 1)
    assert called.attention_mask == (1,) * 10
    unknown = file.tokenization("low fast").tokens[1]
    assert (unknown.token, unknown.text, unknown.unknown) == ("[UNK]", "fast", True)


def test_no_tokenizer_and_a_broken_one(tmp_path: Path) -> None:
    assert not has_tokenizer(tmp_path)
    with pytest.raises(NoTokenizer, match=r"tokenizer\.json"):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NoTokenizer):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.txt").write_text("low\n", encoding="utf-8")
    with pytest.raises(NoTokenizer, match="lacks"):
        read_tokenizer(tmp_path)


def test_half_a_character_is_told() -> None:
    with pytest.raises(InputProblem):
        read_tokenizer(POCKET_GPT).tokenization("\ud800")


def test_neither_torch_nor_transformers_is_imported() -> None:
    program = (
        "import sys; from pathlib import Path; from components.lm.tokens.tokenizer_files import read_tokenizer\n"
        f"read_tokenizer(Path({str(POCKET_GPT)!r})).call('low')\n"
        "assert not {'torch', 'transformers', 'streamlit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@needs_vocabularies
def test_the_call_of_the_course() -> None:
    file = read_tokenizer(FOLDER / "bert-base-uncased")
    called = file.call("I love NLP!")
    assert called.input_ids == (101, 1045, 2293, 17953, 2361, 999, 102)
    assert called.token_type_ids == (0,) * 7
    assert called.attention_mask == (1,) * 7
    assert file.tokens(called.input_ids) == ("[CLS]", "i", "love", "nl", "##p", "!", "[SEP]")
    model = file.wordpiece()
    for line in varied_lines(200):
        if (
            "[" in line
        ):  # special tokens written out are kept whole by the library and cut by the word encoder
            continue
        mine = [piece for word in file.words(line) for piece in model.pieces(word)]
        assert mine == [one.token for one in file.tokenization(line).tokens]
    assert json.dumps(called.input_ids)
