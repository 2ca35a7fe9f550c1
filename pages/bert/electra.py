"""ELECTRA: a generator puts words into a text, and the model says of every word whether it was put there."""

import streamlit as st

from components.elements.bert.comparison_table import comparison_table
from components.elements.bert.electra_flow import electra_flow
from components.elements.bert.electra_game import electra_game
from components.elements.predict_first import answer
from components.lessons.bert import electra as page
from components.lessons.bert import notebooks
from components.lessons.bert.electra_live import fine_tune_here
from components.lessons.bert.masked_text import notices
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    caption,
    controls,
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

with controls():
    row = st.columns([4, 2.6, 1.8, 0.9], vertical_alignment="bottom")
    held(row[0]).text_area(t("electra", "text"), key="el_text", height=68)
    held(row[1]).segmented_control(
        t("electra", "fakes"),
        page.FAKES,
        key="el_fakes",
        required=True,
        format_func=lambda name: t("electra", f"fakes_{name}"),
        help=t("electra", "fakes_help"),
    )
    held(row[2]).slider(
        t("electra", "temperature"),
        0.3,
        3.0,
        step=0.1,
        key="el_temperature",
        help=t("electra", "temperature_help"),
    )
    with row[3].popover(t("layout", "more")):
        held().number_input(t("electra", "seed"), 0, 999_999, key="el_seed")

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
row = st.columns([2.4, 2.6, 4], vertical_alignment="bottom")
held(row[0]).segmented_control(
    t("electra", "game"),
    ("judge", "fool"),
    key="el_game",
    required=True,
    format_func=lambda name: t("electra", f"game_{name}"),
)
if st.session_state["el_game"] == "judge":
    held(row[1]).segmented_control(
        t("electra", "fakes"),
        ("random", "generator"),
        key="el_game_fakes",
        required=True,
        format_func=lambda name: t("electra", f"fakes_{name}"),
    )
page.notices()
with working(told("electra", "loading")):
    round_ = page.game()
electra_game(round_, on_round=page.next_round, on_put=page.put_word, on_word=page.put_own)
caption(page.game_caption())

# What the paper measured, and what we did.
st.markdown(f"#### {t('electra', 'tables_title')}")
held().segmented_control(
    t("electra", "table_choice"),
    page.TABLES,
    key="el_table",
    required=True,
    format_func=lambda name: t("electra", f"table_{name}"),
)
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
    try_this=[
        (t("electra", "try_original"), {"el_stage": 2}),
        (t("electra", "try_random"), {"el_fakes": "random", "el_stage": 4}),
        (t("electra", "try_fool"), {"el_game": "fool"}),
        (t("electra", "try_scratch"), {"el_table": "scratch"}),
    ],
    sources=[
        (
            "Clark et al. 2020 (ELECTRA), sections 2 and 3, Tables 1, 2 and 5",
            "https://arxiv.org/abs/2003.10555",
        )
    ],
    export=page.export(),
)
