"""The reader's own words: a table of words and counts, or a text to count words in."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.elements.tokens.word_table import word_table
from components.lessons.tokens import word_training
from components.lm.tokens.words import MAX_TEXT_BYTES, InputProblem, count_words, decode_text
from components.shell import links
from components.shell.held import held, too_long_note
from components.words import t, told


def word_editor() -> None:
    """A button beside the source: the table for a table, the text for anything else."""
    if st.session_state["bpe_source"] != "text" or st.session_state["bpe_text"].strip():
        st.session_state["_bpe_source"] = st.session_state["bpe_source"]
    for key, source in (("bpe_words", "table"), ("bpe_text", "text")):
        links.name_field(key, t("bpe", f"source_{source}"))
    if st.session_state["bpe_source"] == "table":
        table = st.popover(
            t("bpe", "edit_table"),
            icon=":material/table_edit:",
            width="stretch",
            on_change="rerun",
            key="bpe_table_open",
        )
        if table.open:
            with table:
                _table()
    elif st.button(t("bpe", "paste_text"), icon=":material/content_paste:", width="stretch", key="bpe_paste"):
        _text_dialog()
    if st.session_state.pop("_bpe_ask_text", False):  # chosen as the source while there is none
        _text_dialog()


def text_note() -> None:
    """Say below the row of controls, as wide as the page, that the reader's text does not travel in the link."""
    if st.session_state["bpe_source"] == "text" and "bpe_text" in links.too_long():
        too_long_note("bpe_text")


def _table() -> None:
    """The table; it keeps what is typed until something else changes the words."""
    state = st.session_state
    held = state.setdefault("_bpe_table", {"rev": 0, "rows": None})
    if held["rows"] != state["bpe_words"]:
        held["rev"], held["rows"] = held["rev"] + 1, state["bpe_words"]
    given = word_training.rows(state["bpe_words"])
    word_table(given, rev=held["rev"], wrong=word_training.wrong_rows(given), on_rows=_typed)
    st.caption(t("bpe", "table_help"))
    st.button(t("bpe", "table_reset"), key="bpe_table_reset", on_click=_reset)


def _typed(words: list[list[Any]]) -> None:
    st.session_state["_bpe_table"]["rows"] = words
    links.put("bpe_words", words)
    word_training.table_edited()


def _reset() -> None:
    links.put("bpe_words", word_training.TOY)
    word_training.table_edited()


@st.dialog(" ", width="large")
def _text_dialog() -> None:
    """Paste a text or open a file; its words are counted."""
    st.markdown(f"**{t('bpe', 'text_title')}**")
    upload = st.file_uploader(t("bpe", "text_file"), type=["txt", "md", "csv"], key="bpe_file")
    typed = st.text_area(
        t("bpe", "text_typed"),
        value=st.session_state["bpe_text"],
        height=260,
        key="bpe_typed",
        disabled=upload is not None,
    )
    st.caption(told("bpe", "text_limit", limit=f"{MAX_TEXT_BYTES // 1000:,} kB"))
    if st.button(t("bpe", "text_use"), type="primary", key="bpe_use"):
        try:
            text = decode_text(upload.getvalue()) if upload is not None else typed
            count_words(text)
        except InputProblem as found:
            word_training.show_problems(found)
            return
        word_training.use_text(text)
        st.rerun()


def source_choice(
    place: DeltaGenerator, changed: Callable[[], object] = word_training.words_changed, label: str = ""
) -> None:
    """Where the words to learn from come from."""
    held(place).selectbox(
        label or t("bpe", "source"),
        word_training.SOURCES,
        key="bpe_source",
        format_func=lambda source: t("bpe", f"source_{source}"),
        on_change=changed,
    )
