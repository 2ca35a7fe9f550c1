"""Forty clicks: which of two stories is better, a judge that learns it, and a model that learns from the same clicks."""

import streamlit as st

from components.elements.alignment.preference_board import preference_board
from components.elements.predict_first import answer
from components.lessons.alignment import preferences as page
from components.lessons.alignment import preferences_panels as panels
from components.lessons.alignment.instruct_gpt import chapter_map
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    caption,
    controls,
    foot,
    page_header,
    part,
    picture_first,
    prediction,
    reading_aid,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "alignment/preferences"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board of the presses, what was trained on them, and what the reader opened below."""
    page_header(NAME)
    chapter_map(NAME)
    prediction(page.prediction())
    with controls(above=True):
        held().segmented_control(
            t(page.WORDS, "from"),
            page.SOURCES,
            key="pref_from",
            required=True,
            format_func=lambda x: t(page.WORDS, f"from_{x}"),
            help=t(page.WORDS, "from_help"),
        )

    outcome = page.took()
    if page.source() == "together":
        panels.together(outcome)
    identity = page.identity()
    preference_board(page.board(), page.view(), identity=identity, rev=links.revision(), key=page.BOARD)
    picture_first(page.BOARD, identity)
    caption(page.caption())
    reading_aid(page.aid())
    with answer():
        panels.trained()

    panels.look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    st.caption(panels.said_before())
    notebook(panels.lines_of_code())
    foot(
        NAME,
        terms=["RLHF", "reward model", "Bradley-Terry model", "DPO", "fine-tuning"],
        try_this=page.prepared(),
        sources=[
            ("Rafailov et al. 2023 (DPO)", "https://arxiv.org/abs/2305.18290"),
            ("Ouyang et al. 2022 (InstructGPT)", "https://arxiv.org/abs/2203.02155"),
            ("Christiano et al. 2017", "https://arxiv.org/abs/1706.03741"),
        ],
        export=page.export(),
    )


lesson()
