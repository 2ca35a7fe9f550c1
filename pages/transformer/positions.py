"""Positions: a formula and a learned table, side by side."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.position_tables import position_tables
from components.lessons.known_language import say_if_foreign
from components.lessons.transformer import notebooks, positions_controls
from components.lessons.transformer import positions as page
from components.lm.transformer.positions import angular_frequencies
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    page_header,
    part,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.notebook import notebook
from components.words import labels, t

NAME = "transformer/positions"
links.open_view(NAME, *page.params(), korean=page.KOREAN)


@part
def lesson() -> None:
    """One sentence in two orders, then the rows that are added."""
    page_header(NAME)
    prediction(page.prediction())

    # What is lost without positions: one sentence read in two orders, with them and without.
    card = positions_controls.sentence()
    say_if_foreign(card, st.session_state["pos_sentence"])
    with answer():
        shuffle = page.shuffled(card)
        if shuffle is not None:
            page.shuffle_picture(card, shuffle)

    # The rows that are added: the waves are a formula; the learned table is read from the model's file, without torch.
    st.subheader(t("positions", "tables"))
    reading_aid(t("positions", "added"))
    positions_controls.tables()
    panels = page.panels(card)
    look = position_tables(
        panels,
        page.look(),
        frequencies=angular_frequencies(page.width()),
        measure=st.session_state["pos_measure"],
        words=labels("positions_words"),
        stepper=labels("stepper"),
        rev=links.revision(),
        key="position_tables",
    )
    page.keep(look)
    caption(page.about(card, look))
    reading_aid(page.aid(card, look, learned=len(panels) > 1))
    if len(panels) > 1 and look.position < len(rows := panels[1].rows) and look.dim < rows.shape[1]:
        notebook(notebooks.positions(card, rows[look.position, look.dim], look.position, look.dim))
    with st.expander(t("positions", "formula")):
        st.markdown(t("positions", "formula_text"))
    with st.expander(t("positions", "wavelengths")):
        st.dataframe(page.turns_in_words(), hide_index=True)
    slide_note("E13")
    foot(
        NAME,
        terms=["positional encoding", "position embedding"],
        try_this=page.prepared(),
        sources=[
            ("Vaswani et al. 2017, section 3.5", "https://arxiv.org/abs/1706.03762"),
            ("Devlin et al. 2019, section 3", "https://arxiv.org/abs/1810.04805"),
        ],
        export=page.export(card, panels, look),
    )


lesson()
