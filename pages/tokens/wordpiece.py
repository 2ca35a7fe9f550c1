"""WordPiece and Unigram: three referees at one board, longest match, and a vocabulary that shrinks."""

import streamlit as st

from components.lessons.tokens import wordpiece as wp
from components.lessons.tokens import wordpiece_boards as boards
from components.lessons.tokens.wordpiece_controls import choose
from components.shell import links
from components.shell.layout import controls, foot, page_header, prediction, slide_note
from components.words import t

NAME = "tokens/wordpiece"
links.open_view(NAME, *wp.PARAMS, korean=wp.KOREAN)
page_header(NAME)
prediction(wp.prediction())
part = st.session_state["wp_part"]

# The reader chooses the part, the words, and what they are cut into.
with controls():
    choose(part)

# Every run is trained once; the browser steps through it.
export = {"race": boards.race, "encoding": boards.encoding, "unigram": boards.unigram}[part]()

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
