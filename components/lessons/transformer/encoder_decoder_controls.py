"""The controls above the two towers: a task word, a text, and how the answer is searched."""

import streamlit as st

from components.lessons.transformer import encoder_decoder as page
from components.lm.transformer.text_to_text import ALL_TASKS
from components.shell.held import held
from components.shell.layout import controls
from components.words import t


def choices() -> None:
    """One row."""
    with controls(above=True):
        row = st.columns([4.6, 5.6, 1.3], vertical_alignment="bottom")
        held(row[0]).segmented_control(
            t(page.WORDS, "task"), ALL_TASKS, key="t2t_task", required=True, help=t(page.WORDS, "task_help")
        )
        held(row[1]).text_input(t(page.WORDS, "text"), key="t2t_text", help=t(page.WORDS, "text_help"))
        held(row[2]).number_input(
            t(page.WORDS, "beams"), 1, page.MOST_BEAMS, key="beams", help=t(page.WORDS, "beams_help")
        )
