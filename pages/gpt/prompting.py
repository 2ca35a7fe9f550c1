"""How much the wording decides: the same questions and the same model, other words around them."""

import streamlit as st

from components.elements.gpt.wording_board import wording_board
from components.elements.predict_first import answer
from components.lessons.gpt import prompting as page
from components.lessons.gpt.prompting_panels import ask_all, how, look_further
from components.lm.gpt.prompting import STUDY_NAMES
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    caption,
    controls,
    foot,
    page_header,
    part,
    picture_first,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.loading import FIRST_MODEL
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import language, t

links.open_view(page.NAME, *page.PARAMS)
page_header(page.NAME)
prediction(page.prediction())

# The reader sets which study and which model; the words of the prompts are the study's, or the reader's own below.
with controls(above=True):
    row = st.columns([5.2, 2], vertical_alignment="bottom")
    with row[0]:
        held().segmented_control(
            t(page.W, "study"),
            STUDY_NAMES,
            key="pr_study",
            required=True,
            format_func=lambda name: t(page.W, f"study_{name}"),
            on_change=links.moved,
        )
    with row[1]:
        model_picker("generation", on_change=links.moved)
card = model_in_use("generation", default=FIRST_MODEL)


@part
def lesson() -> None:
    """The prompts with their scores, the questions of one of them, and what the reader opened below."""
    found = page.lines(card)
    page.fit(found)
    with answer():
        data = page.board(card, found)
        now = wording_board(data, page.view(), rev=links.revision(), key=page.BOARD, on_view=lambda: page.took(len(found)))  # fmt: skip
        picture_first(page.BOARD, (data["id"], now.row, now.way))
        caption(page.caption(card))
        if language() == "ko":
            caption(t(page.W, "english_scenes"))
        reading_aid(page.aid(found, now))
    ask_all(card, found)
    look_further(card, found)
    with st.expander(t(page.W, "how")):
        st.markdown(how())
    notebook(page.notebook_of(card, found, now))
    slide_note("E42", "E50")
    foot(
        page.NAME,
        terms=["prompt", "prompt engineering", "zero-shot", "few-shot", "in-context learning"],
        try_this=page.prepared(),
        sources=[
            ("Radford et al. 2019, GPT-2", "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf"),
            ("Brown et al. 2020, GPT-3", "https://arxiv.org/abs/2005.14165"),
            ("Zhao et al. 2021, calibration", "https://arxiv.org/abs/2102.09690"),
            ("Lu et al. 2022, order", "https://arxiv.org/abs/2104.08786"),
            ("Min et al. 2022, labels", "https://arxiv.org/abs/2202.12837"),
        ],
        export=page.export(card),
    )  # fmt: skip


lesson()
