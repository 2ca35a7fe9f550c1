"""From RNN to ChatGPT: what could not be done before each step, and nine of the steps to run."""

import streamlit as st

from components.elements.predict_first import answer
from components.elements.start.history_line import history_line
from components.lessons.start import history as page
from components.lessons.start import history_runs
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    page_header,
    panel_choice,
    part,
    picture_first,
    prediction,
    slide_note,
)
from components.words import t

NAME = page.NAME
links.open_view(NAME, *page.PARAMS, korean=page.KOREAN_START)


@part
def lesson() -> None:
    """The line, what the stop in sight runs, and the data beside each other."""
    page_header(NAME)
    prediction(page.prediction())

    # The reader walks from stop to stop.
    with answer():
        now = history_line(page.line(), page.view(), rev=links.revision(), key=page.LINE)
        page.keep(now)
        picture_first(page.LINE, now.stop)

    # Nine of them compute something.
    ran = history_runs.run(page.STOPS[now.stop])

    panel_choice(page.WORDS, page.LOOKS, key="history_look")
    history_runs.look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(t(page.WORDS, "how_text"))
    caption(page.caption())
    slide_note("E14", "E37", "E62", "E65", "E81")
    foot(
        NAME,
        terms=[
            "language model",
            "generative model",
            "autoregressive",
            "static embedding",
            "contextual embedding",
        ],
        try_this=page.prepared(),
        sources=[
            ("Hochreiter and Schmidhuber 1997", "https://doi.org/10.1162/neco.1997.9.8.1735"),
            ("Sutskever et al. 2014", "https://arxiv.org/abs/1409.3215"),
            ("Bahdanau et al. 2014", "https://arxiv.org/abs/1409.0473"),
            ("Vaswani et al. 2017", "https://arxiv.org/abs/1706.03762"),
            ("Lewis et al. 2020", "https://arxiv.org/abs/2005.11401"),
        ],
        export=page.export(now, ran.result, ran.rows),
    )


lesson()
