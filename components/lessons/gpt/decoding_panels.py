"""What stands below the lanes of "Choosing a text": the tree of the beam, and the table of held-out stories."""

import streamlit as st

from components.elements.gpt.lane_race import beam_tree
from components.elements.page_fields import page_fields
from components.lessons.gpt import decoding as page
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import is_dark, panel_choice, text_size
from components.shell.notebook import notebook
from components.words import t, told

SHOWN = ("story", "sample", "temperature 0.7", "top_k 40", "top_p 0.9", "typical 0.5", "min_p 0.05", "contrastive 0.6", "greedy", "beam 2", "beam 4", "beam 8")  # fmt: skip
SIDES = {"contrastive 0.6": "middle right", "greedy": "bottom center", "beam 2": "middle left", "beam 4": "middle right", "beam 8": "top center"}  # fmt: skip


def look_further(card: ModelCard) -> None:
    """Draw what the reader chose."""
    look = panel_choice("decoding", page.LOOKS, key="dec_look")
    if look == "tree":
        _tree(card)
    elif look == "study":
        _study()


def _tree(card: ModelCard) -> None:
    st.subheader(t("decoding", "tree_title"))
    page_fields(page.VIEW, links.revision(), page.state(), page.tree_fields(), name="tree")
    beam_tree(page.tree_data(card), on_want=page.wanted, key=page.TREE)
    notebook(page.notebook_of(card))


def _name(strategy: str) -> str:
    kind, _, value = strategy.partition(" ")
    return t("decoding", f"name_{kind}", value=value).strip()


def _named(strategy: str) -> str:
    """Return what a row of the study is called; its texts are many."""
    return t("decoding", "study_texts") if strategy == "story" else _name(strategy)


def _study() -> None:
    from components.figures.decoding import strategies_figure

    rows = page.study()
    st.subheader(t("decoding", "study_title", n=int(rows[0]["texts"])))
    shown = [{**row, "name": _named(row["strategy"]), "side": SIDES.get(row["strategy"])} for row in rows if row["strategy"] in SHOWN]  # fmt: skip
    figure = strategies_figure(
        shown,
        story=_named("story"),
        x=t("decoding", "study_x"),
        y=t("decoding", "study_y"),
        dark=is_dark(),
        size=text_size(),
    )
    st.plotly_chart(figure, key="strategies", theme=None, config={"displayModeBar": False})
    st.dataframe(
        [
            {
                t("decoding", "study_name"): _named(row["strategy"]),
                t("decoding", "stat_mean"): f"{row['mean_logprob']:.2f}".replace("-", "−"),
                t("decoding", "study_rare"): f"{row['below_one_percent']:.1%}",
                t("decoding", "study_y"): f"{row['repeated_4grams']:.1%}",
                t("decoding", "stat_distinct"): f"{row['distinct_3']:.1%}",
            }
            for row in rows
        ],
        hide_index=True,
    )
    st.markdown(told("decoding", "study_text", **page.facts()))
