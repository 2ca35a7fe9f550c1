"""The controls above the plane of "What is forgotten": where the old task began, strength, seed, and model."""

import streamlit as st

from components.lessons.fine_tuning import forgetting as page
from components.lessons.fine_tuning.said import STARTS
from components.shell.held import held
from components.shell.layout import controls
from components.words import t


def choices() -> None:
    """Offer what was recorded for the model in force: a control with one choice is left out."""
    with controls(above=True):
        row = st.columns([3, 3.4, 2, 2.6], vertical_alignment="bottom")
        if len(page.starts()) > 1:
            held(row[0]).segmented_control(
                t(page.WORDS, "start"),
                STARTS,
                key="forget_start",
                required=True,
                format_func=lambda x: t(page.WORDS, x),
                help=t(page.WORDS, "start_help"),
            )
        start = page.asked()[1]
        if start != "random" and len(page.levels()) > 1:
            held(row[1]).slider(
                t(page.WORDS, "level"),
                page.LEVELS[0],
                page.LEVELS[-1],
                key="forget_strength",
                help=t(page.WORDS, "level_help"),
            )
        if start != "random" and page.asked()[0] == page.MIDDLE and len(page.seeds()) > 1:
            held(row[2]).segmented_control(
                t(page.WORDS, "seed"), page.SEEDS, key="forget_seed", required=True
            )
        if len(page.models()) > 1:
            held(row[3]).segmented_control(
                t(page.WORDS, "model"),
                page.models(),
                key="forget_model",
                required=True,
                help=t(page.WORDS, "model_help"),
            )
