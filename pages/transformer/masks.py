"""Who may look at whom: both sides in BERT, the left side in GPT, and the four masks."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.mask_patterns import mask_patterns
from components.elements.transformer.two_readers import two_readers
from components.lessons.transformer import masks as page
from components.lessons.transformer import notebooks
from components.lm.transformer.word_context import word_spans
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    Export,
    caption,
    controls,
    foot,
    page_header,
    prediction,
    reading_aid,
    slide_note,
)
from components.shell.models import model_picker
from components.shell.notebook import notebook
from components.words import t

NAME = "transformer/masks"
links.open_view(NAME, *page.PARAMS)
page_header(NAME)
prediction(page.prediction())

# The reader sets one sentence, two models and a layer; the word is chosen in the picture.
with controls(above=True):
    row = st.columns([5, 2, 2, 1.2], vertical_alignment="bottom")
    held(row[0]).text_input(t("masks", "sentence"), key="sentence")
    with row[1]:
        model_picker("attention", key="left_model", label=t("masks", "left_model"))
    with row[2]:
        model_picker("attention", key="right_model", label=t("masks", "right_model"))
cards = page.models()
held(row[3]).number_input(t("masks", "layer"), 0, page.clamp_layer(cards), key="mask_layer")

# Both read the same sentence and guess the same word, each from what it may see.
text = page.sentence(cards)
spans, word = word_spans(text), page.word(text)
readers = page.readers(cards, text, word)
if readers:
    page.spelled(readers, text)
    with answer():
        chosen = two_readers(
            [text[a:b] for a, b in spans], word, readers, key="two_readers", rev=links.revision()
        )
        links.put("word", chosen)
        reading_aid(page.aid(readers, text[slice(*spans[word])]))
        caption(page.caption(cards, readers))
        notebook(notebooks.masks(cards, text, spans[word][0], readers, word))

# The masks that make the difference.
st.subheader(t("masks", "four"))
flips = mask_patterns(page.PANELS, page.SCORES, st.session_state["flips"], rev=links.revision())
links.put("flips", flips)
caption(t("masks", "four_caption"))

slide_note("E70", "E71", "E79")
rows = page.as_rows(readers)
foot(
    NAME,
    terms=["masked (causal) self-attention", "attention mask", "padding", "encoder-decoder attention"],
    try_this=[
        (t("masks", "try_first"), {"word": 0}),
        (t("masks", "try_last"), {"word": 8}),
        (t("masks", "try_cheat"), {"flips": (101, 102, 103, 104, 105)}),
    ],
    sources=[
        ("Vaswani et al. 2017, 3.2.3", "https://arxiv.org/abs/1706.03762"),
        ("Devlin et al. 2019, 3.1", "https://arxiv.org/abs/1810.04805"),
        ("Raffel et al. 2020, figure 4", "https://arxiv.org/abs/1910.10683"),
    ],
    export=Export(
        name="masks",
        caption=f"{text} · {' · '.join(name for name, _ in readers)}",
        about={
            "sentence": text,
            "word": text[slice(*spans[word])],
            "model": ", ".join(card.name for card in cards),
            "revision": ", ".join(card.revision for card in cards),
        },
        tables={"guesses": lambda: rows},
        result=lambda: {"guesses": rows, "flips": list(flips)},
    ),
)
