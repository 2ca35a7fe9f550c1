"""The controls of "Fifty labelled sentences": the task, how many examples, what is trained, and the model."""

import streamlit as st

from components.lessons.fine_tuning import tasks as page
from components.lm.fine_tuning.encoder_tasks import TASKS, WAYS
from components.shell.held import held
from components.words import t


def choices() -> None:
    """One row; the model is asked for where more than one has recorded runs."""
    row = st.columns([4.2, 2, 3.2, 2], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t(page.WORDS, "task"),
        TASKS,
        key="task",
        required=True,
        format_func=lambda x: t(page.WORDS, f"task_{x}"),
    )
    held(row[1]).segmented_control(
        t(page.WORDS, "size"),
        [str(x) for x in page.sizes(page.asked()[0])],
        key="task_size",
        required=True,
        help=t(page.WORDS, "size_help"),
    )
    held(row[2]).segmented_control(
        t(page.WORDS, "way"),
        WAYS,
        key="task_way",
        required=True,
        format_func=lambda x: t(page.WORDS, f"way_{x}"),
        help=t(page.WORDS, "way_help"),
    )
    if len(page.models()) > 1:
        held(row[3]).segmented_control(t(page.WORDS, "model"), page.models(), key="task_model", required=True)
