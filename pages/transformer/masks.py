"""Who may look at whom: both sides in BERT, the left side in GPT, and the four masks."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.mask_patterns import mask_patterns
from components.elements.transformer.two_readers import as_reader, two_readers
from components.lessons.transformer import masks as page
from components.lessons.transformer import notebooks
from components.lessons.transformer.masks_controls import choices
from components.lessons.transformer.masks_export import export
from components.lm.transformer.word_context import word_spans
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    page_header,
    prediction,
    slide_note,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "transformer/masks"
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN)
page_header(NAME)
prediction(page.prediction())

# The reader sets two models here; sentence and layer are fields that the browser keeps, the word is chosen in the picture.
cards = choices()

# Both read the same sentence and guess the same word, each from what it may see: here, or in the browser.
here = page.in_browser(cards)
text = st.session_state.get("_masks_text") or page.own(cards) if here else page.sentence(cards)
spans, word = word_spans(text), page.word(text)
readers = [] if here else page.readers(cards, text, word)
readings = [as_reader(name, guess) for name, guess in readers]
with answer():
    two_readers(
        page.shown(cards, None if here else {"text": text, "word": word, "readers": list(readings)}),
        on_view=page.took_view,
    )
    if readers or here:
        first = st.session_state["_masks_guesses"] if here else page.first_of(readers, word)
        notebook(notebooks.masks(cards, text, spans[word][0], first))

# The masks that make the difference.
st.subheader(t("masks", "four"))
mask_patterns(page.PANELS, page.SCORES, page.state(), view=page.VIEW, rev=links.revision())
caption(t("masks", "four_caption"))

slide_note("E70", "E71", "E79")

foot(
    NAME,
    terms=["masked (causal) self-attention", "attention mask", "padding", "encoder-decoder attention"],
    try_this=page.prepared(cards),
    kept=(page.VIEW, page.MOVED),
    sources=[
        ("Vaswani et al. 2017, section 3.2.3", "https://arxiv.org/abs/1706.03762"),
        ("Devlin et al. 2019, section 3.1", "https://arxiv.org/abs/1810.04805"),
        ("Raffel et al. 2020, Figure 4", "https://arxiv.org/abs/1910.10683"),
    ],
    export=export(cards, here, readers, text, st.session_state["flips"]),
)
