"""Read a folder of text files as documents, and hold some of them out.

Format: UTF-8 text, plain (``.txt``) or xz-compressed (``.txt.xz``); a line ``<|endoftext|>`` stands between
documents, a blank line between paragraphs.
"""

import hashlib
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCUMENT_END = "<|endoftext|>"
HELD_OUT_PERCENT = 2


class CorpusError(ValueError):
    """A corpus file cannot be used; the message names the file and says why."""


@dataclass(frozen=True)
class Source:
    """One corpus file: its name without suffix, and how often each epoch goes through it; a part of its documents,
    always the same ones, where ``repeats`` is below 1."""

    name: str
    repeats: float = 1

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Read ``name`` or ``name:repeats``.

        >>> Source.parse("simple_stories_en:4"), Source.parse("reviews_ko:0.2")
        (Source(name='simple_stories_en', repeats=4), Source(name='reviews_ko', repeats=0.2))
        """
        name, _, text_repeats = text.partition(":")
        try:
            number = float(text_repeats or 1)
        except ValueError:
            number = 0.0
        if not name or not (0 < number < 1 or (number >= 1 and number.is_integer())):
            raise CorpusError(
                f"source {text!r}: write NAME or NAME:REPEATS, with REPEATS a whole number or a share below 1"
            )
        return cls(name, int(number) if number >= 1 else number)

    def takes(self, text: str) -> bool:
        """Whether a training document is used: all of them, or by a hash of its text a share of them."""
        if self.repeats >= 1:
            return True
        return _hash_number(text) < self.repeats * 2**64


@dataclass(frozen=True)
class Document:
    """One document and where it came from."""

    text: str
    source: str
    repeats: int = 1

    @property
    def title(self) -> str:
        """The first line; documents that share it are held out together."""
        return self.text.partition("\n")[0].strip()


def corpus_files(folder: Path) -> dict[str, Path]:
    """Name -> path of every text file of ``folder``; raises CorpusError when there is none."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        for suffix in (".txt", ".txt.xz"):
            if path.name.endswith(suffix):
                files[path.name.removesuffix(suffix)] = path
    if not files:
        raise CorpusError(f"{folder}: holds no .txt or .txt.xz file")
    return files


def read_documents(path: Path) -> list[str]:
    """Documents of one file, stripped, in file order. Raises CorpusError for an unusable file, naming it."""
    try:
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    except lzma.LZMAError as error:
        raise CorpusError(f"{path}: not a complete xz file ({error})") from error
    if not data.strip():
        raise CorpusError(f"{path}: the file is empty")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: not valid UTF-8 at byte {error.start} ({error.reason})") from error
    documents: list[list[str]] = [[]]
    for line in text.removeprefix("\ufeff").splitlines():
        if line.strip() == DOCUMENT_END:
            documents.append([])
        else:
            documents[-1].append(line)
    found = [document for lines in documents if (document := "\n".join(lines).strip())]
    if not found:
        raise CorpusError(f"{path}: holds no document, only {DOCUMENT_END} lines")
    return found


def is_held_out(title: str, percent: int = HELD_OUT_PERCENT) -> bool:
    """Whether documents of this title are kept for measuring: a fixed function of the title alone.

    So a title that occurs in two files never lands on both sides, and new files do not move old documents.
    """
    return _hash_number(" ".join(title.lower().split())) % 100 < percent


def _hash_number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def corpus_sha256(folder: Path, sources: Sequence[Source]) -> dict[str, str]:
    """Name -> SHA-256 of the documents of each file, in order: it names the text, however the file is compressed."""
    files = corpus_files(folder)
    digests = {}
    for source in sources:
        joined = f"\n{DOCUMENT_END}\n".join(read_documents(files[source.name]))
        digests[source.name] = hashlib.sha256(joined.encode("utf-8")).hexdigest()
    return digests


def read_corpus(folder: Path, sources: Sequence[Source]) -> tuple[list[Document], list[Document]]:
    """(training documents, held-out documents) of the named files; exact duplicates are dropped."""
    files = corpus_files(folder)
    missing = [source.name for source in sources if source.name not in files]
    if missing:
        raise CorpusError(f"{folder}: no file for {', '.join(missing)}; it holds {', '.join(files)}")
    seen: set[str] = set()
    train: list[Document] = []
    held_out: list[Document] = []
    for source in sources:
        for text in read_documents(files[source.name]):
            if text in seen:
                continue
            seen.add(text)
            document = Document(text, source.name, max(1, int(source.repeats)))
            if is_held_out(document.title):
                held_out.append(document)
            elif source.takes(text):
                train.append(document)
    return train, held_out
