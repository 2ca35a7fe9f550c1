"""Learning from the prompt: a model with locked weights reads a code from its examples."""

import streamlit as st

from components.elements.gpt.prompt_board import prompt_board
from components.elements.predict_first import answer
from components.lessons.gpt import in_context as page
from components.lessons.gpt.in_context_panels import look_further, settings
from components.shell import links
from components.shell.layout import (
    caption,
    foot,
    note_line,
    page_header,
    part,
    picture_first,
    prediction,
    reading_aid,
    slide_note,
    working,
)
from components.shell.notebook import notebook
from components.words import t, told

links.open_view(page.NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The board of one prompt, the curves of many, and what the reader opened below them."""
    page_header(page.NAME)
    prediction(page.prediction())
    # The reader sets what kind of task the prompt shows, which one, and what is written before it.
    settings()
    found, refused = page.asked()
    page.fit(found)
    with st.container():  # one place, so that what comes and goes here does not mount the board anew
        if refused is not None:
            st.error(told("in_context", f"bad_{refused.code}", **refused.slots))
        if page.missing_live():
            note_line(t("in_context", "live_missing", seed=st.session_state["icl_live_seed"]))

    # The model answers every question after every number of demonstrations; nothing is trained. Until then the old
    # board stays where it is, and what is computed is said below it.
    use, now, seed = page.in_use(), page.view(), st.session_state["icl_seed"] or 0
    described = tuple(page.description()[0])
    board = st.container()
    with st.container():
        made = page.recorded_view(use, found, seed, now.off, described)
        if made is None:
            with working(t("in_context", "computing")):
                made = page.computed(use, found, seed, now.off, described)
    with board, answer():
        data = page.board(found, made, seed, now.off)
        prompt_board(data, now, rev=links.revision(), on_view=page.took_view, key=page.BOARD)
        picture_first(page.BOARD, (now, use, found))
        caption(page.caption(use, found, seed, now.off))
        reading_aid(page.aid(found, made, now))
    look_further(use, found, made)
    with st.expander(t("in_context", "how")):
        st.markdown(told("in_context", "how_text", **page.facts()))
    notebook(page.notebook_of(use, found, now, made))
    slide_note("E50", "E51")
    foot(
        page.NAME,
        terms=[
            "prompt",
            "in-context learning",
            "zero-shot",
            "few-shot",
            "fine-tuning",
            "induction head",
            "ablation",
        ],
        try_this=page.prepared(),
        sources=[
            ("Brown et al. 2020, GPT-3", "https://arxiv.org/abs/2005.14165"),
            ("Olsson et al. 2022, induction heads", "https://arxiv.org/abs/2209.11895"),
            ("Garg et al. 2022", "https://arxiv.org/abs/2208.01066"),
            ("Pan et al. 2023", "https://arxiv.org/abs/2305.09731"),
        ],
        export=page.export(use, found, made, seed, now.off),
    )


lesson()
