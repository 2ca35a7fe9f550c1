"""Choosing a text: eight ways to choose from the same probabilities, in step."""

import streamlit as st

from components.elements.gpt.lane_race import lane_race
from components.elements.page_fields import page_fields
from components.elements.predict_first import answer
from components.lessons.gpt import decoding as page
from components.lessons.gpt.decoding_panels import look_further
from components.lessons.known_language import say_if_foreign
from components.shell import links
from components.shell.layout import (
    controls,
    foot,
    page_header,
    part,
    picture_first,
    prediction,
)
from components.shell.loading import FIRST_MODEL
from components.shell.models import model_in_use, model_picker
from components.words import t, told

links.open_view(page.NAME, *page.PARAMS, korean=page.KOREAN)
page_header(page.NAME)
prediction(page.prediction())

# The reader sets the model here; the beginning and each lane's number are fields that the browser keeps.
with controls(above=True):
    row = st.columns([7.4, 1.9], vertical_alignment="bottom")
    with row[0]:
        page_fields(page.VIEW, links.revision(), page.state(), page.fields())
    with row[1]:
        model_picker("generation", on_change=page.edited)
    page_fields(page.VIEW, links.revision(), page.state(), page.lane_fields(), name="lanes", closed=t("decoding", "settings"))  # fmt: skip

card = model_in_use("generation", default=FIRST_MODEL)


@part
def lanes() -> None:
    """The lanes, and what the reader opened below them."""
    with st.container():  # one place, so that a line that comes and goes does not mount the lanes anew
        say_if_foreign(card, st.session_state["dec_prompt"])
    with answer():
        lane_race(page.race_data(card), on_view=page.took_view, on_want=page.wanted, key=page.RACE)
        picture_first(page.RACE, page.race_key(card))
    look_further(card)


lanes()
with st.expander(t("decoding", "how")):
    st.markdown(told("decoding", "how_text"))
foot(
    page.NAME,
    terms=[
        "greedy decoding",
        "beam search",
        "temperature",
        "top-k sampling",
        "top-p (nucleus) sampling",
        "perplexity",
    ],
    try_this=page.prepared(card),
    kept=(page.VIEW, page.MOVED),
    sources=[
        ("Holtzman et al. 2020, nucleus sampling", "https://arxiv.org/abs/1904.09751"),
        ("Meister et al. 2023, typical sampling", "https://arxiv.org/abs/2202.00666"),
        ("Nguyen et al. 2024, min-p", "https://arxiv.org/abs/2407.01082"),
        ("Su et al. 2022, contrastive search", "https://arxiv.org/abs/2202.06417"),
        ("Keskar et al. 2019, repetition penalty", "https://arxiv.org/abs/1909.05858"),
    ],
    export=page.export(card),
)
