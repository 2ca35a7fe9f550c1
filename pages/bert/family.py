"""After BERT: what each successor changed, and which of the published comparisons are fair."""

import streamlit as st

from components.elements.bert.family_board import family_board
from components.elements.bert.family_results import family_results
from components.elements.predict_first import answer
from components.lessons.bert import family as page
from components.lm.bert.family import COLUMNS
from components.shell import links
from components.shell.held import held
from components.shell.layout import caption, foot, page_header, prediction, reading_aid, slide_note
from components.words import t

NAME = "bert/family"
links.open_view(NAME, *page.params())
page_header(NAME)
prediction(page.prediction())
s = st.session_state

# Seven models, ten decisions.
asked = family_board(
    page.board(),
    page.columns(),
    model=page.NAMES.index(s["fam_model"]),
    column=COLUMNS.index(s["fam_column"]),
    rev=links.revision(),
    on_cell=page.took_cell,
)
goal = page.asked_for(asked)
if goal is not None:
    st.switch_page(goal[0], query_params=goal[1])

# What it brought, as published.
with answer():
    st.markdown(f"#### {t('family', 'results_title')}")
    held().segmented_control(
        t("family", "show"),
        page.SHOWN,
        key="fam_show",
        required=True,
        format_func=lambda name: t("family", f"show_{name}", model=s["fam_model"]),
    )
    reading_aid(page.summary())
    low, high = page.scale()
    family_results(page.results(), low=low, high=high)
    caption(t("family", "caption"))

slide_note("E21", "E24", "E25", "E26")
foot(
    NAME,
    terms=[
        "masked language model (MLM)",
        "dynamic masking",
        "span masking",
        "next sentence prediction (NSP)",
        "sentence order prediction (SOP)",
        "replaced token detection (RTD)",
    ],
    try_this=[
        (t("family", "try_albert"), {"fam_model": "ALBERT", "fam_column": "sharing"}),
        (t("family", "try_electra"), {"fam_model": "ELECTRA", "fam_column": "loss"}),
        (t("family", "try_fair"), {"fam_show": "fair"}),
    ],
    sources=[
        ("Devlin et al. 2019 (BERT)", "https://arxiv.org/abs/1810.04805"),
        ("Liu et al. 2019 (RoBERTa)", "https://arxiv.org/abs/1907.11692"),
        ("Joshi et al. 2020 (SpanBERT)", "https://arxiv.org/abs/1907.10529"),
        ("Lan et al. 2020 (ALBERT)", "https://arxiv.org/abs/1909.11942"),
        ("Clark et al. 2020 (ELECTRA)", "https://arxiv.org/abs/2003.10555"),
        ("Sanh et al. 2019 (DistilBERT)", "https://arxiv.org/abs/1910.01108"),
        ("He et al. 2021 (DeBERTa)", "https://arxiv.org/abs/2006.03654"),
    ],
    export=page.export(t("family", "caption")),
)
