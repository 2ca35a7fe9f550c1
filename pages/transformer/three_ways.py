"""Three ways to pre-train one Transformer: what is read, what must be predicted, who sees whom."""

import streamlit as st

from components.elements.predict_first import answer
from components.lessons.known_language import say_if_foreign
from components.lessons.transformer import notebooks
from components.lessons.transformer import three_ways as page
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    caption,
    controls,
    foot,
    page_header,
    panel_choice,
    part,
    picture_first,
    prediction,
    slide_note,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "transformer/three_ways"
WORDS = page.WORDS
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)


@part
def lesson() -> None:
    """The exercise, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())

    # The reader sets two texts: a sentence, and a line whose halves say the same, so that a gap can be known.
    with controls(above=True):
        row = st.columns(2)
        held(row[0]).text_input(t(WORDS, "text"), key="ways_text", help=t(WORDS, "text_help"))
        held(row[1]).text_input(t(WORDS, "line"), key="ways_line", help=t(WORDS, "line_help"))

    # The objective and what is hidden are chosen in the picture; the model that was trained so answers.
    now = page.shown()
    if now is None:
        foot(NAME)
        return
    if now.card is not None:
        say_if_foreign(now.card, now.text, offer=False)
    page.draw(now)
    picture_first("three_ways", now.identity)
    caption(page.caption(now))

    panel_choice(WORDS, page.LOOKS, key="ways_look")
    with answer():
        page.look_further(now)
    with st.expander(t(WORDS, "how")):
        st.markdown(t(WORDS, "how_text"))
    notebook(notebooks.three_ways(now.card, now.text, now.made, now.answers))

    slide_note("E70", "E71", "E79")
    foot(
        NAME,
        terms=["encoder", "masked (causal) self-attention", "encoder-decoder attention", "autoregressive"],
        try_this=page.prepared(),
        sources=[
            ("Devlin et al. 2019, section 3.1", "https://arxiv.org/abs/1810.04805"),
            ("Joshi et al. 2020, section 3", "https://arxiv.org/abs/1907.10529"),
            ("Raffel et al. 2020, section 3.1.4 and section 3.2", "https://arxiv.org/abs/1910.10683"),
            ("Roberts et al. 2020", "https://arxiv.org/abs/2002.08910"),
        ],
        export=page.export(now),
    )


lesson()
