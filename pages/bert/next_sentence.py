"""Next sentence, or not: the class votes against the model, and what the task notices at all."""

import streamlit as st

from components.elements.bert.next_rounds import next_rounds
from components.lessons.bert import next_sentence as nsp
from components.lessons.bert import notebooks
from components.lessons.bert.masked_text import MODEL
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    Export,
    caption,
    controls,
    foot,
    page_header,
    part,
    prediction,
    slide_note,
    working,
)
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import t, told

links.open_view("bert/next_sentence", *nsp.params(), korean=nsp.korean())
page_header("bert/next_sentence")
if asked := nsp.prediction():
    prediction(asked)

chosen = st.session_state["nsp_part"]
with controls():
    row = st.columns([3, 3.2, 2], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t("nsp", "part"),
        ["rounds", "probe"],
        key="nsp_part",
        required=True,
        format_func=lambda name: t("nsp", f"part_{name}"),
    )
    if chosen == "rounds":
        with row[1]:
            nsp.ask_elsewhere()
    with row[2]:
        model_picker("next_sentence", key="bert_model", on_change=nsp.restart)

card = model_in_use("next_sentence", default=MODEL, key="bert_model")
nsp.notices(card)
if chosen == "rounds":

    @part
    def rounds() -> None:
        """Ten pairs; a vote runs this again and nothing else of the page."""
        with working(told("nsp", "loading", model=card.name)):
            data = nsp.rounds(card)
        next_rounds(data, on_view=nsp.took_rounds)
        if shown := nsp.example(card, data):
            notebook(notebooks.next_sentence(card, *shown))

    rounds()
else:
    nsp.ask_probe(card)
    caption(nsp.caption(card))

with st.expander(t("nsp", "why_title")):
    st.markdown(t("nsp", "why_text"))
    st.html(nsp.facts_html())
slide_note("E15", "E16", "E20", "E21")

foot(
    "bert/next_sentence",
    terms=["next sentence prediction (NSP)", "sentence order prediction (SOP)"],
    try_this=nsp.prepared(card),
    kept=nsp.kept(),
    sources=[
        ("Devlin et al. 2019 (BERT), section 3.1 and Table 5", "https://arxiv.org/abs/1810.04805"),
        ("Liu et al. 2019 (RoBERTa), section 4.2", "https://arxiv.org/abs/1907.11692"),
        ("Lan et al. 2020 (ALBERT), section 3.1", "https://arxiv.org/abs/1909.11942"),
    ],
    export=Export(
        "bert-next-sentence",
        nsp.caption(card),
        {"model": card.name, "revision": card.revision, "seed": st.session_state["nsp_seed"]},
        {"pairs": lambda: nsp.export_rows(card)},
        lambda: nsp.export_rows(card),
        models=() if chosen == "rounds" else (card.name,),
    ),
)
