"""How much of a model has to change: the change of one matrix, cut to few directions, and what is still found."""

import streamlit as st

from components.elements.fine_tuning.change_board import change_board
from components.elements.predict_first import answer
from components.lessons.fine_tuning import change as page
from components.lessons.fine_tuning import notebooks
from components.lessons.fine_tuning.change_panels import look_further
from components.lm.fine_tuning.change import RANKS
from components.shell import links
from components.shell.layout import caption, foot, page_header, part, picture_first, prediction, reading_aid
from components.shell.notebook import notebook
from components.words import t

NAME = "fine_tuning/change"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board of the recorded change, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())
    with answer():
        now = change_board(page.board(), page.view(), rev=links.revision(), key=page.BOARD, on_view=page.took)
        page.keep(now)
        picture_first(page.BOARD, now.matrix)
        caption(page.caption())
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(notebooks.change(page.recorded(), page.MATRICES[now.matrix], RANKS[now.rank]))
    foot(
        NAME,
        terms=["fine-tuning", "LoRA", "adapter", "F1 score"],
        try_this=page.prepared(),
        sources=[
            ("Hu et al. 2021 (LoRA)", "https://arxiv.org/abs/2106.09685"),
            ("Houlsby et al. 2019", "https://arxiv.org/abs/1902.00751"),
            ("Aghajanyan et al. 2020", "https://arxiv.org/abs/2012.13255"),
        ],
        export=page.export(now),
    )


lesson()
