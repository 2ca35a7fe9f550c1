"""The reader's own words: a table of words and counts, or a text to count words in."""

from typing import Any

import pandas as pd
import streamlit as st

from components.lm.words import MAX_TEXT_BYTES, InputProblem, count_words, decode_text
from components.shell import bpe_page as bpe
from components.shell import links
from components.shell.i18n import t


def word_editor() -> None:
    """A button beside the source: the table for a table, the text for anything else."""
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
        else:
            st.session_state.pop("_bpe_table", None)
    elif st.button(t("bpe", "paste_text"), icon=":material/content_paste:", width="stretch", key="bpe_paste"):
        _text_dialog()


def _table() -> None:
    """The table. It starts from the words in force and is kept as long as it stays open."""
    state = st.session_state
    held = state.get("_bpe_table")
    if held is None or held["made"] != state["bpe_words"]:
        number = held["number"] + 1 if held else state.get("_bpe_tables", 0) + 1
        state["_bpe_tables"] = number
        pairs = bpe.rows(state["bpe_words"])
        counts = [count if isinstance(count, int) else None for _, count in pairs]
        start = pd.DataFrame(
            {
                "word": pd.Series([str(word) for word, _ in pairs], dtype="str"),
                "count": pd.Series(counts, dtype="Int64"),
            }
        )
        held = state["_bpe_table"] = {"number": number, "start": start, "made": state["bpe_words"]}
    edited = st.data_editor(
        held["start"],
        key=f"bpe_table_{held['number']}",
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        height=320,
        column_config={
            "word": st.column_config.TextColumn(t("bpe", "word"), width="medium"),
            "count": st.column_config.NumberColumn(t("bpe", "count"), step=1, width="small"),
        },
    )
    st.caption(t("bpe", "table_help"))
    words = [
        ["" if _missing(word) else str(word), None if _missing(count) else _whole(count)]
        for word, count in zip(edited["word"].tolist(), edited["count"].tolist(), strict=True)
        if not (_missing(word) and _missing(count))
    ]
    if words != state["bpe_words"]:
        held["made"] = words
        links.put("bpe_words", words)
        bpe.table_edited()
        st.rerun()
    if st.button(t("bpe", "table_reset"), key="bpe_table_reset"):
        links.put("bpe_words", bpe.TOY)
        bpe.table_edited()
        st.rerun()


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
    st.caption(t("bpe", "text_limit", limit=f"{MAX_TEXT_BYTES // 1000:,} kB"))
    if st.button(t("bpe", "text_use"), type="primary", key="bpe_use"):
        try:
            text = decode_text(upload.getvalue()) if upload is not None else typed
            count_words(text)
        except InputProblem as found:
            bpe.show_problems(found)
            return
        bpe.use_text(text)
        st.rerun()


def _missing(value: Any) -> bool:
    return bool(pd.isna(value)) or (isinstance(value, str) and not value.strip())


def _whole(value: Any) -> Any:
    """A count as a whole number where it is one; anything else stays for the check to name."""
    try:
        return int(value) if float(value) == int(value) else value
    except (TypeError, ValueError, OverflowError):
        return value
