"""State and data of the page "After BERT"."""

from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from components.elements.bert.family_board import BoardCell, BoardRow
from components.elements.bert.family_results import Result
from components.elements.predict_first import Prediction
from components.lm.bert.family import (
    COLUMNS,
    SINGLE_CHANGES,
    Comparison,
    Relative,
    best_single_change,
    comparisons,
    relatives,
)
from components.lm.transformer.model_size import NUMBERS, presets
from components.shell import links
from components.shell.layout import Export
from components.shell.navigation import lessons
from components.words import labels, language, t

SHOWN = ("model", "fair", "all")
NAMES = tuple(relative.name for relative in relatives())

# Where a decision is shown: (page, its link); the model's own place before the column's.
_OF_MODEL: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("SpanBERT", "masking"): ("bert/dice", {"strategy": "spans"}),
    ("DeBERTa", "masking"): ("bert/dice", {"strategy": "spans"}),
    ("RoBERTa", "masking"): ("bert/dice", {"dice_look": "epochs"}),
    ("DistilBERT", "masking"): ("bert/dice", {"dice_look": "epochs"}),
    ("RoBERTa", "tokenizer"): ("tokens/encode", {"encode_view": "bytes"}),
    ("DeBERTa", "tokenizer"): ("tokens/encode", {"encode_view": "bytes"}),
    ("ELECTRA", "objective"): ("bert/electra", {}),
    ("ELECTRA", "masking"): ("bert/electra", {"el_stage": "2"}),
    ("ELECTRA", "loss"): ("bert/electra", {"el_stage": "4"}),
    ("ALBERT", "sharing"): ("bert/albert", {"alb_shared": "all", "alb_embedding": "128"}),
    ("ALBERT", "sentence"): ("bert/albert", {"alb_table": "sop"}),
    ("ALBERT", "tokenizer"): ("tokens/wordpiece", {"wp_part": "unigram"}),
}
_OF_COLUMN: dict[str, tuple[str, dict[str, str]]] = {
    "masking": ("bert/dice", {}),
    "sentence": ("bert/next_sentence", {}),
    "tokenizer": ("tokens/wordpiece", {}),
    "positions": ("transformer/positions", {}),
    "loss": ("bert/masking_rates", {}),
}
_ELSEWHERE = {("DeBERTa", "positions")}
"""Cells that no page of the course shows."""
_SIZES = {"BERT": "bert-base", "ALBERT": "albert-base"}


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds: the chosen cell, and which comparisons are shown."""
    return (
        links.Choice("fam_model", NAMES, "RoBERTa"),
        links.Choice("fam_column", COLUMNS, "masking"),
        links.Choice("fam_show", SHOWN, "model"),
    )


def took_cell() -> None:
    """Callback: the reader chose a cell."""
    found = _cell(st.session_state["family_board"].get("cell"))
    if found is not None:
        links.put("fam_model", NAMES[found[0]])
        links.put("fam_column", COLUMNS[found[1]])


def _cell(said: object) -> tuple[int, int] | None:
    """Return (row, column) as a browser sends them, or None."""
    if not isinstance(said, list) or len(said) != 2 or not all(isinstance(i, int) for i in said):
        return None
    row, column = said
    return (row, column) if 0 <= row < len(NAMES) and 0 <= column < len(COLUMNS) else None


def asked_for(said: object) -> tuple[StreamlitPage, dict[str, str]] | None:
    """Return the page of the cell that a browser names, and its query."""
    found = _cell(said)
    if found is None:
        return None
    goal = destination(NAMES[found[0]], COLUMNS[found[1]])
    if goal is None:
        return None
    page = next((lesson.page for lesson in lessons() if lesson.name == goal[0]), None)
    return None if page is None else (page, {**links.frame_query(), **goal[1]})


def destination(model: str, column: str) -> tuple[str, dict[str, str]] | None:
    """Return the page that shows a cell and its link, if one stands."""
    if (model, column) in _ELSEWHERE:
        return None
    if (model, column) in _OF_MODEL:
        return _OF_MODEL[model, column]
    if column in ("sizes", "sharing"):
        return ("transformer/sizes", _size_query(_SIZES[model])) if model in _SIZES else None
    if column == "objective" and model in ("BERT", "RoBERTa", "ALBERT", "DeBERTa"):
        return "bert/masking", {}
    return _OF_COLUMN.get(column)


def _size_query(name: str) -> dict[str, str]:
    """Return the link to "How big is it" that builds a model of a paper."""
    size = next(preset.size for preset in presets() if preset.name == name)
    numbers = {f"s_{field}": str(getattr(size, field)) for field in NUMBERS}
    return {"s_stack": size.stack, **numbers, "s_types": str(size.token_types), "s_shared": size.shared}


def worded(value: str) -> str:
    """Return a value of the tables in the reader's words; what the paper prints stays as it is."""
    return labels("family_values").get(value, value)


