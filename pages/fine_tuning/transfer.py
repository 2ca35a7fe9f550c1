"""How much is carried over: GPT-1's recipe, from nothing to every layer, with its token rows and its losses."""

import streamlit as st

from components.elements.fine_tuning.transfer_board import transfer_board
from components.elements.predict_first import answer
from components.lessons.fine_tuning import notebooks
from components.lessons.fine_tuning import transfer as page
from components.lessons.fine_tuning.transfer_panels import look_further
from components.lm.fine_tuning.transfer import LAMBDAS, SEEDS
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

NAME = "fine_tuning/transfer"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board of the recorded runs, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())
    with controls(above=True):
        row = st.columns([2, 2, 6], vertical_alignment="bottom")
        held(row[0]).segmented_control(
            t(page.WORDS, "weight"),
            [str(x) for x in LAMBDAS],
            key="ft_lambda",
            required=True,
            help=t(page.WORDS, "weight_help"),
        )
        held(row[1]).segmented_control(
            t(page.WORDS, "seed"), SEEDS, key="ft_seed", required=True, help=t(page.WORDS, "seed_help")
        )

    identity = f"{page.weight()}-{page.seed()}"
    with answer():
        now = transfer_board(
            page.board(), page.view(), identity=identity, rev=links.revision(), key="transfer_board"
        )
        page.keep(now)
        picture_first("transfer_board", identity)
        caption(page.caption(now))
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(t(page.WORDS, "how_text"))
    slide_note("E28", "E30", "E34", "E54")
    notebook(notebooks.transfer(page.recorded(), st.session_state["ft_look"]))
    foot(
        NAME,
        terms=["fine-tuning", "transfer learning", "auxiliary objective", "language model"],
        try_this=page.prepared(),
        sources=[
            (
                "Radford et al. 2018",
                "https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf",
            ),
            ("Devlin et al. 2019, section 3.2", "https://arxiv.org/abs/1810.04805"),
        ],
        export=page.export(now),
    )


lesson()
