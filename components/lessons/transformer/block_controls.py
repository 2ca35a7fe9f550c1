"""The controls of "One block from inside": the model, and the fields that the browser keeps."""

import streamlit as st

from components.elements.page_fields import page_fields
from components.lessons.transformer import block as page
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import controls
from components.shell.models import model_in_use, model_picker


def choices() -> ModelCard:
    """Offer the model here, and text, block and what is taken out in the browser; returns the model in force."""
    with controls(above=True):
        row = st.columns([9.4, 2], vertical_alignment="bottom")
        with row[1]:
            model_picker("attention", key="attention_model", on_change=links.moved)
        card = model_in_use("attention", default=page.MODEL, key="attention_model")
        last = page.clamp_layer(card)
        with row[0]:
            page_fields(page.VIEW, links.revision(), page.state(), page.fields(last))
    return card
