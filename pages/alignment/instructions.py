"""Does it answer: one request in three lanes, and what a model learns first from pairs of a request and an answer."""

import streamlit as st

from components.elements.alignment.instruction_lanes import instruction_lanes
from components.elements.predict_first import answer
from components.lessons.alignment import instructions as page
from components.lessons.alignment.instruct_gpt import chapter_map
from components.lessons.alignment.instructions_panels import look_further
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
    slide_note,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "alignment/instructions"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The three lanes of the chosen request, and what the reader opened below them."""
    page_header(NAME)
    chapter_map(NAME)
    prediction(page.prediction())
    with controls(above=True):
        held().selectbox(
            t(page.WORDS, "request"),
            page.REQUESTS,
            key="ins_request",
            format_func=page.named,
            help=t(page.WORDS, "request_help"),
        )

    identity = str(st.session_state["ins_request"])
    with answer():
        now = instruction_lanes(
            page.board(), page.view(), identity=identity, rev=links.revision(), key=page.BOARD
        )
        page.keep(now)
        picture_first(page.BOARD, identity)
        caption(page.caption())
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(page.notebook_of())
    slide_note("E66", "E67", "E82")
    foot(
        NAME,
        terms=["instruction tuning", "prompt", "fine-tuning", "few-shot", "RLHF"],
        try_this=page.prepared(),
        sources=[
            ("Wei et al. 2022 (FLAN)", "https://arxiv.org/abs/2109.01652"),
            ("Ouyang et al. 2022 (InstructGPT)", "https://arxiv.org/abs/2203.02155"),
            ("Taori et al. 2023 (Alpaca)", "https://crfm.stanford.edu/2023/03/13/alpaca.html"),
            ("Touvron et al. 2023 (LLaMA)", "https://arxiv.org/abs/2302.13971"),
            ("Wang et al. 2023 (Self-Instruct)", "https://arxiv.org/abs/2212.10560"),
        ],
        export=page.export(),
    )


lesson()
