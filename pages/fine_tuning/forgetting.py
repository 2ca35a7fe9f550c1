"""What is forgotten: an old task against a new one, and what each family of remedies keeps."""

import streamlit as st

from components.elements.fine_tuning.forgetting_plane import forgetting_plane
from components.elements.predict_first import answer
from components.lessons.fine_tuning import forgetting as page
from components.lessons.fine_tuning import notebooks
from components.lessons.fine_tuning.forgetting_controls import choices
from components.lessons.fine_tuning.forgetting_panels import look_further
from components.lm.fine_tuning.forgetting import METHODS
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    page_header,
    part,
    picture_first,
    prediction,
    reading_aid,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "fine_tuning/forgetting"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The plane of the recorded runs, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())
    choices()

    identity = "-".join(map(str, (*page.asked(), page.model())))
    with answer():
        tracks = [page.track(method, run) for method, run in zip(METHODS, page.runs(), strict=True)]
        now = forgetting_plane(
            page.board(tracks, page.runs()[0]["steps"]),
            page.view(),
            identity=identity,
            rev=links.revision(),
            key=page.BOARD,
        )
        page.keep(now)
        picture_first(page.BOARD, identity)
        caption(page.caption())
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(
        notebooks.forgetting(
            page.model(), *page.trained_by_lora(), rank=int(page.strength("lora", page.MIDDLE))
        )
    )
    foot(
        NAME,
        terms=["catastrophic forgetting", "continual learning", "fine-tuning", "LoRA", "F1 score"],
        try_this=page.prepared(),
        sources=[
            ("Kirkpatrick et al. 2017 (EWC)", "https://arxiv.org/abs/1612.00796"),
            ("Li and Hoiem 2016", "https://arxiv.org/abs/1606.09282"),
            ("Li et al. 2018 (L2-SP)", "https://arxiv.org/abs/1802.01483"),
        ],
        export=page.export(now),
    )


lesson()
