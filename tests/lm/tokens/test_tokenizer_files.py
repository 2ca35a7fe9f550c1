"""Tokenizers read without torch give what transformers gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.lm.checkpoints.tokenizer_folder import has_tokenizer
from components.lm.tokens.tokenizer_files import NoTokenizer, kind_of, read_tokenizer
from components.lm.tokens.words import InputProblem
from tests.lm.families import CAUSAL, MASKED, UNSUPPORTED, Families
from tests.lm.families import merges as byte_level_merges
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


def same(folder: Path, tokenizer: Any = None) -> None:
    """What is read from a folder is what transformers reads, called as anybody would call it."""
    from transformers import AutoTokenizer

    tokenizer = tokenizer or AutoTokenizer.from_pretrained(str(folder))
    file = read_tokenizer(folder)
    assert file.vocab_size == len(tokenizer)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        mine = file.tokenization(text)
        assert [one.token_id for one in mine.tokens] == ids, text
        assert [one.token for one in mine.tokens] == tokenizer.convert_ids_to_tokens(ids)
        unknown = tokenizer.unk_token if not file.byte_level else None
        assert [one.unknown for one in mine.tokens] == [one.token == unknown for one in mine.tokens]
        for pair in (None, "", "a pair"):
            theirs = tokenizer(text, pair) if pair is not None else tokenizer(text)
            called = file.call(text, pair)
            assert list(called.input_ids) == theirs["input_ids"]
            assert list(called.tokens) == tokenizer.convert_ids_to_tokens(theirs["input_ids"])
            assert list(called.token_type_ids) == theirs.get("token_type_ids", [])
            assert list(called.attention_mask) == theirs["attention_mask"]


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL, *UNSUPPORTED])
def test_every_family(families: Families, name: str) -> None:
    same(families.folder(name))


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2", "albert", "llama-closing"])
def test_a_folder_of_a_tokenizer_alone(families: Families, name: str, tmp_path: Path) -> None:
    for file in families.folder(name).glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    same(tmp_path)


def two_files(folder: Path, settings: dict[str, Any]) -> Path:
    """A folder of the older kind: vocab.json and merges.txt, the special tokens of RoBERTa at the end."""
    vocab, merges = byte_level_merges(())
    for token in ("<s>", "<pad>", "</s>", "<unk>", "<mask>"):
        vocab[token] = len(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    lines = "\n".join(" ".join(pair) for pair in merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def test_two_files_with_the_frame_of_their_class(tmp_path: Path) -> None:
    folder = two_files(tmp_path, {"tokenizer_class": "RobertaTokenizer"})
    same(folder)
    file = read_tokenizer(folder)
    called = file.call("Hi there")
    assert (called.tokens[0], called.tokens[-1]) == ("<s>", "</s>")
    names = [one.token for one in file.tokenization("Lisbon is the <mask> of Portugal.").tokens]
    assert names.count("<mask>") == 1


@pytest.mark.parametrize(
    "settings", [{"add_prefix_space": True}, {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}]
)
def test_a_space_in_front_is_a_setting(tmp_path: Path, settings: dict[str, Any]) -> None:
    from transformers import GPT2Tokenizer

    folder = two_files(tmp_path, settings)
    same(folder, GPT2Tokenizer.from_pretrained(str(folder)))
    text = "".join(one.token for one in read_tokenizer(folder).tokenization("Hello world").tokens)
    assert text == "ĠHelloĠworld"


def test_stored_truncation_and_padding_are_left_out(families: Families, tmp_path: Path) -> None:
    for file in families.folder("bert").glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    state = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    state["truncation"] = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
    state["padding"] = {
        "strategy": {"Fixed": 8},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
    file = read_tokenizer(tmp_path)
    assert len(file.tokenization("the girl gave the boy a ball").tokens) == 7
    assert len(file.call("a").tokens) == 3


def test_pocket_gpt() -> None:
    same(POCKET_GPT)
    file = read_tokenizer(POCKET_GPT)
    assert (file.kind, file.unknown, file.byte_level, file.token_types) == ("bpe", None, True, False)


@pytest.mark.parametrize("name", ["pocket-bert", "nano-bert", "nano-gpt"])
def test_the_other_bundled_models(name: str) -> None:
    same(ROOT / "assets" / "models" / name)


def test_a_bert(tiny_bert_folder: Path) -> None:
    same(tiny_bert_folder)
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


PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "i", "love", "nl", "##p", "!", "low", "##est"]


def test_a_wordpiece_call_is_our_own(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    file = read_tokenizer(tmp_path)
    cut = file.tokenization("I love lowest NLP 안!")
    assert [token.token for token in cut.tokens] == ["i", "love", "low", "##est", "nl", "##p", "[UNK]", "!"]
    assert cut.tokens[3].text == "est"
    assert [token.unknown for token in cut.tokens] == [False] * 6 + [True, False]
    assert (cut.segments, cut.vocab_size) == ((), len(PIECES))
    called = file.call("I love NLP!")
    assert called.tokens == ("[CLS]", "i", "love", "nl", "##p", "!", "[SEP]")
    assert called.input_ids == tuple(PIECES.index(token) for token in called.tokens)
    assert called.token_type_ids == (0,) * 7
    assert called.attention_mask == (1,) * 7
    assert file.call("I", "love").token_type_ids == (0, 0, 0, 1, 1)


def test_bytes_are_gathered_to_characters(families: Families) -> None:
    text = "lowest 안녕 e\u0301"
    for name in ("gpt2", "llama"):
        cut = read_tokenizer(families.folder(name)).tokenization(text)
        assert "".join(segment.text for segment in cut.segments).strip() == text
        assert "녕" in "".join(segment.text for segment in cut.segments)
        assert cut.num_unknown == 0


def test_byte_fallback(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocab = [("<unk>", 0.0), ("▁", -1.0), ("▁low", -1.5), ("est", -2.0)]
    vocab += [(f"<0x{byte:02X}>", -9.0) for byte in range(256)]
    backend = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>").save_pretrained(tmp_path)
    cut = read_tokenizer(tmp_path).tokenization("lowest 안")
    assert [token.token for token in cut.tokens] == ["▁low", "est", "▁", "<0xEC>", "<0x95>", "<0x88>"]
    assert [segment.text for segment in cut.segments] == [" low", "est", " ", "안"]
    assert [token.text for token in cut.tokens][:2] == [" low", "est"]


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL])
def test_the_kind_is_known_without_building(families: Families, name: str) -> None:
    folder = families.folder(name)
    assert kind_of(folder) == read_tokenizer(folder).kind


def test_the_kind_of_older_files(tmp_path: Path) -> None:
    assert kind_of(tmp_path) is None
    (tmp_path / "vocab.txt").write_text("low\n", encoding="utf-8")
    assert kind_of(tmp_path) is None
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    assert kind_of(tmp_path) == "wordpiece"
