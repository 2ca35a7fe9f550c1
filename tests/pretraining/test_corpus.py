"""Reading a corpus: documents, clear errors that name the file, and what is held out."""

import lzma
from pathlib import Path

import pytest

from components.pretraining.__main__ import DEFAULT_SOURCES, main
from components.pretraining.corpus import (
    CorpusError,
    Source,
    corpus_files,
    corpus_sha256,
    is_held_out,
    read_corpus,
    read_documents,
)


def test_documents_are_split_at_the_marker_only(tmp_path: Path) -> None:
    path = tmp_path / "tales.txt"
    path.write_text(
        "One.\n\nStill one.\n<|endoftext|>\nTwo says <|endoftext|> aloud.\n<|endoftext|>\n\n", "utf-8"
    )
    assert read_documents(path) == ["One.\n\nStill one.", "Two says <|endoftext|> aloud."]


def test_xz_and_plain_files_give_the_same_documents(tmp_path: Path) -> None:
    text = "어느 날.\n<|endoftext|>\nTwo."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "b.txt.xz").write_bytes(lzma.compress(text.encode()))
    files = corpus_files(tmp_path)
    assert list(files) == ["a", "b"]
    assert read_documents(files["a"]) == read_documents(files["b"]) == ["어느 날.", "Two."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"A good start \xff and then not.", "not valid UTF-8 at byte 13"),
        (b"", "the file is empty"),
        (b" \n\n ", "the file is empty"),
        (b"<|endoftext|>\n<|endoftext|>\n", "no document"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_unusable_file_is_named(tmp_path: Path, content: bytes, reason: str, compressed: bool) -> None:
    path = tmp_path / ("bad.txt.xz" if compressed else "bad.txt")
    path.write_bytes(lzma.compress(content) if compressed else content)
    with pytest.raises(CorpusError, match=reason) as caught:
        read_documents(path)
    assert str(path) in str(caught.value)


def test_cut_off_xz_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt.xz"
    path.write_bytes(lzma.compress(b"words " * 1000)[:-20])
    with pytest.raises(CorpusError, match=r"cut\.txt\.xz: not a complete xz file"):
        read_documents(path)


def test_missing_names_and_empty_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no"):
        read_corpus(tmp_path, [Source("tales")])
    (tmp_path / "tales.txt").write_text("One.", encoding="utf-8")
    with pytest.raises(CorpusError, match="no file for fables; it holds tales"):
        read_corpus(tmp_path, [Source("fables")])
    with pytest.raises(CorpusError, match="no such folder"):
        corpus_files(tmp_path / "nowhere")


def test_the_program_says_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "simple_stories_en.txt").write_bytes(b"\xc3")
    for source in DEFAULT_SOURCES["en"][1:]:
        (tmp_path / f"{Source.parse(source).name}.txt").write_text("One.", encoding="utf-8")
    assert main(["--work", str(tmp_path / "work"), "tokenizers", "--corpus", str(tmp_path)]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert "simple_stories_en.txt: not valid UTF-8 at byte 0" in message


def test_a_title_is_held_out_in_every_file_or_in_none(tmp_path: Path) -> None:
    titles = [f"Title {i}" for i in range(3000)]
    for name in ("leads", "articles"):
        text = "\n<|endoftext|>\n".join(f"{title}\n\nText of the {name}." for title in titles)
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    train, held_out = read_corpus(tmp_path, [Source("leads"), Source("articles", 2)])
    assert not {document.title for document in train} & {document.title for document in held_out}
    # 2% of 3,000 titles: 60, standard deviation 7.7; five of them either way
    assert 22 <= len({document.title for document in held_out}) <= 98
    assert {document.repeats for document in train if document.source == "articles"} == {2}


def test_held_out_ignores_case_and_spaces() -> None:
    kept = next(f"Some Title {i}" for i in range(1000) if is_held_out(f"Some Title {i}"))
    assert is_held_out(kept.upper().replace(" ", "  "))


def test_exact_copies_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "tales.txt").write_text(
        "Same.\n<|endoftext|>\nSame.\n<|endoftext|>\nOther.", encoding="utf-8"
    )
    train, held_out = read_corpus(tmp_path, [Source("tales")])
    assert sorted(document.text for document in [*train, *held_out]) == ["Other.", "Same."]


@pytest.mark.parametrize(
    "text", ["", ":2", "tales:0", "tales:x", "tales:1.5", "tales:-1", "tales:inf", "tales:nan"]
)
def test_source_option_is_checked(text: str) -> None:
    with pytest.raises(CorpusError, match="NAME"):
        Source.parse(text)


def test_a_share_of_a_file_is_always_the_same_documents(corpus_folder: Path) -> None:
    everything, held_out = read_corpus(corpus_folder, [Source("tales")])
    some, held_out_too = read_corpus(corpus_folder, [Source("tales", 0.25)])
    more, _ = read_corpus(corpus_folder, [Source("tales", 0.5)])
    texts = {document.text for document in everything}
    chosen = {document.text for document in some}
    assert chosen < {document.text for document in more} < texts
    assert {document.repeats for document in some} == {1}
    assert held_out_too == held_out  # measuring never depends on the mixture
    share = len(chosen) / len(texts)
    assert abs(share - 0.25) < 5 * (0.25 * 0.75 / len(texts)) ** 0.5  # five standard deviations


def test_the_text_is_named_by_its_documents_not_by_its_file(tmp_path: Path) -> None:
    text = "One\n\nA hen.\n<|endoftext|>\nTwo\n\nA fox.\n"
    for name, form in (("plain", text), ("packed", text), ("other", text.replace("hen", "cat"))):
        (tmp_path / name).mkdir()
        if name == "packed":
            (tmp_path / name / "tales.txt.xz").write_bytes(lzma.compress(form.encode()))
        else:
            (tmp_path / name / "tales.txt").write_text(form, encoding="utf-8")
    plain, packed, other = (
        corpus_sha256(tmp_path / name, [Source("tales")])["tales"] for name in ("plain", "packed", "other")
    )
    assert plain == packed != other
