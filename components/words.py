"""Words, in English and Korean. Every word a reader sees lives in ``assets/text/<language>``."""

import csv
import tomllib
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import streamlit as st

TEXT = Path(__file__).parents[1] / "assets" / "text"
LANGUAGES = ("en", "ko")


def browser_language() -> str:
    """Return the language to begin with: Korean for a browser that asks for it, else English."""
    return "ko" if (st.context.locale or "").lower().startswith("ko") else "en"


def language() -> str:
    """Return the language in force, ``en`` or ``ko``."""
    return str(st.session_state.get("lang", "en"))


@cache
def _words(lang: str) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for file in sorted((TEXT / lang).rglob("*.toml")):
        for table, entries in tomllib.loads(file.read_text(encoding="utf-8")).items():
            words.setdefault(table, {}).update(entries)
    return words


def t(table: str, key: str, /, **slots: object) -> str:
    """Return one label; ``$name`` slots are filled from the keywords.

    Raises:
        KeyError: the label does not exist in the language in force.
    """
    return Template(_words(language())[table][key]).substitute({k: str(v) for k, v in slots.items()})


def labels(table: str) -> dict[str, str]:
    """Return a whole table of labels, for an element that words itself in the browser."""
    return {key: value for key, value in _words(language())[table].items() if isinstance(value, str)}


@cache
def _prose(lang: str, page: str) -> str:
    return (TEXT / lang / f"{page}.md").read_text(encoding="utf-8")


def prose(page: str) -> str:
    """Return the longer text of a page (Markdown), named like the page: ``gpt/generation``."""
    return _prose(language(), page)


@cache
def _glossary(lang: str) -> dict[str, tuple[str, str]]:
    with (TEXT.parent / "facts" / "glossary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = "english" if lang == "en" else "korean"
    return {row["english"]: (row[shown], row[f"definition_{lang}"]) for row in rows}


def term(english: str) -> tuple[str, str]:
    """Return a term of the glossary as shown in this language, and its definition.

    Raises:
        KeyError: the glossary has no such term.
    """
    return _glossary(language())[english]
