"""One block from inside: the residual stream, what attention and feed-forward add to it, and what all blocks make of it."""

import streamlit as st

from components.elements.predict_first import answer
from components.lessons.known_language import say_if_foreign
from components.lessons.transformer import block as page
from components.lessons.transformer import notebooks
from components.lessons.transformer.block_controls import choices
from components.shell import links
from components.shell.layout import (
    foot,
    page_header,
    panel_choice,
    part,
    picture_first,
    prediction,
    slide_note,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "transformer/block"
WORDS = page.WORDS
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)


@part
def lesson() -> None:
    """The block, and what the reader opened below it."""
    page_header(NAME)
    if asked := page.prediction():
        prediction(asked)

    # The reader sets the model here; the text, the block and what is taken out are fields that the browser keeps.
    card = choices()
    say_if_foreign(card, st.session_state["block_text"])

    # The model reads once, here or in the browser; every vector of the block is stepped through there.
    here = page.in_browser(card)
    now = None if here else page.shown(card)
    if now is None and not here:
        foot(NAME)
        return
    with answer():
        page.draw(card, now)
    if now is not None:
        picture_first("block", now.identity)

    panel_choice(WORDS, page.LOOKS, key="block_look")
    page.look_further(card, now)
    with st.expander(t(WORDS, "how")):
        st.markdown(t(WORDS, "how_text"))

    slide_note("E46")
    if read := page.example(now):
        notebook(notebooks.block(card, *read))
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
        try_this=page.prepared(card),
        kept=(page.VIEW, page.MOVED),
        sources=[
            ("Vaswani et al. 2017, section 3", "https://arxiv.org/abs/1706.03762"),
            ("Xiong et al. 2020, section 3", "https://arxiv.org/abs/2002.04745"),
            ("Geva et al. 2022", "https://arxiv.org/abs/2203.14680"),
            (
                "nostalgebraist 2020",
                "https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens",
            ),
        ],
        export=page.export(card, now),
    )


lesson()
