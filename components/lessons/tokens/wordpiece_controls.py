"""What is set on the page "WordPiece and Unigram": the part, the words, and what belongs to each part."""

import streamlit as st

from components.lessons.tokens import wordpiece as wp
from components.lessons.tokens.word_editor import source_choice, text_note, word_editor
from components.lm.tokens.referee_race import MAX_MERGES, REFEREES
from components.shell import links
from components.shell.held import held
from components.words import t


def choose(part: str) -> None:
    """One row of controls; what is needed less often is behind "more"."""
    row = st.columns([3.2, 2.4, 1.3, 2.1, 1.3, 0.9], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t("wordpiece", "part"),
        wp.PARTS,
        key="wp_part",
        format_func=lambda name: t("wordpiece", f"part_{name}"),
        required=True,
        label_visibility="collapsed",
        on_change=links.moved,
    )
    source_choice(row[1], wp.words_changed)
    with row[2]:
        word_editor()
    if part == "encoding":
        held(row[3]).text_input(t("wordpiece", "text"), key="wp_text", on_change=wp.restart_match)
    elif part == "race":
        held(row[3]).segmented_control(
            t("wordpiece", "symbols"),
            wp.SYMBOLS,
            key="wp_symbols",
            format_func=lambda name: t("wordpiece", f"symbols_{name}"),
            required=True,
            help=t("wordpiece", "symbols_help"),
            on_change=wp.restart,
        )
    else:
        held(row[3]).text_input(t("wordpiece", "word"), key="wp_word", on_change=wp.redrawn)
        held().segmented_control(
            t("wordpiece", "uni_show"),
            wp.UNIGRAM_SHOWS,
            key="uni_show",
            required=True,
            label_visibility="collapsed",
            format_func=lambda name: t("wordpiece", f"uni_show_{name}"),
        )
    if part == "unigram":
        held(row[4]).number_input(
            t("wordpiece", "size"),
            1,
            2_000,
            key="uni_size",
            help=t("wordpiece", "size_help"),
            on_change=wp.restart,
        )
    else:
        held(row[4]).number_input(
            t("bpe", "num_merges"), 1, MAX_MERGES, key="wp_merges", on_change=wp.restart
        )
    with row[5].popover(t("layout", "more"), width="stretch"):
        if part == "race":
            held().text_input(t("wordpiece", "word"), key="wp_word", on_change=wp.redrawn)
        elif part == "encoding":
            vocabulary_choice()
        else:
            unigram_settings()
    text_note()


def vocabulary_choice() -> None:
    """Whose vocabulary encodes, and what the run on screen is trained with."""
    names = wp.vocabularies()
    state = st.session_state
    if state["wp_vocab"] not in names:
        state["wp_vocab"] = wp.RUN
    held().selectbox(
        t("wordpiece", "vocab"),
        names,
        key="wp_vocab",
        format_func=wp.vocabulary_name,
        help=t("wordpiece", "vocab_help"),
        on_change=wp.restart_match,
    )
    of_run = state["wp_vocab"] == wp.RUN
    held().radio(
        t("wordpiece", "referee"),
        REFEREES,
        key="wp_referee",
        format_func=lambda name: t("wordpiece", f"referee_{name}"),
        horizontal=True,
        disabled=not of_run,
        on_change=wp.restart_match,
    )
    held().radio(
        t("wordpiece", "symbols"),
        wp.SYMBOLS,
        key="wp_symbols",
        format_func=lambda name: t("wordpiece", f"symbols_{name}"),
        horizontal=True,
        disabled=not of_run,
        on_change=wp.restart_match,
    )


def unigram_settings() -> None:
    """EM rounds, and how random cuts are drawn."""
    held().number_input(
        t("wordpiece", "em_rounds"),
        1,
        4,
        key="uni_rounds",
        help=t("wordpiece", "em_rounds_help"),
        on_change=wp.restart,
    )
    held().number_input(
        t("wordpiece", "seed"),
        0,
        9_999,
        key="uni_seed",
        help=t("wordpiece", "seed_help"),
        on_change=wp.redrawn,
    )
    held().slider(
        t("wordpiece", "alpha"),
        0.0,
        4.0,
        step=0.05,
        key="uni_alpha",
        help=t("wordpiece", "alpha_help"),
        on_change=wp.redrawn,
    )
