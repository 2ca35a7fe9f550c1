"""How big is it: a model drawn to scale, its parameters counted part by part."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.transformer.model_stack import model_stack
from components.lessons.transformer import sizes as page
from components.shell import links
from components.shell.layout import caption, foot, page_header, part, prediction, slide_note
from components.words import labels, t

NAME = "transformer/sizes"
links.open_view(NAME, *page.params())


@part
def lesson() -> None:
    """The stack, and its parameters counted in tables and formulas."""
    page_header(NAME)
    prediction(page.prediction())

    # The stack is built and counted in the browser while a slider moves; here its last state is known.
    every = page.every()
    with answer():
        now = model_stack(
            page.stack(),
            list(every.values()),
            titles={name: page.title(name) for name in every},
            shorts={name: preset.paper_label or name for name, preset in every.items()},
            notes=labels("sizes_notes"),
            families={family: t("sizes", f"fam_{family}") for family in page.FAMILIES},
            words=labels("sizes_words"),
            rev=links.revision(),
            key="model_stack",
        )
        page.keep(now)
        size = now.size
        caption(page.about(size))
        with st.expander(t("sizes", "table")):
            st.table(page.rows_in_words(size))
        with st.expander(t("sizes", "formula")):
            st.markdown(page.formula(size))
        with st.expander(t("sizes", "albert_title")):
            st.markdown(t("sizes", "albert_text"))
            st.table(page.albert_rows())
    slide_note("E18", "E24", "E38", "E40", "E44", "E45", "E54")
    foot(
        NAME,
        terms=["embedding", "feed-forward network", "multi-head attention", "vocabulary"],
        try_this=page.prepared(),
        sources=[
            ("Vaswani et al. 2017, Table 3", "https://arxiv.org/abs/1706.03762"),
            ("Devlin et al. 2019, section 3", "https://arxiv.org/abs/1810.04805"),
            ("Lan et al. 2020, Tables 1 and 4", "https://arxiv.org/abs/1909.11942"),
            ("Brown et al. 2020, Tables 2.1 and D.1", "https://arxiv.org/abs/2005.14165"),
        ],
        export=page.export(size),
    )


lesson()
