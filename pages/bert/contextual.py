"""One word, many meanings: one row of the token table, another vector in each sentence."""

import streamlit as st

from components.elements.bert.word_map import show_word_map
from components.elements.predict_first import answer
from components.lessons.bert import contextual as page
from components.lessons.bert import notebooks
from components.lessons.bert.contextual_controls import choices
from components.lessons.known_language import say_if_foreign
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import (
    Export,
    caption,
    foot,
    note_line,
    page_header,
    part,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.notebook import notebook
from components.words import labels, t

NAME = "bert/contextual"
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)


def end(card: ModelCard, export: Export | None = None) -> None:
    """Draw what stands under the picture, also where nothing could be read."""
    with st.expander(t("contextual", "elmo")):
        st.markdown(t("contextual", "elmo_text"))
    slide_note("E77")
    foot(
        NAME,
        terms=["static embedding", "contextual embedding", "feature-based approach"],
        try_this=page.prepared(card),
        sources=[
            ("Mikolov et al. 2013", "https://arxiv.org/abs/1301.3781"),
            ("Peters et al. 2018, section 3.2", "https://arxiv.org/abs/1802.05365"),
            ("Devlin et al. 2019, section 5.3", "https://arxiv.org/abs/1810.04805"),
        ],
        export=export,
    )


@part
def lesson() -> None:
    """The map of the word, and what is said of it."""
    page_header(NAME)
    prediction(page.prediction())
    card = choices()
    say_if_foreign(card, st.session_state["word_sentences"], st.session_state["word"])
    vectors = page.read(card)
    if vectors is None:
        end(card)
        return
    with answer():
        look = show_word_map(
            vectors,
            page.view(),
            senses=page.senses(),
            words=page.words_of_map(card),
            stepper=labels("stepper"),
            rev=links.revision(),
            key="word_map",
        )
        page.keep(look)
    with answer("said"):
        caption(page.about(card, vectors))
        if page.dropped():
            note_line(t("contextual", "dropped_lines", used=len(vectors.sentences), dropped=page.dropped()))
        reading_aid(page.aid(vectors, *look.pair))
    notebook(notebooks.contextual(card, vectors, look.pair, page.last_cosine(vectors, *look.pair)))
    end(card, page.export(card, vectors))


lesson()
