"""Words, in English and Korean. Every word a reader sees lives in ``assets/text/<language>``."""

import csv
import re
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


LOCAL = "local:"
"""What the name of a reader's own model folder begins with, in links and lists; a sentence calls the folder by its name alone."""


def _in_words(slot: str, value: object) -> str:
    """Return what a sentence shows in a slot."""
    return str(value).removeprefix(LOCAL) if slot in ("model", "name") else str(value)


def t(table: str, key: str, /, **slots: object) -> str:
    """Return one label; ``$name`` slots are filled from the keywords.

    Raises:
        KeyError: the label does not exist in the language in force.
    """
    return Template(_words(language())[table][key]).substitute({k: _in_words(k, v) for k, v in slots.items()})


# What Streamlit's Markdown reads as something else: emphasis, code, links, formulas, directives and emoji names, tables;
# a heading, a list or a quotation at the beginning of a line; arrows and dashes; an address.
_MARKS = re.compile(r"[\\`*_\[\]<>$~:|^&#]|^\s*(?:[-+=]|\d+[.)])", re.MULTILINE)
_JOINED = re.compile(r"(?<=[-<>=~])(?=[-<>=])|(?<=http)(?=s?:)|(?<=:)(?=material/)|(?<=www)(?=\.)|(?=@)")
_NOTHING = "\u2060"


def literal(text: str) -> str:
    """Return Markdown that Streamlit shows as ``text`` is typed: no emphasis, formula, emoji, link or list.

    >>> print(literal("*a* $x$ :smile: [x](y)"))
    \\*a\\* \\$x\\$ \\:smile\\: \\[x\\](y)

    A sign that shows as nothing (U+2060) keeps apart what no backslash can: ``->`` and addresses.
    """
    apart = _JOINED.sub(_NOTHING, text.strip())
    return _MARKS.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], apart)


def told(table: str, key: str, /, **slots: object) -> str:
    """Return one label for a message of Streamlit's (``st.warning``, ``st.markdown`` ...), its slots shown as typed."""
    return t(table, key, **{slot: literal(_in_words(slot, value)) for slot, value in slots.items()})


def in_every_language(table: str, key: str) -> dict[str, str]:
    """Return one label without slots in every language, for what is made once and shown in any."""
    return {lang: str(_words(lang)[table][key]) for lang in LANGUAGES}


def labels(table: str, *, mask: str = "[MASK]") -> dict[str, str]:
    """Return a whole table of labels, for an element that words itself in the browser; the mask token is called ``mask``."""
    found = _words(language())[table].items()
    return {key: with_mask(value, mask) for key, value in found if isinstance(value, str)}


def with_mask(text: str, mask: str) -> str:
    """Return words of ours about BERT's [MASK] with the name that another model has for it.

    >>> with_mask("replaced by [MASK]", "<mask>")
    'replaced by <mask>'
    """
    return text.replace("[MASK]", mask)


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


_PLACES = {
    "and": re.compile(r"(?<=\d) and ()"),
    "section": re.compile(r"section ([\d.]+)"),
    "appendix": re.compile(r"appendix ([A-Z])"),
    "table": re.compile(r"Tables? (?=\d)()"),
    "figure": re.compile(r"Figures? (?=\d)()"),
    "algorithm": re.compile(r"algorithm (?=\d)()"),
    "to": re.compile(r"(?<=\d) to (?=\d)()"),
    "convention": re.compile(r"conventional date()"),
}


def cited(source: str) -> str:
    """Return a paper and the place in it, written in English ("Devlin et al. 2019, section 3.1"), in the reader's language."""
    if language() != "en":
        for name, place in _PLACES.items():
            source = place.sub(lambda found, name=name: t("layout", f"cited_{name}", n=found[1]), source)  # type: ignore[misc]
    return source
