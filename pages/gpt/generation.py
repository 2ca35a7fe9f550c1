"""GPT writes, token by token: how a model that only gives probabilities writes a text."""

import streamlit as st

from components.elements.writer import writer
from components.shell import gpt_page as gpt
from components.shell import links
from components.shell.gpt_inside import look_inside
from components.shell.i18n import t
from components.shell.layout import Export, caption, controls, foot, page_header, slide_note
from components.shell.models import model_in_use, model_picker

links.open_view("gpt/generation", *gpt.PARAMS)
page_header("gpt/generation")

# The reader sets the beginning, the model and how a token is chosen.
greedy = st.session_state["strategy"] == "greedy"
with controls():
    row = st.columns([4.2, 2, 2.1, 1.6, 1.3, 1.3, 1.2], vertical_alignment="top")
    row[0].text_area(
        t("gpt", "prompt"), key="prompt", height=68, help=t("gpt", "prompt_help"), on_change=gpt.edited
    )
    with row[1]:
        model_picker("generation", on_change=gpt.edited)
    row[2].segmented_control(
        t("gpt", "strategy"),
        ["greedy", "sample"],
        key="strategy",
        required=True,
        help=t("gpt", "strategy_help"),
        on_change=gpt.resampled,
    )
    row[3].slider(
        t("gpt", "temperature"),
        0.0,
        2.0,
        step=0.05,
        key="temperature",
        disabled=greedy,
        on_change=gpt.resampled,
    )
    row[4].number_input(
        t("gpt", "top_k"),
        0,
        200,
        key="top_k",
        disabled=greedy,
        help=t("gpt", "top_k_help"),
        on_change=gpt.resampled,
    )
    row[5].number_input(
        t("gpt", "top_p"),
        0.05,
        1.0,
        step=0.05,
        key="top_p",
        disabled=greedy,
        help=t("gpt", "top_p_help"),
        on_change=gpt.resampled,
    )
    row[6].number_input(
        t("gpt", "seed"),
        0,
        9999,
        key="seed",
        disabled=greedy,
        help=t("gpt", "seed_help"),
        on_change=gpt.resampled,
    )

# The first view comes from a file; everything else from the model.
card = model_in_use("generation", default=gpt.cached.FIRST_MODEL)
trace = gpt.precomputed() if card.name == gpt.cached.FIRST_MODEL else None
if trace is not None:
    text, data = None, gpt.from_trace(trace)
else:
    with st.spinner(t("gpt", "loading", model=card.name), show_time=True):
        text = gpt.writing(card.name, card.revision)
        data = gpt.from_model(card.name, text)

gpt.notices(card, data)
writer(data, on_step=gpt.took_step, on_want=gpt.wanted_more, on_pick=gpt.picked, on_return=gpt.returned)
about = gpt.about(card)
caption(gpt.caption(card))

look_inside(card, text)
slide_note("E36")

foot(
    "gpt/generation",
    try_this=gpt.examples(),
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
    export=Export("gpt-generation", gpt.caption(card), about, gpt.tables(card), lambda: gpt.result(card)),
)
