"""GPT writes, token by token: how a model that only gives probabilities writes a text."""

import streamlit as st

from components.elements.gpt.writer import writer
from components.elements.gpt.writer_fields import writer_fields
from components.elements.predict_first import answer
from components.lessons.gpt import generation as gpt
from components.lessons.gpt import notebooks
from components.lessons.gpt.generation_inside import look_inside
from components.shell import links
from components.shell.layout import Export, controls, foot, page_header, part, prediction, slide_note
from components.shell.loading import FIRST_MODEL
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook

links.open_view("gpt/generation", *gpt.PARAMS, korean=gpt.KOREAN)
page_header("gpt/generation")
if asked := gpt.prediction():
    prediction(asked)

# The reader sets the model here; the beginning and how a token is chosen are fields that the browser keeps.
with controls():
    row = st.columns(gpt.control_widths(), vertical_alignment="top")
    with row[0]:
        model_picker("generation", on_change=gpt.edited)
    with row[1]:
        writer_fields(gpt.fields())

# The first view comes from a file; what the reader then does is computed in the browser, or here for a model of their own.
card = model_in_use("generation", default=FIRST_MODEL)


@part
def written_text() -> None:
    """The text with its candidates, and what the reader opened below it."""
    gpt.settle()
    text, data = gpt.shown_text(card)
    with answer():
        writer(data, on_view=gpt.took_view, on_want=gpt.wanted_more)
    with answer("inside"):
        look_inside(card, text, data)
    notebook(
        notebooks.generation(card, st.session_state["prompt"], gpt.written(data), st.session_state["step"])
    )


written_text()
slide_note("E36")

foot(
    "gpt/generation",
    try_this=gpt.examples(),
    kept=(gpt.VIEW, gpt.FIELDS),
    sources=[
        (
            "Radford et al. 2019, GPT-2",
            "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf",
        ),
        ("Holtzman et al. 2020, nucleus sampling", "https://arxiv.org/abs/1904.09751"),
        ("Fan et al. 2018, top-k sampling", "https://arxiv.org/abs/1805.04833"),
    ],
    terms=[
        "language model",
        "autoregressive",
        "logits",
        "softmax",
        "temperature",
        "top-k sampling",
        "top-p (nucleus) sampling",
        "greedy decoding",
        "perplexity",
    ],
    export=Export(
        "gpt-generation",
        gpt.caption(card),
        gpt.about(card),
        gpt.tables(card),
        lambda: gpt.result(card),
        models=(card.name,),
    ),
)
