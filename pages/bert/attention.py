"""Attention heads: who reads whom, in every head of a real model."""

import streamlit as st

from components.elements.bert.attention_view import attention_view
from components.elements.predict_first import answer
from components.lessons.attention_models import default_model
from components.lessons.bert import attention as page
from components.lessons.bert import attention_panels as panels
from components.lessons.bert import notebooks
from components.lessons.known_language import say_if_foreign
from components.lm.transformer.attention import pack_weights
from components.shell import links
from components.shell.held import held
from components.shell.layout import caption, controls, foot, page_header, prediction, slide_note
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import t

NAME = "bert/attention"
links.open_view(NAME, *page.params())
page_header(NAME)
prediction(page.prediction())

# The reader sets one or two texts, the model, and what is measured.
with controls(above=True):
    row = st.columns([4, 3, 2, 2.4], vertical_alignment="bottom")
    held(row[0]).text_input(t("attention", "text"), key="text", on_change=page.typed)
    held(row[1]).text_input(
        t("attention", "second"),
        key="second",
        placeholder=t("attention", "second_hint"),
        on_change=page.typed,
    )
    with row[2]:
        model_picker("attention", key="attention_model", on_change=page.typed)
    held(row[3]).selectbox(
        t("attention", "measure"),
        page.MEASURES,
        key="measure",
        format_func=lambda measure: t("attention", measure),
        help=t("attention", "measure_help"),
        on_change=links.moved,
    )
card = model_in_use("attention", default=default_model(), key="attention_model")
say_if_foreign(card, st.session_state["text"], st.session_state["second"])
attention = page.read(card)
if attention is None:
    foot(NAME, try_this=page.prepared(card))
    st.stop()

# The model reads; the weights, or what else was asked for, go to the browser in one byte each.
shown = page.sent(card, attention)
with answer():
    choice = attention_view(
        pack_weights(shown.attention.weights),
        attention.reading,
        key=shown.key,
        layers=shown.attention.layers,
        columns=shown.columns,
        scores=shown.scores,
        strongest=shown.strongest,
        even_induction=shown.even_induction,
        start=page.start(),
        now=page.now(),
        rev=links.revision(),
    )
page.keep(choice, shown)
where = page.where(shown, choice)
caption(f"{card.name} ({card.revision[:14]}) · {where}")

# Attention is not an explanation: the tools to see why.
about = page.about(card, shown)
st.markdown(t("attention", "not_explanation"))
panel = held().segmented_control(
    t("attention", "panel"),
    page.PANELS,
    key="panel",
    required=True,
    format_func=lambda name: t("attention", f"panel_{name}"),
)
if panel == "ablation":
    panels.ablation(card, attention)
elif panel == "bertviz":
    panels.bertviz(card, attention, choice)
elif panel == "numbers":
    panels.numbers(card, attention, choice, about)

if shown.measure == "weights" and choice.layer in shown.attention.layers:
    head, query = (choice.heads or (0,))[0], max(choice.token, 0)
    texts = (st.session_state["text"], st.session_state["second"])
    notebook(notebooks.attention(card, shown.attention, choice.layer, head, query, texts))
slide_note("E73", "E74")
foot(
    NAME,
    terms=["self-attention", "query, key, value", "multi-head attention"],
    try_this=page.prepared(card),
    sources=[
        ("Vaswani et al. 2017, 3.2", "https://arxiv.org/abs/1706.03762"),
        ("Clark et al. 2019, 3", "https://arxiv.org/abs/1906.04341"),
        ("Abnar and Zuidema 2020, 3", "https://arxiv.org/abs/2005.00928"),
        ("Kobayashi et al. 2020, 3", "https://arxiv.org/abs/2004.10102"),
    ],
    export=page.export(shown, choice, about, where),
)
