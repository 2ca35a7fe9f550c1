"""Fifty labelled sentences: BERT's four kinds of tasks, from pre-trained and from random weights."""

import streamlit as st

from components.elements.fine_tuning.tasks_board import tasks_board
from components.elements.predict_first import answer
from components.lessons.fine_tuning import notebooks
from components.lessons.fine_tuning import tasks as page
from components.lessons.fine_tuning.tasks_controls import choices
from components.lessons.fine_tuning.tasks_panels import look_further
from components.shell import links
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

NAME = "fine_tuning/tasks"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board of the recorded runs, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())
    with controls(above=True):
        choices()

    identity = "-".join(map(str, (*page.asked(), page.model())))
    with answer():
        now = tasks_board(
            page.board(), page.view(), identity=identity, rev=links.revision(), key="tasks_board"
        )
        page.keep(now)
        picture_first("tasks_board", identity)
        caption(page.caption(now))
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    slide_note("E14", "E34")
    notebook(notebooks.tasks(page.recorded()[page.model()], page.model()))
    foot(
        NAME,
        terms=["fine-tuning", "transfer learning", "LoRA", "F1 score", "GLUE"],
        try_this=page.prepared(),
        sources=[
            ("Devlin et al. 2019, section 4", "https://arxiv.org/abs/1810.04805"),
            ("Hu et al. 2021", "https://arxiv.org/abs/2106.09685"),
            ("Wang et al. 2018 (GLUE)", "https://arxiv.org/abs/1804.07461"),
        ],
        export=page.export(now),
    )


lesson()
