"""Which files of a folder make a tokenizer, and whether they changed. Standard library only: lists of models ask it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

FILES = (("tokenizer.json",), ("vocab.txt",), ("vocab.json", "merges.txt"))
"""The files a tokenizer is read from, first choice first; :mod:`components.lm.tokens.tokenizer_files` reads them."""
SETTINGS = "tokenizer_config.json"


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds all files of a tokenizer that can be read."""
    return any(all((folder / name).is_file() for name in names) for names in FILES)


def tokenizer_digest(folder: Path) -> str:
    """SHA-256 (hexadecimal) of the files of a tokenizer, by name and content; computed anew when one changes."""
    names = sorted({SETTINGS, *(name for group in FILES for name in group)})
    paths = tuple(folder / name for name in names if (folder / name).is_file())
    return _digest(tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=64)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, size, _ in files:
        digest.update(f"{path.name} {size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
