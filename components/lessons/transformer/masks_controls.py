"""The controls of "Who may look at whom": two models, the sentence, and the layer."""

import streamlit as st

from components.elements.page_fields import page_fields
from components.lessons.transformer import masks as page
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import controls
from components.shell.models import model_picker
from components.words import t


def choices() -> list[ModelCard]:
    """Offer two models here, and sentence and layer as fields that the browser keeps; returns the models in force."""
    with controls(above=True):
        row = st.columns([6.2, 2, 2], vertical_alignment="bottom")
        with row[1]:
            model_picker("attention", key="left_model", label=t("masks", "left_model"))
        with row[2]:
            model_picker("attention", key="right_model", label=t("masks", "right_model"))
        cards = page.models()
        last = page.clamp_layer(cards)
        with row[0]:
            page_fields(page.VIEW, links.revision(), page.state(), page.fields(last))
    return cards
