"""Masking rates compared: BERT's Table 8, our own study where there is one, and a measurement live."""

import streamlit as st

from components.elements.bert.recipe_board import recipe_board
from components.elements.predict_first import answer
from components.lessons.bert import masking_rates as rates
from components.lessons.bert.masked_text import MODEL
from components.lm.bert.masking_table import published, study, study_rows
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    Export,
    caption,
    controls,
    foot,
    page_header,
    panel_choice,
    prediction,
    reading_aid,
    slide_note,
    working,
)
from components.shell.models import model_in_use, model_picker
from components.words import t, told

links.open_view("bert/masking_rates", *rates.params(), korean=rates.korean())
page_header("bert/masking_rates")
prediction(rates.prediction())

rows = published()
with answer():
    recipe_board(rows, row=st.session_state["recipe"], rev=links.revision(), on_row=rates.took_row)
    caption(t("rates", "caption"))

    # The chosen recipe, on a sentence.
    row = rows[st.session_state["recipe"]]
    st.markdown(f"#### {t('rates', 'recipe_title')}: {row.name}")
    with controls():
        columns = st.columns([5, 1.8, 1.3], vertical_alignment="bottom")
        held(columns[0]).text_input(t("rates", "sentence"), key="rates_sentence", max_chars=2000)
        held(columns[1]).slider(t("rates", "rate"), 0.05, 1.0, step=0.05, format="percent", key="apply_rate")
        columns[2].button(t("rates", "throw"), key="rates_throw", type="primary", on_click=rates.threw)
    words = rates.applied(row)
    st.html(rates.applied_html(words))
    reading_aid(rates.applied_line(words))
    caption(t("rates", "applied_note") + f" · {t('rates', 'seed')} {st.session_state['rates_seed']}")

    options = rates.looks()
    if st.session_state["rates_look"] not in options:
        links.put("rates_look", rates.first_look())
    look = panel_choice("rates", options, key="rates_look")
    if look == "table":
        st.html(rates.table_html(rows))
    elif look == "study":
        st.markdown(f"#### {t('rates', 'study_title')}")
        st.markdown(t("rates", "study_text"))
        rates.show_study(study() or ())
    elif look == "live":
        card = model_in_use("masked_prediction", default=MODEL, key="bert_model")
        st.markdown(f"#### {told('rates', 'live_title', model=card.name)}")
        st.markdown(t("rates", "live_text"))
        columns = st.columns([4, 2, 2], vertical_alignment="bottom")
        held(columns[0]).text_area(t("rates", "live_source"), key="live_text", height=100)
        held(columns[1]).slider(
            t("rates", "live_rate"), 0.05, 0.9, step=0.05, format="percent", key="live_rate"
        )
        with columns[2]:
            model_picker("masked_prediction", key="bert_model")
        with working(told("rates", "loading", model=card.name)):
            rates.live(card)

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
