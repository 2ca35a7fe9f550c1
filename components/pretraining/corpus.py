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
    """One corpus file: its name without suffix, and how often each epoch goes through it."""

    name: str
    repeats: int = 1

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Read ``name`` or ``name:repeats``.

        >>> Source.parse("simple_stories_en:3")
        Source(name='simple_stories_en', repeats=3)
        """
        name, _, repeats = text.partition(":")
        if not name or (repeats and not repeats.isdigit()) or repeats == "0":
            raise CorpusError(f"source {text!r}: write NAME or NAME:REPEATS, with REPEATS at least 1")
        return cls(name, int(repeats or 1))


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
    digest = hashlib.sha256(" ".join(title.lower().split()).encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent


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
            document = Document(text, source.name, source.repeats)
            (held_out if is_held_out(document.title) else train).append(document)
    return train, held_out
