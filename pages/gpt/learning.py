"""Watching a model learn: the same questions, put to two models at twelve moments of their training."""

import streamlit as st

from components.elements.gpt.learning_board import show_learning_board
from components.elements.predict_first import answer
from components.lessons.gpt import learning as page
from components.lessons.gpt import learning_panels as panels
from components.lessons.gpt import notebooks
from components.shell import links
from components.shell.layout import caption, foot, page_header, part, picture_first, prediction, reading_aid
from components.shell.notebook import notebook
from components.words import t

NAME = "gpt/learning"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board with both models at one moment, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())
    found = page.found()
    with answer():
        now = show_learning_board(page.board(found), page.view(), rev=links.revision(), key="learning_board")
        page.keep(now)
        picture_first("learning_board", now)
        page.choose_twins()
        caption(page.caption(now))
        reading_aid(page.aid(found, now))
        panels.look_further(now)
    writer = page.pair()[1]
    notebook(
        notebooks.learning(writer, found[writer][now.probe], page.times(writer)[now.moment][0], now.moment)
    )
    with st.expander(t("learning", "how")):
        st.markdown(t("learning", "how_text"))
    foot(
        NAME,
        terms=["language model", "masked language model (MLM)", "cloze probe", "snapshot", "softmax"],
        try_this=page.prepared(),
        sources=[
            ("Chiang, Huang and Lee 2020", "https://arxiv.org/abs/2010.02480"),
            ("Liu et al. 2021", "https://arxiv.org/abs/2104.07885"),
        ],
        export=panels.export(found, now),
    )


lesson()
