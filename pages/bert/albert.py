"""ALBERT: a narrow embedding and shared layers; parameters, memory and time counted apart."""

import streamlit as st

from components.elements.bert.albert_levers import albert_levers
from components.elements.predict_first import answer
from components.lessons.bert import albert as page
from components.lessons.bert import albert_panels as panels
from components.lm.bert.albert import EMBEDDINGS, costs
from components.shell import links
from components.shell.layout import caption, foot, page_header, prediction, reading_aid, slide_note, working
from components.words import t

NAME = "bert/albert"
links.open_view(NAME, *page.params())
page_header(NAME)
prediction(page.prediction())
s = st.session_state
links.put("alb_embedding", page.embedding())

# Two levers on a drawing to scale. Counting happens at once, the time is measured when it is asked for.
setting = page.asked()
seconds = None
if setting is not None:
    with working(t("albert", "measuring")):
        seconds = page.measured(*setting)
with answer():
    albert_levers(
        costs(),
        embedding=page.embedding(),
        shared=s["alb_shared"],
        embeddings=EMBEDDINGS,
        seconds=seconds,
        measured=setting,
        rev=links.revision(),
        on_levers=page.moved,
    )
    st.button(
        t("albert", "measure"), key="alb_measure", on_click=page.measure, help=t("albert", "measure_help")
    )
    reading_aid(page.aid())
    caption(page.caption())

    # What the paper measured.
    panels.published()

# What the levers cost at our size, and two tasks on the same sentences with what can be known without reading them.
panels.at_our_size()
panels.order_of_two()
slide_note("E24", "E21")
foot(
    NAME,
    terms=[
        "embedding",
        "feed-forward network",
        "sentence order prediction (SOP)",
        "next sentence prediction (NSP)",
    ],
    try_this=page.prepared(),
    sources=[("Lan et al. 2020 (ALBERT), section 3.1, Tables 1 to 5", "https://arxiv.org/abs/1909.11942")],
    export=page.export(),
)
