"""Token + segment + position: BERT's input, taken apart and put together again."""

import streamlit as st

from components.elements.bert.embedding_sum import embedding_sum
from components.elements.predict_first import answer
from components.lessons.bert import inputs as page
from components.lessons.bert import notebooks
from components.lessons.bert.inputs_controls import choices
from components.lessons.known_language import say_if_foreign
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import (
    Export,
    caption,
    foot,
    page_header,
    panel_choice,
    part,
    picture_first,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.notebook import notebook
from components.words import labels

NAME = "bert/inputs"
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)


def end(card: ModelCard, export: Export | None = None) -> None:
    """Draw the foot, also where nothing could be read."""
    slide_note("E12", "E13", "E15", "E16", "E17")
    foot(
        NAME,
        terms=[
            "embedding",
            "segment embedding",
            "position embedding",
            "special token",
            "attention mask",
            "layer normalization",
        ],
        try_this=page.prepared(card),
        sources=[
            ("Devlin et al. 2019, section 3, Figure 2", "https://arxiv.org/abs/1810.04805"),
            ("Ba et al. 2016, section 3", "https://arxiv.org/abs/1607.06450"),
        ],
        export=export,
    )


@part
def lesson() -> None:
    """The sum of the rows, and the panel that the reader opened below it."""
    page.read_ahead()
    page_header(NAME)
    prediction(page.prediction())
    card = choices()
    say_if_foreign(card, *page.texts())
    if (reading := page.read(card)) is None:
        end(card)
        return

    # The three rows of every token; the browser adds them up, normalises, and paints tokens by itself.
    with answer():
        look = embedding_sum(
            reading.parts,
            reading.given,
            page.view(),
            text=reading.name,
            words=labels("sum_words"),
            stepper=labels("stepper"),
            rev=links.revision(),
            key="embedding_sum",
            keys_behind=st.session_state["in_panel"] == "code",
        )
        page.keep(look)
        picture_first(NAME, reading.name)
        caption(page.about(card))
        reading_aid(page.aid(card, reading.segments))

    # What each part is good for.
    panel_choice("inputs", page.PANELS, key="in_panel", word="panel")
    page.panel(card, reading, look.token)
    notebook(notebooks.inputs(card, reading.given, reading.parts, look.token, look.dim))
    end(card, page.export(card))


lesson()
