"""The controls of "Compare tokenizers": the part, its texts, and a model of any kind."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from components.lessons.tokens import compare as cmp
from components.shell.held import held
from components.shell.layout import controls
from components.shell.models import model_picker
from components.words import t


def choices(part: str) -> None:
    """One row; what the tokenizers trained here learn from is behind "more"."""
    with controls(above=True):
        row = st.columns([3.2, 4.8, 1.8, 0.9], vertical_alignment="bottom")
        texts_at = [row[1]] if part == "text" else row[1].columns(2, vertical_alignment="bottom")
        held(row[0]).segmented_control(
            t("compare", "part"),
            cmp.PARTS,
            key="cmp_part",
            format_func=lambda name: t("compare", f"part_{name}"),
            required=True,
            label_visibility="collapsed",
        )
        text_boxes(part, texts_at)
        with row[2]:
            model_picker("tokenizer", key="cmp_model")
        with row[3].popover(t("layout", "more"), width="stretch"):
            training_settings()


def text_boxes(part: str, places: Sequence[Any]) -> None:
    """The texts of a part, each in its place."""
    if part == "text":
        held(places[0]).text_input(t("compare", "text"), key="cmp_text")
    elif part == "languages":
        held(places[0]).text_input(t("compare", "english"), key="cmp_en")
        held(places[1]).text_input(t("compare", "korean"), key="cmp_ko")
    else:
        held(places[0]).text_input(t("compare", "sentence_a"), key="call_text")
        held(places[1]).text_input(
            t("compare", "sentence_b"), key="call_pair", help=t("compare", "sentence_b_help")
        )


def training_settings() -> None:
    """What the tokenizers trained here learn from."""
    held().radio(
        t("compare", "trained_on"),
        cmp.SOURCES,
        key="cmp_source",
        format_func=lambda source: t("compare", f"source_{source}"),
    )
    held().number_input(t("bpe", "num_merges"), 1, 1_000, key="cmp_merges", help=t("compare", "merges_help"))
