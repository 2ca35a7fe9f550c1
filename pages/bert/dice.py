"""15%, then 80 / 10 / 10: throw BERT's dice on a text and see what the model makes of each case."""

import streamlit as st

from components.elements.bert.dice_board import dice_board
from components.elements.predict_first import answer
from components.lessons.bert import dice, notebooks
from components.lessons.bert.dice_panels import look_further
from components.lessons.bert.masked_text import MODEL, About, notices
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    Export,
    caption,
    controls,
    foot,
    page_header,
    prediction,
    slide_note,
    working,
)
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import t, told

links.open_view("bert/dice", *dice.PARAMS, korean=dice.KOREAN)
page_header("bert/dice")
if asked := dice.question():
    prediction(asked)

dice.keep_split_possible()
with controls():
    row = st.columns([3, 1.3, 1.3, 1.3, 2.3, 1.7, 0.9], vertical_alignment="bottom")
    held(row[0]).text_area(t("dice", "text"), key="dice_text", height=68, help=t("dice", "text_help"))
    for column, key, name in (
        (row[1], "mlm_probability", "rate"),
        (row[2], "mask_replace_prob", "mask"),
        (row[3], "random_replace_prob", "random"),
    ):
        held(column).slider(
            t("dice", name), 0.0, 1.0, step=0.05, format="percent", key=key, help=t("dice", f"{name}_help")
        )
    held(row[4]).segmented_control(
        t("dice", "strategy"),
        ["tokens", "words", "spans"],
        key="strategy",
        required=True,
        format_func=lambda name: t("dice", f"strategy_{name}"),
        help=t("dice", "strategy_help"),
    )
    with row[5]:
        model_picker("masked_prediction", key="bert_model")
    with row[6].popover(t("layout", "more")):
        held().number_input(t("dice", "seed"), 0, 999_999, key="seed")

# One draw; the model reads it, and each chosen position once more in the two cases that did not come up.
card = model_in_use("masked_prediction", default=MODEL, key="bert_model")
with working(told("dice", "loading", model=card.name)):
    text, data = dice.board_data(card)
notices(card, text)
with answer():
    dice_board(data, on_said=dice.said)
caption(dice.about_board(card))

look_further(card, text)
notebook(notebooks.dice(card, data))

slide_note("E19", "E26")
foot(
    "bert/dice",
    terms=["masked language model (MLM)", "dynamic masking", "span masking"],
    try_this=dice.prepared(card),
    sources=[
        ("Devlin et al. 2019 (BERT), section 3.1 and appendix A.1", "https://arxiv.org/abs/1810.04805"),
        ("Liu et al. 2019 (RoBERTa), section 4.1", "https://arxiv.org/abs/1907.11692"),
        ("Joshi et al. 2020 (SpanBERT), section 3.1", "https://arxiv.org/abs/1907.10529"),
    ],
    export=Export(
        "bert-dice",
        f"{dice.about_board(card)} · {st.session_state['dice_text'][:200]}",
        About(card, [p.key for p in dice.PARAMS if p.key not in ("bert_model", "dice_look")]),
        {"positions": lambda: dice.rows(card)},
        lambda: dice.board_data(card)[1],
    ),
)
