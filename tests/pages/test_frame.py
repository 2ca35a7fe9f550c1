"""The frame outlives its pages."""

import json
from itertools import pairwise

import pytest
from streamlit.testing.v1 import AppTest

from components import words
from components.words import literal
from tests.browser.views import PAGES
from tests.pages.conftest import Open


def _broken() -> None:
    """An app whose page fails (runs as a script of its own)."""
    import streamlit as st

    from components.shell import links
    from components.shell.layout import run_page

    class Page:
        def run(self) -> None:
            links.open_view("x/y", links.Text("text", "hello"))
            st.text_input("text", key="text")
            raise ValueError("a reason")

    links.open_frame()
    st.title("frame")
    run_page(Page())


def test_a_failing_page_shows_its_error_in_its_place() -> None:
    at = AppTest.from_function(_broken)
    at.query_params["text"] = "kept"
    at.run()
    assert not at.exception
    assert at.title[0].value == "frame"
    assert at.text_input[0].value == "kept"
    assert "a reason" in at.error[0].value


@pytest.mark.parametrize("word", ["*a*", "$x$ y", ":smile:", "[x](y)"])
def test_a_readers_text_in_a_message_is_no_markdown(open_page: Open, word: str) -> None:
    at = open_page("bert/contextual", word=word)
    assert literal(word) in at.info[0].value
    at = open_page("tokens/bpe", bpe_words=json.dumps([[word, 1], [word, 2]]))
    assert literal(word) in at.warning[0].value


def test_every_page_leads_to_the_next(open_page: Open) -> None:
    """The lecture walks on from page to page, to the last; the browser's test goes the beginning of that way."""
    at = open_page(PAGES[1])
    for here, there in pairwise([*PAGES[1:], None]):
        at.switch_page(f"pages/{here}.py").run()
        links = [(link.proto.page, link.proto.label) for link in at.get("page_link")]
        after = [
            (page, label) for page, label in links if label.endswith(" →")
        ]  # a page may have links of its own
        with_title = [] if there is None else [(there.replace("/", "-"), f"{words.t(there, 'title')} →")]
        assert after == with_title, here
