"""ELECTRA: a generator puts words into a text, and the model says of every word whether it was put there."""

import streamlit as st

from components.elements.bert.comparison_table import comparison_table
from components.elements.bert.electra_flow import electra_flow
from components.elements.bert.electra_game import electra_game
from components.elements.predict_first import answer
from components.lessons.bert import electra as page
from components.lessons.bert import electra_controls, notebooks
from components.lessons.bert.electra_live import fine_tune_here
from components.lessons.bert.masked_text import notices
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    page_header,
    prediction,
    reading_aid,
    slide_note,
    working,
)
from components.shell.notebook import notebook
from components.words import t, told

NAME = page.NAME
links.open_view(NAME, *page.params())
page_header(NAME)
prediction(page.prediction())

electra_controls.settings()

# One text: hidden places, the draw, and what the discriminator makes of it.
with working(told("electra", "loading")):
    text, data = page.flow()
notices(page.bert_card(), text)
electra_flow(data, on_stage=page.staged, on_again=page.again)
caption(page.caption())
place = data["places"][0]["position"] if data["places"] else 1
notebook(notebooks.replaced(page.card(), data["given"], place, data["suspicion"][place]))

# The game, both ways.
st.markdown(f"#### {t('electra', 'game_title')}")
electra_controls.game_settings()
page.notices()
with working(told("electra", "loading")):
    round_ = page.game()
electra_game(round_, on_round=page.next_round, on_put=page.put_word, on_word=page.put_own)
caption(page.game_caption())

# What the paper measured, and what we did.
st.markdown(f"#### {t('electra', 'tables_title')}")
electra_controls.table_choice()
with answer():
    head, rows = page.table()
    comparison_table(head, rows, name="electra-table", label=t("electra", "tables_title"), key="electra_table")  # fmt: skip
    reading_aid(page.table_aid())
if st.session_state["el_table"] == "tags":
    caption(page.tags_caption())
    fine_tune_here()
slide_note("E25")
foot(
    NAME,
    terms=["replaced token detection (RTD)", "masked language model (MLM)", "fine-tuning"],
    try_this=page.prepared(),
    sources=[
        (
            "Clark et al. 2020 (ELECTRA), sections 2 and 3, Tables 1, 2 and 5",
            "https://arxiv.org/abs/2003.10555",
        )
    ],
    export=page.export(),
)
