"""Below the board of "Masking rates compared": the chosen recipe on a sentence, and the tables and the live measurement."""

import streamlit as st

from components.lessons.bert import masking_rates as rates
from components.lessons.bert.masked_text import MODEL
from components.lm.bert.masking_table import PublishedRow, study
from components.shell import links
from components.shell.held import held
from components.shell.layout import caption, controls, panel_choice, reading_aid, working
from components.shell.models import model_in_use, model_picker
from components.words import t, told


def on_a_sentence(row: PublishedRow) -> None:
    """Throw the dice of one recipe for a sentence of the reader's."""
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


def look_further(rows: tuple[PublishedRow, ...]) -> None:
    """Show what the reader chose below: the paper's table, our own study where there is one, or a measurement live."""
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
        _live()


def _live() -> None:
    card = model_in_use("masked_prediction", default=MODEL, key="bert_model")
    st.markdown(f"#### {told('rates', 'live_title', model=card.name)}")
    st.markdown(t("rates", "live_text"))
    columns = st.columns([4, 2, 2], vertical_alignment="bottom")
    held(columns[0]).text_area(t("rates", "live_source"), key="live_text", height=100)
    held(columns[1]).slider(t("rates", "live_rate"), 0.05, 0.9, step=0.05, format="percent", key="live_rate")
    with columns[2]:
        model_picker("masked_prediction", key="bert_model")
    with working(told("rates", "loading", model=card.name)):
        rates.live(card)
