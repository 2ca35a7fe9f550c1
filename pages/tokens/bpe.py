"""BPE, merge by merge: watch the most frequent pair of symbols snap together, again and again."""

import streamlit as st

from components.elements.tokens.bpe_board import bpe_board
from components.lessons.tokens import bpe, bpe_controls, word_training
from components.shell import links
from components.shell.layout import caption, foot, note_line, page_header, slide_note
from components.words import t

links.open_view("tokens/bpe", *word_training.TRAINING, *bpe.BOARD, korean=word_training.KOREAN)
page_header("tokens/bpe")

# The reader sets the words, how many merges, and who wins a tie.
bpe_controls.choices()

# The whole run is trained once; the browser steps through it.
lesson = word_training.run_on_screen()
if lesson is not None:
    st.session_state["bpe_step"] = step = min(st.session_state["bpe_step"], lesson.trace.num_steps)
    bpe_board(
        lesson,
        lesson_id=word_training.lesson_id(lesson),
        step=bpe.step_to_take_over(),
        predict=bpe.predict_to_take_over(),
        rev=word_training.revision(),
        runs=bpe.runs_on_screen(),
        active=st.session_state["run"],
        advance=st.session_state.get("_bpe_advance", False),
        on_step=bpe.stepped,
        on_predict=bpe.predicted,
        on_pick=bpe.picked,
        on_run=bpe.show_run,
        on_drop=bpe.drop_run,
    )
    caption(bpe.caption(lesson))
    if fewer := bpe.fewer_merges(lesson):
        note_line(fewer)
    bpe.stopped_early(lesson)
    with st.expander(t("bpe", "details"), icon=":material/menu_book:"):
        st.markdown(t("bpe", "details_text"))
    slide_note("E03", "E06", "E02", "E04", "E05", "E01")

foot(
    "tokens/bpe",
    terms=["byte-pair encoding (BPE)", "merge rule", "vocabulary", "subword"],
    try_this=[
        (t("bpe", "try_largest"), {"tie_rule": "largest", "bpe_step": 0}),
        (t("bpe", "try_mark"), {"end_of_word": True, "bpe_step": 9}),
        (t("bpe", "try_jamo"), {"bpe_source": "story_ko_jamo", "num_merges": 300, "bpe_step": 40}),
        (t("bpe", "try_overlap"), {"bpe_words": [["aaaa", 3], ["banana", 2], ["aaab", 1]], "bpe_step": 1}),
    ],
    sources=[
        ("Sennrich et al. 2016, section 3.2 and algorithm 1", "https://arxiv.org/abs/1508.07909"),
        ("Gage 1994, A New Algorithm for Data Compression", "https://dl.acm.org/doi/10.5555/177910.177914"),
    ],
    export=bpe.export(lesson) if lesson is not None else None,
)
