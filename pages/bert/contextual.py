"""One word, many meanings: one row of the token table, another vector in each sentence."""

import streamlit as st

from components.elements.bert.word_map import show_word_map
from components.elements.predict_first import answer
from components.lessons.bert import contextual as page
from components.lessons.bert import notebooks
from components.lessons.known_language import say_if_foreign
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    Export,
    caption,
    controls,
    foot,
    note_line,
    page_header,
    part,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import labels, t

NAME = "bert/contextual"
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)


def end(card: ModelCard, export: Export | None = None) -> None:
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
    page_header(NAME)
    prediction(page.prediction())
    with controls(above=True):
        first, second, third, fourth = st.columns([5, 1.6, 1.3, 2.1])
        held(first).text_area(
            t("contextual", "sentences"),
            key="word_sentences",
            height=68,
            help=t("contextual", "sentences_help"),
        )
        held(second).text_input(t("contextual", "word"), key="word")
        with fourth:
            model_picker("attention", key="bert_model")
        card = model_in_use("attention", default=page.MODEL, key="bert_model")
        with third, st.container(key="gb-example-slot"):
            st.html("<div style='height:0.66rem'></div>")
            with st.popover(t("contextual", "examples"), width="stretch"):
                for word, groups in page.examples(card).items():
                    st.button(
                        word, key=f"example-{word}", on_click=page.take, args=(word, groups), width="stretch"
                    )

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
        caption(page.about(card, vectors))
        if page.dropped():
            note_line(t("contextual", "dropped_lines", used=len(vectors.sentences), dropped=page.dropped()))
        reading_aid(page.aid(vectors, *look.pair))
    notebook(notebooks.contextual(card, vectors, look.pair, page.last_cosine(vectors, *look.pair)))
    end(card, page.export(card, vectors))


lesson()
