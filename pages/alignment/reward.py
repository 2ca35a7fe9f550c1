"""Paid for what it writes: a reward, the distance to the old model, and the stories of every moment."""

import streamlit as st

from components.elements.alignment.reward_plane import reward_plane
from components.elements.predict_first import answer
from components.lessons.alignment import reward as page
from components.lessons.alignment.instruct_gpt import chapter_map
from components.lessons.alignment.reward_panels import look_further
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    caption,
    controls,
    foot,
    page_header,
    part,
    picture_first,
    prediction,
    reading_aid,
)
from components.shell.notebook import notebook
from components.words import t

NAME = "alignment/reward"
links.open_view(NAME, *page.PARAMS)


@part
def lesson() -> None:
    """The plane of the recorded runs, and what the reader opened below it."""
    page_header(NAME)
    chapter_map(NAME)
    prediction(page.prediction())
    with controls(above=True):
        row = st.columns([5.2, 2, 3], vertical_alignment="bottom")
        kind = held(row[0]).segmented_control(
            t(page.WORDS, "kind"),
            page.KINDS,
            key="reward_kind",
            required=True,
            format_func=lambda x: t(page.WORDS, f"kind_{x}"),
            help=t(page.WORDS, "kind_help"),
        )
        offered = page.models_of(str(kind))
        if len(offered) > 1:
            held(row[1]).segmented_control(t(page.WORDS, "model"), offered, key="reward_model", required=True)
        beginnings = page.recorded()[page.model()]["beginnings"]
        held(row[2]).selectbox(
            t(page.WORDS, "beginning"),
            page.STARTS,
            key="reward_start",
            format_func=lambda x: beginnings[int(x)],
        )

    identity = f"{page.kind()}-{page.model()}-{st.session_state['reward_start']}"
    with answer():
        tracks = page.tracks()
        best = page.paid_for(page.model(), page.kind())["best_of"]
        now = reward_plane(
            page.board(tracks, page.steps(), best, page.beginning()),
            page.view(),
            identity=identity,
            rev=links.revision(),
            key=page.BOARD,
        )
        page.keep(now)
        picture_first(page.BOARD, identity)
        caption(page.caption())
        reading_aid(page.aid(tracks, now))

    look_further()
    with st.expander(t(page.WORDS, "how")):
        st.markdown(page.how())
    notebook(page.notebook_of())
    foot(
        NAME,
        terms=["reward", "KL divergence", "REINFORCE", "PPO", "fine-tuning"],
        try_this=page.prepared(),
        sources=[
            ("Ouyang et al. 2022 (InstructGPT)", "https://arxiv.org/abs/2203.02155"),
            ("Ziegler et al. 2019", "https://arxiv.org/abs/1909.08593"),
            ("Williams 1992 (REINFORCE)", "https://doi.org/10.1007/BF00992696"),
            ("Gao et al. 2022", "https://arxiv.org/abs/2210.10760"),
        ],
        export=page.export(now),
    )


lesson()
