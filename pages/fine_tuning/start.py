"""Why start from a pre-trained model: a hundred random starts beside it, and the paths of SGD on slices of the loss."""

import streamlit as st

from components.elements.fine_tuning.start_board import start_board
from components.elements.predict_first import answer
from components.lessons.fine_tuning import notebooks
from components.lessons.fine_tuning import start as page
from components.lessons.fine_tuning.start_panels import look_further
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

NAME = "fine_tuning/start"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The histogram of the starts, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())
    with controls(above=True):
        measure = held().segmented_control(
            t(page.WORDS, "measure"),
            page.MEASURES,
            key="start_measure",
            required=True,
            format_func=lambda x: t(page.WORDS, f"measure_{x}"),
        )

    with answer():
        now = start_board(
            page.board(), page.view(), identity=str(measure), rev=links.revision(), key=page.BOARD
        )
        page.keep(now)
        picture_first(page.BOARD, measure)
        caption(page.caption())
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(notebooks.start(page.recorded()))
    foot(
        NAME,
        terms=["pre-training", "fine-tuning", "F1 score"],
        try_this=page.prepared(),
        sources=[
            ("Hao et al. 2019", "https://arxiv.org/abs/1908.05620"),
            ("Li et al. 2018 (loss landscape)", "https://arxiv.org/abs/1712.09913"),
            ("Erhan et al. 2010", "https://jmlr.org/papers/v11/erhan10a.html"),
        ],
        export=page.export(now),
    )


lesson()
