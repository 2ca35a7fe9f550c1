"""Encoder and decoder: the Transformer's own picture at work, one written symbol at a time."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.encoder_decoder import encoder_decoder
from components.lessons.transformer import encoder_decoder as page
from components.lessons.transformer import notebooks
from components.lessons.transformer.encoder_decoder_controls import choices
from components.lm.transformer.text_to_text import model_text
from components.shell import links
from components.shell.layout import (
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
from components.words import t

NAME = "transformer/encoder_decoder"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The picture, and what the reader opened below it."""
    page_header(NAME)
    prediction(page.prediction())

    # The reader sets what is asked for: a task word, a text, and how the answer is searched.
    choices()

    # The model writes its whole answer; every step of it goes to the browser at once.
    now = page.shown()
    with answer():
        view = encoder_decoder(
            now.decoding,
            width=now.card.hidden_size,
            identity=now.identity,
            start=page.start(),
            rev=links.revision(),
            key="encoder_decoder",
        )
    page.keep(view)
    picture_first("encoder_decoder", now.identity)
    caption(page.caption(now, view))
    reading_aid(page.verdict(now))

    # Why it has a mask, and why it has attention: runs that were recorded.
    panel_choice(page.WORDS, page.LOOKS, key="t2t_look")
    page.look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(t(page.WORDS, "how_text"))

    slide_note("E70", "E71", "E72", "E79")
    notebook(notebooks.encoder_decoder(now.card, model_text(now.task, now.text), now.beams, now.decoding))
    foot(
        NAME,
        terms=[
            "encoder",
            "encoder-decoder attention",
            "masked (causal) self-attention",
            "autoregressive",
            "feed-forward network",
            "greedy decoding",
            "beam search",
        ],
        try_this=page.prepared(),
        sources=[
            ("Vaswani et al. 2017, section 3", "https://arxiv.org/abs/1706.03762"),
            ("Raffel et al. 2020, section 2.4 and section 3.1.4", "https://arxiv.org/abs/1910.10683"),
            ("Sutskever et al. 2014", "https://arxiv.org/abs/1409.3215"),
            ("Bahdanau et al. 2015", "https://arxiv.org/abs/1409.0473"),
        ],
        export=page.export(now, view),
    )


lesson()
