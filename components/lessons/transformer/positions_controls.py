"""The controls of "Positions": the sentence that is shuffled, and what the two tables show."""

import streamlit as st

from components.lessons.transformer import positions as page
from components.lm.checkpoints.model_card import ModelCard
from components.shell.held import held
from components.shell.layout import controls
from components.shell.models import model_in_use, model_picker
from components.words import t


def sentence() -> ModelCard:
    """A model, a sentence for it, and the seed of the shuffle; returns the model in force."""
    with controls():
        model, sentence, seed = st.columns([2.4, 6, 1.2])
        with model:
            model_picker("attention", key="pos_model")
    card = model_in_use("attention", default=page.default_model(), key="pos_model")
    page.fit_sentence(card)
    held(sentence).text_input(
        t("positions", "shuffle_text"), key="pos_sentence", help=page.shuffle_help(card)
    )
    held(seed).number_input(t("positions", "shuffle_seed"), 0, 99, key="pos_seed")
    return card


def tables() -> None:
    """The width of the waves, how many positions, and how two rows are compared."""
    with controls(above=True):
        width, count, measure = st.columns([2.4, 2.2, 2.2])
        held(width).segmented_control(
            t("positions", "width"),
            page.WIDTHS,
            key="pos_width",
            required=True,
            help=t("positions", "width_help"),
        )
        held(count).segmented_control(t("positions", "count"), page.COUNTS, key="pos_count", required=True)
        held(measure).segmented_control(
            t("positions", "measure"),
            page.MEASURES,
            key="pos_measure",
            required=True,
            format_func=lambda name: t("positions", f"measure_{name}"),
            help=t("positions", "measure_help"),
        )
