"""What a larger model buys: our own runs, the law fitted to them, and what did not come with size."""

import streamlit as st

from components.elements.gpt.scaling_board import scaling_board
from components.elements.predict_first import answer
from components.lessons.gpt import notebooks
from components.lessons.gpt import scaling as page
from components.lessons.gpt.scaling_panels import look_further
from components.shell import links
from components.shell.layout import (
    caption,
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

links.open_view(page.NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board of all runs, and what the reader opened below it."""
    page_header(page.NAME)
    prediction(page.prediction())
    with answer():
        now = scaling_board(
            page.board(), page.view(), rev=links.revision(), key=page.BOARD, on_view=page.took
        )
        page.keep(now)
        picture_first(page.BOARD, now.run)
        caption(page.caption())
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(notebooks.scaling(page.runs()[now.run]))
    slide_note("E44", "E52", "E55", "E56", "E57", "E58")
    foot(
        page.NAME,
        terms=["scaling law", "in-context learning"],
        try_this=page.prepared(),
        sources=[
            ("Kaplan et al. 2020", "https://arxiv.org/abs/2001.08361"),
            ("Hoffmann et al. 2022 (Chinchilla)", "https://arxiv.org/abs/2203.15556"),
            ("Brown et al. 2020, GPT-3", "https://arxiv.org/abs/2005.14165"),
            ("Devlin et al. 2019, BERT", "https://arxiv.org/abs/1810.04805"),
        ],
        export=page.export(now),
    )


lesson()
