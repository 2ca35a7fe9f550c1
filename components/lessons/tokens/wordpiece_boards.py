"""The three boards of "WordPiece and Unigram"; each draws its run and returns what the page gives away."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.tokens.match_board import match_board
from components.elements.tokens.referee_board import referee_board
from components.elements.tokens.unigram_board import unigram_board
from components.lessons.tokens import wordpiece as wp
from components.shell import links
from components.shell.layout import Export, caption, reading_aid, room
from components.words import t


def race() -> Export | None:
    """One corpus, three criteria: which pair each of them joins. None while it is trained or cannot be."""
    lesson = wp.race()
    if lesson is None:
        return None
    with answer(), room():
        referee_board(
            lesson,
            step=wp.taken_step("wp_step", lesson.num_moments),
            referee=wp.taken_referee(),
            probe=wp.probe(),
            rev=links.revision(),
            on_step=wp.stepped("referee_board", "wp_step"),
            on_referee=wp.chose_referee,
        )
    caption(wp.race_caption(lesson))
    reading_aid(t("wordpiece", "hugging_face"))
    return wp.race_export(lesson)


def encoding() -> Export | None:
    """Longest match first, look-up by look-up. None while its vocabulary is trained or cannot be."""
    trained = wp.race()
    if trained is None:
        return None
    lesson, model, others = wp.encoding(trained)
    with room():
        match_board(
            lesson,
            step=wp.taken_step("match_step", len(lesson.lookups)),
            rev=links.revision(),
            prefix=model.prefix,
            unknown=model.unknown,
            max_letters=model.max_word_letters,
            token_ids=wp.ids_on_screen(lesson, model),
            others=others,
            on_step=wp.stepped("match_board", "match_step"),
        )
    caption(wp.match_caption(lesson))
    return wp.match_export(lesson, model)


def unigram() -> Export | None:
    """All ways to cut a word, and a vocabulary that shrinks. None while it is trained or cannot be."""
    lesson = wp.unigram()
    if lesson is None:
        return None
    with room():
        unigram_board(
            lesson,
            show=st.session_state["uni_show"],
            step=wp.taken_step("uni_step", len(lesson.moments) - 1),
            rev=links.revision(),
            seed=st.session_state["uni_seed"],
            times=wp.DRAWS,
            alpha=st.session_state["uni_alpha"],
            on_step=wp.stepped("unigram_board", "uni_step"),
        )
    caption(wp.unigram_caption(lesson))
    return wp.unigram_export(lesson)
