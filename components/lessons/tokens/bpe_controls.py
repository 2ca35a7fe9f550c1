"""The controls above the board of "BPE, merge by merge": the words, how many merges, and who wins a tie."""

import streamlit as st

from components.lessons.tokens import word_training
from components.lessons.tokens.word_editor import source_choice, text_note, word_editor
from components.lm.tokens.bpe import MAX_MERGES
from components.shell.held import held
from components.shell.layout import controls
from components.words import t


def choices() -> None:
    """One row; where the mark of a word's end stands is behind "more"."""
    with controls():
        row = st.columns([1.7, 1.75, 1.25, 2.5, 1.35, 1.15], vertical_alignment="bottom")
        source_choice(row[0])
        with row[1]:
            word_editor()
        held(row[2]).number_input(
            t("bpe", "num_merges_most", most=f"{MAX_MERGES:,}"),
            1,
            MAX_MERGES,
            key="num_merges",
            help=t("bpe", "num_merges_help"),
        )
        held(row[3]).selectbox(
            t("bpe", "tie_rule"),
            word_training.RULES,
            key="tie_rule",
            format_func=lambda rule: t("bpe", f"rule_name_{rule}"),
            help=t("bpe", "tie_rule_help"),
            on_change=word_training.rules_changed,
        )
        held(row[4]).toggle(
            "`</w>`",
            key="end_of_word",
            help=t("bpe", "end_of_word_help"),
            on_change=word_training.rules_changed,
        )
        with row[5].popover(t("layout", "more"), width="stretch"):
            held().radio(
                t("bpe", "end_mark_place"),
                ("symbol", "suffix"),
                key="end_mark_place",
                format_func=lambda place: t("bpe", f"end_mark_{place}"),
                disabled=not st.session_state["end_of_word"],
                on_change=word_training.rules_changed,
                help=None if st.session_state["end_of_word"] else t("bpe", "end_mark_needs"),
            )
        text_note()
