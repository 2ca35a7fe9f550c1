"""A tiny corpus of our own, its tokenizers and packed text, shared by the tests of the pre-training program."""

import random
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from components.pretraining.corpus import Document
from components.pretraining.packing import PackedDocuments, pack_documents
from components.pretraining.vocabularies import train_byte_level_bpe, train_wordpiece


def tiny_story(seed: int) -> str:
    """A few simple sentences; the same seed gives the same story."""
    rng = random.Random(seed)
    who = ["the fox", "a small hen", "Mina", "the tailor", "old Bram", "the miller's cat"]
    did = [
        "found a red button",
        "walked to the well",
        "sang a song",
        "lost one shoe",
        "baked two loaves",
        "slept",
    ]
    where = ["in the barn", "by the river", "under the table", "near the hill", "at noon"]
    sentences = [
        f"{rng.choice(who)} {rng.choice(did)} {rng.choice(where)}{rng.choice('.!')}".capitalize()
        for _ in range(rng.randint(1, 9))
    ]
    return f"Story {seed}\n\n" + " ".join(sentences)


@pytest.fixture(scope="session")
def documents() -> list[Document]:
    return [Document(tiny_story(seed), "tales", repeats=1 + seed % 2) for seed in range(120)]


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of 600 documents: enough for some to be held out."""
    folder = tmp_path_factory.mktemp("corpus")
    text = "\n<|endoftext|>\n".join(tiny_story(seed) for seed in range(600))
    (folder / "tales.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def wordpiece(documents: list[Document]) -> Tokenizer:
    return train_wordpiece((document.text for document in documents), 512)


@pytest.fixture(scope="session")
def byte_level_bpe(documents: list[Document]) -> Tokenizer:
    return train_byte_level_bpe((document.text for document in documents), 400)


@pytest.fixture(scope="session")
def bert_packed(documents: list[Document], wordpiece: Tokenizer) -> PackedDocuments:
    return pack_documents(documents, wordpiece, by_sentence=True)


@pytest.fixture(scope="session")
def gpt_packed(documents: list[Document], byte_level_bpe: Tokenizer) -> PackedDocuments:
    return pack_documents(documents, byte_level_bpe, by_sentence=False)
