"""BPE, merge by merge: watch the most frequent pair of symbols snap together, again and again."""

import streamlit as st

from components.elements.tokens.bpe_board import bpe_board
from components.lessons.tokens import bpe, word_training
from components.lessons.tokens.word_editor import word_editor
from components.lm.tokens.bpe import MAX_MERGES
from components.shell import links
from components.shell.held import held
from components.shell.layout import caption, controls, foot, note_line, page_header, slide_note
from components.words import t

links.open_view("tokens/bpe", *word_training.TRAINING, *bpe.BOARD, korean=word_training.KOREAN)
page_header("tokens/bpe")

# The reader sets the words, how many merges, and who wins a tie.
with controls():
    row = st.columns([1.7, 1.75, 1.25, 2.5, 1.35, 1.15], vertical_alignment="bottom")
    held(row[0]).selectbox(
        t("bpe", "source"),
        word_training.SOURCES,
        key="bpe_source",
        format_func=lambda source: t("bpe", f"source_{source}"),
        on_change=word_training.words_changed,
    )
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
        "`</w>`", key="end_of_word", help=t("bpe", "end_of_word_help"), on_change=word_training.rules_changed
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
