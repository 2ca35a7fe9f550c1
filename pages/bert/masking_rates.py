"""Masking rates compared: BERT's Table 8, our own study where there is one, and a measurement live."""

import streamlit as st

from components.elements.bert.recipe_board import recipe_board
from components.elements.predict_first import answer
from components.lessons.bert import masking_rates as rates
from components.lessons.bert.masking_rates_panels import look_further, on_a_sentence
from components.lm.bert.masking_table import published, study, study_rows
from components.shell import links
from components.shell.layout import (
    Export,
    caption,
    foot,
    page_header,
    prediction,
    slide_note,
)
from components.words import t

links.open_view("bert/masking_rates", *rates.params(), korean=rates.korean())
page_header("bert/masking_rates")
prediction(rates.prediction())

rows = published()
with answer():
    recipe_board(rows, row=st.session_state["recipe"], rev=links.revision(), on_row=rates.took_row)
    caption(t("rates", "caption"))

    # The chosen recipe, on a sentence; then the numbers behind the picture.
    row = rows[st.session_state["recipe"]]
    on_a_sentence(row)
    look_further(rows)

slide_note("E19")
foot(
    "bert/masking_rates",
    terms=[
        "masked language model (MLM)",
        "fine-tuning",
        "feature-based approach",
        "named entity recognition (NER)",
    ],
    try_this=[
        (t("rates", "try_all_mask"), {"recipe": 1}),
        (t("rates", "try_no_mask"), {"recipe": 4, "apply_rate": 0.5}),
        (t("rates", "try_table"), {"rates_look": "table"}),
    ],
    sources=[("Devlin et al. 2019 (BERT), appendix C.2, Table 8", "https://arxiv.org/abs/1810.04805")],
    export=Export(
        "bert-masking-rates",
        t("rates", "caption"),
        {"source": "Devlin et al. 2019, Table 8", "recipe": row.name, "seed": st.session_state["rates_seed"]},
        {"table8": rates.export_rows} | ({"study": study_rows} if study() else {}),
        rates.export_rows,
    ),
)
