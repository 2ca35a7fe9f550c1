"""The controls of "Token + segment + position": two sentences and a BERT."""

import streamlit as st

from components.lessons.bert import inputs as page
from components.lm.checkpoints.model_card import ModelCard
from components.shell.held import held
from components.shell.layout import controls
from components.shell.models import model_in_use, model_picker
from components.words import t


def choices() -> ModelCard:
    """One row; returns the model in force."""
    with controls():
        first, second, model = st.columns([4, 4, 2.4])
        held(first).text_input(t("inputs", "a"), key="in_a", on_change=page.forget_places)
        held(second).text_input(t("inputs", "b"), key="in_b", on_change=page.forget_places)
        with model:
            model_picker("attention", key="bert_model", without="generation", on_change=page.forget_places)

    card = model_in_use("attention", default=page.MODEL, key="bert_model")
    return page.of_bert(card)
