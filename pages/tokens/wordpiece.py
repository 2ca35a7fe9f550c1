"""WordPiece and Unigram: three referees at one board, longest match, and a vocabulary that shrinks."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.tokens.match_board import match_board
from components.elements.tokens.referee_board import referee_board
from components.elements.tokens.unigram_board import unigram_board
from components.lessons.tokens import wordpiece as wp
from components.lessons.tokens.wordpiece_controls import choose
from components.shell import links
from components.shell.layout import caption, controls, foot, page_header, prediction, reading_aid, slide_note
from components.words import t

NAME = "tokens/wordpiece"
links.open_view(NAME, *wp.PARAMS, korean=wp.KOREAN)
page_header(NAME)
prediction(wp.prediction())
part = st.session_state["wp_part"]
export = None

# The reader chooses the part, the words, and what they are cut into.
with controls():
    choose(part)

# Every run is trained once; the browser steps through it.
if part == "unigram":
    lesson = wp.unigram()
    if lesson is not None:
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
        export = wp.unigram_export(lesson)
else:
    race = wp.race()
    if race is not None and part == "race":
        with answer():
            referee_board(
                race,
                step=wp.taken_step("wp_step", race.num_moments),
                referee=wp.taken_referee(),
                probe=wp.probe(),
                rev=links.revision(),
                on_step=wp.stepped("referee_board", "wp_step"),
                on_referee=wp.chose_referee,
            )
        caption(wp.race_caption(race))
        reading_aid(t("wordpiece", "hugging_face"))
        export = wp.race_export(race)
    elif race is not None:
        matched, model, others = wp.encoding(race)
        match_board(
            matched,
            step=wp.taken_step("match_step", len(matched.lookups)),
            rev=links.revision(),
            prefix=model.prefix,
            unknown=model.unknown,
            max_letters=model.max_word_letters,
            token_ids=wp.ids_on_screen(matched, model),
            others=others,
            on_step=wp.stepped("match_board", "match_step"),
        )
        caption(wp.match_caption(matched))
        export = wp.match_export(matched, model)

with st.expander(t("wordpiece", "details"), icon=":material/menu_book:"):
    st.markdown(t("wordpiece", f"details_{part}"))
slide_note(*{"race": ("E10", "E08"), "encoding": ("E08", "E11", "E12"), "unigram": ("E09",)}[part])

foot(
    NAME,
    terms=["WordPiece", "subword", "byte-pair encoding (BPE)"],
    try_this=[
        (t("wordpiece", "try_marks"), {"wp_symbols": "continuation"}),
        (t("wordpiece", "try_lowly"), wp.WORD_LOST),
        (t("wordpiece", "try_unigram"), {"wp_part": "unigram", "uni_step": 1, "uni_show": "training"}),
        (t("wordpiece", "try_korean"), wp.KOREAN_PIECES),
    ],
    sources=[
        ("Wu et al. 2016, section 4.1", "https://arxiv.org/abs/1609.08144"),
        ("Schuster and Nakajima 2012", "https://doi.org/10.1109/ICASSP.2012.6289079"),
        ("Kudo 2018, section 3", "https://arxiv.org/abs/1804.10959"),
    ],
    export=export,
)
