"""Encode a word: the learned merges fire in their order until nothing applies."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.tokens.encode_board import encode_board
from components.lessons.tokens import encode as page
from components.lessons.tokens import word_training
from components.lessons.tokens.encode_controls import choices
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    note_line,
    page_header,
    prediction,
    reading_aid,
    slide_note,
)
from components.words import t

links.open_view(
    "tokens/encode", *page.PARAMS, *word_training.TRAINING, *word_training.RUNS, korean=page.KOREAN
)
page_header("tokens/encode")
prediction(page.prediction())

# The reader sets the text, whether it is cut into letters or bytes, and which merges were learned.
as_bytes = st.session_state["encode_view"] == "bytes"
choices(as_bytes)

# The merges come from the page before, or from a model; the browser steps through them.
lesson = page.trained()
view = page.encoded(lesson) if lesson is not None else None
if view is not None:
    if cut := page.cut_note():
        note_line(cut)
    with answer():
        encode_board(**view, step=page.step_to_take_over(), rev=word_training.revision(), on_step=page.moved)
    caption(page.caption(view))
    if as_bytes:
        for note in filter(None, (page.forms_note(), page.split_note(view))):
            reading_aid(note)
        page.byte_details()
    elif shares := page.unknown_shares():
        reading_aid(t("encode", "unknown_share", **shares))
    slide_note("E07", "E09")

foot(
    "tokens/encode",
    terms=["out-of-vocabulary (OOV)", "merge rule", "byte-level BPE"],
    try_this=page.prepared(),
    sources=[
        ("Sennrich et al. 2016, section 3.2", "https://arxiv.org/abs/1508.07909"),
        (
            "Radford et al. 2019 (GPT-2), section 2.2",
            "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf",
        ),
        ("Unicode Standard Annexes 15 and 29", "https://www.unicode.org/reports/tr29/"),
    ],
    export=page.export(view) if view is not None else None,
)
