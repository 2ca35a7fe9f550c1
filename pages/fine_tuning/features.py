"""Train the model, or only mix its layers: faders for the layers of a frozen model, and fine-tuning beside them."""

import streamlit as st

from components.elements.fine_tuning.features_board import features_board
from components.elements.predict_first import answer
from components.lessons.fine_tuning import features as page
from components.lessons.fine_tuning import notebooks
from components.lessons.fine_tuning.features_panels import look_further
from components.lm.fine_tuning.features import SEEDS, SIZES
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

NAME = "fine_tuning/features"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The faders, and what the reader opened below them."""
    page_header(NAME)
    prediction(page.prediction())
    with controls(above=True):
        row = st.columns([2, 2, 5], vertical_alignment="bottom")
        held(row[0]).segmented_control(
            t(page.WORDS, "size"), tuple(map(str, SIZES)), key="features_size", required=True
        )
        held(row[1]).segmented_control(
            t(page.WORDS, "seed"), tuple(map(str, SEEDS)), key="features_seed", required=True
        )

    identity = "-".join(map(str, page.asked()))
    with answer():
        now = features_board(
            page.board(),
            page.view(),
            identity=identity,
            rev=links.revision(),
            key=page.BOARD,
            on_view=page.took,
        )
        page.keep(now)
        picture_first(page.BOARD, (identity, now.faders))
        caption(page.caption())
        reading_aid(page.aid(now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(notebooks.features(page.recorded()["model"], page.LAYERS, *page.numbers()))
    foot(
        NAME,
        terms=["feature-based approach", "fine-tuning", "F1 score"],
        try_this=page.prepared(),
        sources=[
            ("Peters et al. 2018 (ELMo), section 3.2", "https://arxiv.org/abs/1802.05365"),
            ("Devlin et al. 2019 (BERT), section 5.3", "https://arxiv.org/abs/1810.04805"),
        ],
        export=page.export(now),
    )


lesson()
