"""One block from inside: the residual stream, what attention and feed-forward add to it, and what all blocks make of it."""

import streamlit as st

from components.elements.predict_first import answer
from components.lessons.known_language import say_if_foreign
from components.lessons.transformer import block as page
from components.lessons.transformer import notebooks
from components.lm.transformer.block import TAKEN
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    caption,
    controls,
    foot,
    page_header,
    panel_choice,
    part,
    picture_first,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.models import model_in_use, model_picker
from components.shell.notebook import notebook
from components.words import t

NAME = "transformer/block"
WORDS = page.WORDS
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The block, and what the reader opened below it."""
    page_header(NAME)
    if asked := page.prediction():
        prediction(asked)

    # The reader sets a text, a model, the block that is opened, and what is taken out.
    with controls(above=True):
        row = st.columns([3.4, 1.8, 1, 4.6], vertical_alignment="bottom")
        held(row[0]).text_input(t(WORDS, "text"), key="block_text", help=t(WORDS, "text_help"))
        with row[1]:
            model_picker("attention", key="attention_model")
        card = model_in_use("attention", default=page.MODEL, key="attention_model")
        page.clamp_layer(card)
        held(row[2]).number_input(t(WORDS, "layer"), 0, card.num_layers - 1, key="block_layer")
        held(row[3]).segmented_control(
            t(WORDS, "taken"),
            TAKEN,
            key="block_taken",
            required=True,
            format_func=lambda what: t(WORDS, f"taken_{what}"),
            help=t(WORDS, "taken_help"),
        )

    # The model reads once; every vector of the block goes to the browser, and is stepped through there.
    say_if_foreign(card, st.session_state["block_text"])
    now = page.shown(card)
    if now is None:
        foot(NAME)
        return
    with answer():
        view = page.draw(now)
    page.keep(view)
    picture_first("block", now.identity)
    caption(page.caption(now))
    reading_aid(page.verdict(now, view))

    panel_choice(WORDS, page.LOOKS, key="block_look")
    page.look_further(now, view)
    with st.expander(t(WORDS, "how")):
        st.markdown(t(WORDS, "how_text"))

    slide_note("E46")
    notebook(notebooks.block(now.card, now.text, now.whole.inside, view.token) if not now.changed else None)
    foot(
        NAME,
        terms=[
            "residual connection",
            "layer normalization",
            "pre-LN",
            "feed-forward network",
            "multi-head attention",
            "ablation",
        ],
        try_this=page.prepared(),
        sources=[
            ("Vaswani et al. 2017, 3", "https://arxiv.org/abs/1706.03762"),
            ("Xiong et al. 2020, 3", "https://arxiv.org/abs/2002.04745"),
            ("Geva et al. 2022", "https://arxiv.org/abs/2203.14680"),
            (
                "nostalgebraist 2020",
                "https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens",
            ),
        ],
        export=page.export(now),
    )


lesson()
