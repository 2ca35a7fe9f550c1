"""Sparse attention: leave most pairs out, and still reach everything in two steps."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.sparse_view import SparseChoice, sparse_view
from components.lessons.transformer import sparse as page
from components.lm.transformer.attention_patterns import NAMES
from components.shell import links
from components.shell.layout import Export, caption, foot, page_header, prediction, slide_note
from components.words import t

NAME = "transformer/sparse"
WORDS = "sparse"
links.open_view(
    NAME,
    links.Choice("pattern", NAMES, "strided"),
    links.Integer("n", 8, 96, page.N),
    links.Integer("l", 1, 32, page.STRIDE),
    links.Integer("c", 1, 8, page.SUMMARIES),
    links.Integer("query", 0, 95, 27),
)
page_header(NAME)
prediction(page.prediction())
s = st.session_state

# Pattern, length and stride are set in the picture; what they are set to comes back.
now = SparseChoice(s["pattern"], s["n"], s["l"], s["c"], s["query"])
held = s.get("_sparse_start")
if held is None or held[0] != links.revision():
    held = s["_sparse_start"] = (links.revision(), now)
with answer():
    choice = sparse_view(start=held[1], rev=links.revision())
for key in ("pattern", "n", "l", "c", "query"):
    links.put(key, getattr(choice, key))
caption(t(WORDS, "caption", n=choice.n, l=choice.l, c=choice.c))
slide_note("E47", "E48")

foot(
    NAME,
    terms=["sparse attention", "masked (causal) self-attention"],
    try_this=[
        (t(WORDS, "try_local"), {"pattern": "local", "query": 35}),
        (t(WORDS, "try_fixed"), {"pattern": "fixed", "n": 64, "l": 8, "query": 45}),
        (t(WORDS, "try_stride"), {"pattern": "strided", "l": 16}),
    ],
    sources=[
        ("Child et al. 2019, section 4", "https://arxiv.org/abs/1904.10509"),
        ("Brown et al. 2020, section 2.1", "https://arxiv.org/abs/2005.14165"),
    ],
    export=Export(
        name="sparse-attention",
        caption=t(WORDS, "caption", n=choice.n, l=choice.l, c=choice.c),
        about={"pattern": choice.pattern, "n": choice.n, "l": choice.l, "c": choice.c},
        tables={"growth": lambda: page.growth(choice.l, choice.c)},
        result=lambda: {"growth": page.growth(choice.l, choice.c)},
    ),
)
