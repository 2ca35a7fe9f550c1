"""The controls above the board of "Encode a word": the text, letters or bytes, and whose merges."""

import streamlit as st

from components.lessons.tokens import encode as page
from components.lessons.tokens import word_training
from components.lessons.tokens.word_editor import source_choice, text_note, word_editor
from components.lm.tokens.bpe import MAX_MERGES
from components.shell.held import held
from components.shell.layout import controls
from components.words import t


def choices(as_bytes: bool) -> None:
    """One row; what is needed less often is behind "more"."""
    with controls():
        row = st.columns([3, 1.9, 2.2, 1.3, 0.9], vertical_alignment="bottom")
        held(row[0]).text_input(t("encode", "text"), key="encode_text", live="300ms", on_change=page.restart)
        held(row[1]).segmented_control(
            t("encode", "view"),
            ("letters", "bytes"),
            key="encode_view",
            required=True,
            format_func=lambda view: t("encode", f"view_{view}"),
            on_change=page.restart,
        )
        if as_bytes:
            held(row[2]).selectbox(
                t("encode", "byte_merges"),
                ("pocket-gpt", "same_words"),
                key="byte_merges",
                format_func=lambda merges: t("encode", f"byte_merges_{merges.replace('-', '_')}"),
                on_change=page.restart,
            )
            held(row[3]).toggle(
                t("encode", "hexadecimal"), key="hexadecimal", help=t("encode", "hexadecimal_help")
            )
        else:
            source_choice(row[2], label=t("encode", "source"))
            held(row[3]).number_input(
                t("bpe", "num_merges"), 1, MAX_MERGES, key="num_merges", on_change=page.restart
            )
        with row[4].popover(t("layout", "more"), width="stretch"):
            more_settings(as_bytes)
        text_note()


def more_settings(as_bytes: bool) -> None:
    """Controls behind "more": the normal form of bytes, or how the merges of letters were learned."""
    if as_bytes:
        held().radio(
            t("encode", "normal_form"),
            page.FORMS,
            key="normal_form",
            format_func=lambda form: t("encode", f"form_{form}"),
            help=t("encode", "normal_form_help"),
            on_change=page.restart,
        )
        return
    held().toggle(
        "`</w>`", key="end_of_word", help=t("bpe", "end_of_word_help"), on_change=word_training.rules_changed
    )
    held().selectbox(
        t("bpe", "tie_rule"),
        word_training.RULES,
        key="tie_rule",
        format_func=lambda rule: t("bpe", f"rule_name_{rule}"),
        on_change=word_training.rules_changed,
    )
    word_editor()
