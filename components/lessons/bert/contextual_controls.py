"""The controls above the map of "One word, many meanings": sentences, word, prepared words, and model."""

import streamlit as st

from components.lessons.bert import contextual as page
from components.lm.checkpoints.model_card import ModelCard
from components.shell.held import held
from components.shell.layout import controls
from components.shell.models import model_in_use, model_picker
from components.words import t


def choices() -> ModelCard:
    """Let the reader set what is read, and return the model in force; the prepared words are those that it can tell apart."""
    with controls():
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
    return card
