"""Masked language model: hide tokens, see what the model says about each, fill some and watch the others."""

import streamlit as st

from components.elements.bert.mask_lab import mask_lab
from components.elements.page_fields import page_fields
from components.elements.predict_first import answer
from components.lessons.bert import masked_text, notebooks
from components.lessons.bert import masking as mlm
from components.shell import links
from components.shell.layout import (
    Export,
    caption,
    controls,
    foot,
    page_header,
    part,
    picture_first,
    prediction,
    working,
)
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import told

links.open_view("bert/masking", *mlm.LAB, korean=mlm.KOREAN)
page_header("bert/masking")
if asked := mlm.prediction():
    prediction(asked)

with controls():
    row = st.columns([6.6, 2], vertical_alignment="top")
    with row[0]:
        page_fields(mlm.VIEW, links.revision(), mlm.state(), mlm.fields())
    with row[1]:
        model_picker("masked_prediction", key="bert_model", on_change=mlm.typed)

# The model guesses every hidden token, all in one pass.
card = model_in_use("masked_prediction", default=masked_text.MODEL, key="bert_model")


@part
def blanks() -> None:
    """The text whose tokens are hidden by a click, and the same blanks asked in another way."""
    with st.container():  # one place, so that what comes and goes here does not mount the text anew
        with working(told("mlm", "loading", model=card.name)):
            text, data = mlm.lab(card)
        masked_text.notices(card, text)
    with answer():
        mask_lab(data, on_blanks=mlm.clicked)
        picture_first("mask_lab", (data["hidden"], data["filled"]))
        caption(masked_text.caption(card))
    with answer("further"):
        mlm.look_further(card, text, data)
    if text is None or not text.dropped:
        notebook(notebooks.masking(card, st.session_state["mlm_text"], mlm.guessed(data)))


blanks()
foot(
    "bert/masking",
    terms=["masked language model (MLM)", "special token", "logits", "softmax"],
    try_this=mlm.lab_examples(card),
    kept=(mlm.VIEW, mlm.MOVED),
    sources=[
        ("Devlin et al. 2019 (BERT), section 3.1", "https://arxiv.org/abs/1810.04805"),
        ("Taylor 1953, the cloze procedure", "https://doi.org/10.1177/107769905303000401"),
    ],
    export=Export(
        "bert-masking",
        f"{masked_text.caption(card)} · {st.session_state['mlm_text'][:200]}",
        masked_text.About(card, ("mlm_text", "hidden", "filled")),
        {"candidates": lambda: mlm.lab_rows(card)},
        lambda: mlm.lab(card, guesses=True)[1]["cards"],
        models=(card.name,),
    ),
)