def board() -> list[BoardRow]:
    """Return the rows of the board."""
    return [
        {
            "name": relative.name,
            "year": relative.year,
            "source": relative.source,
            "link": relative.address,
            "cells": [_board_cell(relative, column) for column in COLUMNS],
        }
        for relative in relatives()
    ]


def _board_cell(relative: Relative, column: str) -> BoardCell:
    why = labels("family_why")
    text = why.get(f"{relative.name}_{column}") or (
        t("family", "as_in_bert") if relative.name != "BERT" else ""
    )
    if column == "sizes" and relative.base_counted:
        text = f"{text} {t('family', 'counted', n=f'{relative.base_counted:,}')}"
    goal = destination(relative.name, column)
    titles = {lesson.name: (lesson.title, lesson.url_path) for lesson in lessons()}
    title, path = titles.get(goal[0], (None, None)) if goal else (None, None)
    query = "&".join(f"{key}={value}" for key, value in goal[1].items()) if goal else ""
    return {
        "text": worded(relative.cells[column]),
        "changed": column in relative.changed,
        "why": text.strip(),
        "page": title,
        "address": f"{path}?{query}".rstrip("?") if path else None,
    }


def columns() -> list[tuple[str, str]]:
    """Return title and meaning of every column."""
    return [(t("family_columns", column), t("family_columns", f"{column}_about")) for column in COLUMNS]


def shown() -> list[Comparison]:
    """Return the comparisons the reader asked for."""
    state = st.session_state
    if state["fam_show"] == "all":
        return list(comparisons())
    if state["fam_show"] == "fair":
        return [c for c in comparisons() if c.fair]
    return [c for c in comparisons() if c.model == state["fam_model"]]


def results() -> list[Result]:
    """Return them in the reader's words."""
    return [
        {
            "title": t("family_results", c.name),
            "note": t("family_results", f"{c.name}_note"),
            "score": worded(c.score),
            "rows": [(worded(label), value) for label, value in c.rows],
            "equal": [c.same_data, c.same_compute, c.one_change],
            "fair": c.fair,
            "source": c.source,
        }
        for c in shown()
    ]


def scale() -> tuple[float, float]:
    """Return the smallest and the largest difference of all comparisons, in points."""
    differences = [value - c.rows[0][1] for c in comparisons() for _, value in c.rows]
    return min(differences), max(differences)


def summary() -> str:
    """Return how many of the comparisons shown are fair, in words."""
    found = shown()
    if st.session_state["fam_show"] == "fair":
        return t("family", "summary_fair", n=len(found), all=len(comparisons()))
    return t("family", "summary", n=len(found), fair=sum(c.fair for c in found))


def prediction() -> Prediction:
    """Which single change brought RoBERTa most?"""
    by_name = {c.name: c for c in comparisons()}
    gains = {name: f"{by_name[name].gain:+.1f}".replace("-", "−") for name in SINGLE_CHANGES}
    recipe = f"{by_name['roberta_recipe'].gain:+.1f}"
    return Prediction(
        t("family", "predict"),
        [t("family", f"predict_{name}") for name in SINGLE_CHANGES],
        SINGLE_CHANGES.index(best_single_change()),
        t("family", "predict_why", recipe=recipe, **gains),
        {"fam_model": "RoBERTa", "fam_show": "model"},
    )


def export(caption: str) -> Export:
    """What the page gives away: both tables."""
    state = st.session_state
    return Export(
        "bert-family",
        caption,
        {"fam_model": state["fam_model"], "fam_column": state["fam_column"], "lang": language()},
        {"models": model_rows, "comparisons": result_rows},
        lambda: {"models": model_rows(), "comparisons": result_rows()},
    )


def model_rows() -> list[dict[str, Any]]:
    """Return the board as rows."""
    return [
        {"model": r.name, "year": r.year}
        | {column: worded(value) for column, value in r.cells.items()}
        | {"base_parameters_counted": r.base_counted, "paper": r.source}
        for r in relatives()
    ]


def result_rows() -> list[dict[str, Any]]:
    """Return every comparison, a row a score."""
    return [
        {
            "comparison": c.name,
            "model": c.model,
            "score_name": worded(c.score),
            "label": worded(label),
            "score": value,
            "difference": round(value - c.rows[0][1], 1),
            "same_data": c.same_data,
            "same_compute": c.same_compute,
            "one_change": c.one_change,
            "fair": c.fair,
            "paper": c.source,
        }
        for c in comparisons()
        for label, value in c.rows
    ]
