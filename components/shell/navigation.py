"""The table of contents: which pages exist, in which order, and how one leads to the next."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from components.words import t

PAGES = Path(__file__).parents[2] / "pages"

FAVICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>"
    "<rect x='3' y='3' width='26' height='26' rx='6' fill='none' stroke='%230B62A6' stroke-width='3'/>"
    "<rect x='8' y='17' width='4' height='7' fill='%230B62A6'/><rect x='14' y='9' width='4' height='15' fill='%230B62A6'/>"
    "<rect x='20' y='13' width='4' height='11' fill='%23B8420F'/></svg>"
)


@dataclass(frozen=True)
class Lesson:
    """One page: ``name`` is chapter and file (``gpt/generation``); the address is ``gpt-generation``.

    ``minutes`` is about how long a lecturer needs for it: a plan, not a measurement.
    """

    name: str
    page: Any  # st.Page; Streamlit exports the function, not the class
    chapter: str = ""
    minutes: int = 10

    @property
    def url_path(self) -> str:
        return self.name.replace("/", "-")

    @property
    def title(self) -> str:
        return t(self.name, "title")

    @property
    def question(self) -> str:
        return t(self.name, "question")


def lesson(name: str, *, icon: str, minutes: int = 10, default: bool = False) -> Lesson:
    """Declare a page; its title and its one question are in ``assets/text/<language>/<name>.toml``."""
    # A page notes whether it may run, once a run: every run of every reader gets a copy of its own.
    page = copy.copy(_page(name, t(name, "title"), t(name, "question"), icon, default))
    return Lesson(name, page, minutes=minutes)


@cache
def _page(name: str, title: str, question: str, icon: str, default: bool) -> Any:
    """Make a page of the menu; each looks for its file, and with all of them that is a fifth of what a run costs."""
    return st.Page(
        PAGES / f"{name}.py",
        title=title,
        icon=f":material/{icon}:",
        url_path=name.replace("/", "-"),
        default=default,
        help=question,
    )


def contents(home: Lesson, chapters: Mapping[str, Sequence[Lesson]]) -> Any:
    """Show the menu and return the page to run.

    Args:
        home: the page at the root address.
        chapters: chapter key (worded in ``[nav]``) -> its pages, in lecture order.
    """
    shown = {chapter: list(lessons) for chapter, lessons in chapters.items() if lessons}
    st.session_state["_lessons"] = [
        replace(item, chapter=chapter) for chapter, lessons in shown.items() for item in lessons
    ]
    st.session_state["_home"] = home
    menu = {"": [home.page]} | {
        t("nav", chapter): [item.page for item in lessons] for chapter, lessons in shown.items()
    }
    return st.navigation(menu, position="top")


def lessons() -> list[Lesson]:
    """Return every page in lecture order, without the home page."""
    return list(st.session_state.get("_lessons", []))


def home() -> Lesson:
    """Return the home page."""
    found: Lesson = st.session_state["_home"]
    return found


def neighbours(name: str) -> tuple[Lesson, Lesson | None]:
    """Return the page before ``name`` (the home page before the first) and the one after, if any."""
    order = lessons()
    at = [item.name for item in order].index(name)
    return (order[at - 1] if at else home()), (order[at + 1] if at + 1 < len(order) else None)
