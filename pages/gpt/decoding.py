"""Choosing a text: eight ways to choose from the same probabilities, in step."""

import streamlit as st

from components.elements.gpt.lane_race import lane_race
from components.elements.predict_first import answer
from components.lessons.gpt import decoding as page
from components.lessons.gpt.decoding_panels import look_further
from components.lessons.known_language import say_if_foreign
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
)
from components.shell.loading import FIRST_MODEL
from components.shell.models import model_in_use, model_picker
from components.words import t, told

links.open_view(page.NAME, *page.PARAMS, korean=page.KOREAN)
page_header(page.NAME)
prediction(page.prediction())

# The reader sets the beginning, the model and the seed; each lane's number is in the box of settings.
with controls(above=True):
    row = st.columns([5, 1.9, 1.1, 1.3], vertical_alignment="bottom")
    held(row[0]).text_input(t("decoding", "prompt"), key="dec_prompt", help=t("decoding", "prompt_help", n=page.MOST_PROMPT), on_change=page.edited)  # fmt: skip
    with row[1]:
        model_picker("generation", on_change=page.edited)
    held(row[2]).number_input(t("decoding", "seed"), 0, 9999, key="dec_seed", help=t("decoding", "seed_help"))
    held(row[3]).number_input(t("decoding", "most"), 8, page.MOST, key="dec_most")
    with st.expander(t("decoding", "settings")):
        first = st.columns(6, vertical_alignment="bottom")
        held(first[0]).number_input(t("decoding", "temperature"), 0.0, 2.0, step=0.1, key="dec_temperature")
        held(first[1]).number_input(t("decoding", "top_k"), 1, 200, key="dec_top_k")
        held(first[2]).number_input(t("decoding", "top_p"), 0.05, 1.0, step=0.05, key="dec_top_p")
        held(first[3]).number_input(t("decoding", "typical"), 0.05, 1.0, step=0.05, key="dec_typical", help=t("decoding", "typical_help"))  # fmt: skip
        held(first[4]).number_input(t("decoding", "min_p"), 0.0, 1.0, step=0.05, key="dec_min_p")
        held(first[5]).number_input(t("decoding", "alpha"), 0.0, 1.0, step=0.1, key="dec_alpha", help=t("decoding", "alpha_help"))  # fmt: skip
        second = st.columns([1, 2, 1], vertical_alignment="bottom")
        held(second[0]).number_input(t("decoding", "heat"), 0.1, 2.0, step=0.1, key="dec_heat", help=t("decoding", "heat_help"))  # fmt: skip
        held(second[1]).segmented_control(t("decoding", "order"), ("first", "last"), key="dec_order", required=True, format_func=lambda o: t("decoding", f"order_{o}"))  # fmt: skip
        held(second[2]).number_input(t("decoding", "penalty"), 1.0, 2.0, step=0.1, key="dec_penalty", help=t("decoding", "penalty_help"))  # fmt: skip

card = model_in_use("generation", default=FIRST_MODEL)
say_if_foreign(card, st.session_state["dec_prompt"])


@part
def lanes() -> None:
    """The lanes, and what the reader opened below them."""
    with answer():
        lane_race(page.race_data(card), on_view=page.took_view, on_want=page.wanted, key=page.RACE)
        picture_first(page.RACE, page.race_key(card))
        caption(page.caption(card))
        reading_aid(
            t("decoding", "aid_named", **page.facts())
            if st.session_state["dec_named"]
            else t("decoding", "aid_covered")
        )
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
    sources=[
        ("Holtzman et al. 2020, nucleus sampling", "https://arxiv.org/abs/1904.09751"),
        ("Meister et al. 2023, typical sampling", "https://arxiv.org/abs/2202.00666"),
        ("Nguyen et al. 2024, min-p", "https://arxiv.org/abs/2407.01082"),
        ("Su et al. 2022, contrastive search", "https://arxiv.org/abs/2202.06417"),
        ("Keskar et al. 2019, repetition penalty", "https://arxiv.org/abs/1909.05858"),
    ],
    export=page.export(card),
)
