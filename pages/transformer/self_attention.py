"""Self-attention, step by step: from vectors to scores to weights to a new vector."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.attention_steps import attention_steps, first_query
from components.lessons import attention_models
from components.lessons.known_language import say_if_foreign
from components.lessons.transformer import notebooks
from components.lessons.transformer import self_attention as page
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, caption, controls, foot, page_header, prediction, slide_note
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import t

NAME = "transformer/self_attention"
WORDS = "self_attention"
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)
page_header(NAME)
prediction(page.prediction())
by_hand = st.session_state["example"] == "numbers"

# The reader sets what is computed: whole numbers by hand, or a head of a real model.
with controls():
    row = st.columns([2.4, 4, 2, 1.1, 1.1], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t(WORDS, "example"),
        ["numbers", "model"],
        key="example",
        required=True,
        format_func=lambda example: t(WORDS, f"example_{example}"),
    )
    if by_hand:
        held(row[1]).toggle(t(WORDS, "causal"), key="causal")
    else:
        held(row[1]).text_input(t(WORDS, "text"), key="steps_text")
        with row[2]:
            model_picker("attention", key="attention_model")

if by_hand:
    shown: page.Shown | None = page.by_hand()
else:
    card = model_in_use("attention", default=attention_models.default_model(), key="attention_model")
    page.clamp_head(card)
    held(row[3]).number_input(t(WORDS, "layer"), 0, card.num_layers - 1, key="steps_layer")
    held(row[4]).number_input(t(WORDS, "head"), 0, card.num_heads - 1, key="steps_head")
    say_if_foreign(card, st.session_state["steps_text"])
    shown = page.of_a_head(card)
if shown is None:
    foot(NAME)
    st.stop()

# All steps go to the browser at once; the step, the query and the key are chosen there.
with answer():
    view = attention_steps(shown.steps, shown.tokens, key=shown.key, start=page.start(), rev=links.revision())
    page.keep(view)
    caption(shown.caption)
    if not by_hand and not view.divisor:
        asked = view.query if view.query >= 0 else first_query(shown.tokens)
        notebook(notebooks.self_attention(card, shown.about, shown.steps.weights, asked))

slide_note("E73", "E72", "E74", "E79")
foot(
    NAME,
    terms=[
        "self-attention",
        "scaled dot-product attention",
        "softmax",
        "residual connection",
        "layer normalization",
        "pre-LN",
    ],
    try_this=page.prepared(),
    sources=[("Vaswani et al. 2017, section 3.2", "https://arxiv.org/abs/1706.03762")],
    export=Export("self-attention", shown.caption, shown.about, {"scores": shown.as_rows}, shown.as_rows),
)
