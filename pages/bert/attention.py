"""Attention heads: who reads whom, in every head of a real model."""

import streamlit as st

from components.elements.bert.attention_view import attention_view
from components.elements.page_fields import page_fields
from components.elements.predict_first import answer
from components.lessons.attention_models import default_model
from components.lessons.bert import attention as page
from components.lessons.bert import attention_panels as panels
from components.lessons.bert import notebooks
from components.lessons.known_language import say_if_foreign
from components.shell import links
from components.shell.held import held
from components.shell.layout import controls, foot, page_header, prediction, slide_note
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import t

NAME = "bert/attention"
links.open_view(NAME, *page.params(), korean=page.KOREAN)
page_header(NAME)
prediction(page.prediction())

# The reader sets the model here; the texts and what is measured are fields that the browser keeps.
with controls():
    row = st.columns([9.4, 2], vertical_alignment="bottom")
    with row[0]:
        page_fields(page.VIEW, links.revision(), page.state(), page.fields())
    with row[1]:
        model_picker("attention", key="attention_model", on_change=page.typed)
begun = model_in_use("attention", default=default_model(), key="attention_model")
card = page.weights_in_use(begun)
say_if_foreign(card, st.session_state["text"], st.session_state["second"])

# The model reads, here or in the browser; weights that were computed here go there in one byte each.
attention = None if page.in_browser(card) else page.read(card)
if attention is None and not page.in_browser(card):
    foot(NAME, try_this=page.prepared(begun), kept=(page.VIEW, page.MOVED))
    st.stop()
shown = page.browsers(card) if attention is None else page.computed(card, attention)
with answer():
    attention_view(page.frame(card), page.of_model(card), shown.drawn, on_view=page.took_view)
choice = page.now()

# Attention is not an explanation: the tools to see why.
about, where = page.about(card, shown), page.where(shown, choice)
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
elif panel != "nothing" and (exact := attention or page.read(card)):
    if panel == "bertviz":
        panels.bertviz(card, exact, choice)
    else:
        panels.numbers(card, exact, choice, about)

if card is begun and (reads := page.reads(shown, choice)):
    texts = (st.session_state["text"], st.session_state["second"])
    notebook(notebooks.attention(card, *reads, texts))
slide_note("E73", "E74")
foot(
    NAME,
    terms=["self-attention", "query, key, value", "multi-head attention"],
    try_this=page.prepared(begun),
    kept=(page.VIEW, page.MOVED),
    sources=[
        ("Vaswani et al. 2017, section 3.2", "https://arxiv.org/abs/1706.03762"),
        ("Clark et al. 2019, section 3", "https://arxiv.org/abs/1906.04341"),
        ("Abnar and Zuidema 2020, section 3", "https://arxiv.org/abs/2005.00928"),
        ("Kobayashi et al. 2020, section 3", "https://arxiv.org/abs/2004.10102"),
    ],
    export=page.export(card, shown, choice, about, where),
)
