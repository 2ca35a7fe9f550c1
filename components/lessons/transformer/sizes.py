"""State and tables of the page "How big is it"."""

from functools import cache
from typing import Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.transformer.model_stack import PARTS, SCALES, Stack
from components.lm.transformer.model_size import (
    NUMBERS,
    SHARED,
    STACKS,
    Preset,
    Size,
    bundled_presets,
    compute_per_token,
    count,
    fact_rows,
    part_count,
    parts,
    presets,
    times,
)
from components.shell import links
from components.shell.layout import Export
from components.words import t

TITLES = {"bert": "BERT", "albert": "ALBERT", "gpt": "GPT", "transformer": "Transformer"}
FAMILIES = ("Glassbox", "Transformer", "BERT", "ALBERT", "GPT-1", "GPT-2", "GPT-3")
KEYS = {f"s_{field}": field for field in NUMBERS}  # link key -> number of a Size
FIRST = "bert-base"
EXAMPLES = {"hidden_size": 1024, "num_heads": 16}


@cache
def every() -> dict[str, Preset]:
    """The models bundled here, counted from their files, then those of the papers."""
    return {preset.name: preset for preset in (*bundled_presets(), *presets())}


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds: one size."""
    base = every()[FIRST].size
    return (
        links.Choice("s_stack", STACKS, base.stack),
        *(
            links.Integer(key, *NUMBERS[field], getattr(base, field), example=EXAMPLES.get(field))
            for key, field in KEYS.items()
        ),
        links.Integer("s_types", 0, 16, base.token_types),
        links.Choice("s_shared", SHARED, base.shared),
        links.Flag("s_heads"),
        links.Choice("s_part", PARTS, "feed_forward"),
        links.Choice("s_scale", SCALES, SCALES[0]),
    )


def size() -> Size:
    """The size in the link."""
    given = st.session_state
    return Size(
        stack=given["s_stack"],
        token_types=given["s_types"],
        shared=given["s_shared"],
        heads=given["s_heads"],
        **{field: given[key] for key, field in KEYS.items()},
    )


def stack() -> Stack:
    """The size in the link, the chosen part and the scale."""
    given = st.session_state
    return Stack(size(), given["s_part"], given["s_scale"])


def state_of(size: Size) -> dict[str, Any]:
    """The state of this page that shows ``size``."""
    numbers = {key: getattr(size, field) for key, field in KEYS.items()}
    more = {
        "s_stack": size.stack,
        "s_types": size.token_types,
        "s_shared": size.shared,
        "s_heads": size.heads,
    }
    return numbers | more


def keep(now: Stack) -> None:
    """Hand what stands on the sliders to the link."""
    for key, value in state_of(now.size).items():
        links.put(key, value)
    links.put("s_part", now.part)
    links.put("s_scale", now.scale)


def prediction() -> Prediction:
    """Which part of the page's first model is the largest?"""
    size = every()[FIRST].size
    totals: dict[str, int] = {}
    for part in parts(size):
        totals[part.name] = totals.get(part.name, 0) + part_count(part, size) * times(part, size)
    choices = ["token", "position", "attention", "feed_forward"]
    largest = max(totals, key=totals.__getitem__)
    why = t(
        "sizes",
        "predict_why",
        n=f"{totals[largest]:,}",
        all=f"{count(size):,}",
        share=f"{totals[largest] / count(size):.0%}",
        title=title(FIRST),
    )
    names = [t("sizes_words", name) for name in choices]
    return Prediction(t("sizes", "predict"), names, choices.index(largest), why)


def title(name: str) -> str:
    """A model's name as its paper writes it."""
    family, *rest = name.split("-")
    if family not in TITLES:
        return name
    tail = [part.upper() if part[:1].isdigit() else part for part in rest]
    if family == "gpt":
        return " ".join([f"GPT-{tail[0]}", *tail[1:]])
    return "-".join([TITLES[family], *(part.capitalize() if family == "bert" else part for part in tail)])


def about(size: Size) -> str:
    """The caption: which model this is, its sizes, and how many parameters."""
    known = next((name for name, preset in every().items() if preset.size == size), None)
    return t(
        "sizes",
        "caption",
        title=title(known) if known else t("sizes_words", "your_model"),
        stack=t("sizes_words", f"stack_{size.stack}"),
        L=size.num_layers,
        H=f"{size.hidden_size:,}",
        A=size.num_heads,
        F=f"{size.intermediate_size:,}",
        V=f"{size.vocab_size:,}",
        P=f"{size.max_positions:,}",
        n=f"{count(size):,}",
    )


def rows(size: Size) -> list[dict[str, Any]]:
    """Every part with its tensors, its parameters and its copies."""
    return [
        {
            "part": f"{t('sizes_words', part.name)} ({part.place})",
            "shapes": ", ".join(f"{tensor.name} {' × '.join(tensor.shape)}" for tensor in part.tensors),
            "each": part_count(part, size),
            "copies": times(part, size),
            "total": part_count(part, size) * times(part, size),
        }
        for part in parts(size)
    ]


def rows_in_words(size: Size) -> list[dict[str, str]]:
    """The same with the headings of the page."""
    return [
        {t("sizes", f"table_{key}"): f"{v:,}" if isinstance(v, int) else v for key, v in row.items()}
        for row in rows(size)
    ]


def formula(size: Size) -> str:
    """The count in one line, and what training needs beside it."""
    approx, exact = 12 * size.num_layers * size.hidden_size**2, count(size)
    training = t("sizes", "training", bytes=f"{16 * exact / 1e9:,.3g} GB")
    return f"{t('sizes', 'formula_text', approx=f'{approx:,}', exact=f'{exact:,}')}\n\n{training}"


def albert_rows() -> list[dict[str, str]]:
    """The arithmetic of factorised embeddings, with the headings of the page."""
    wanted = ("hidden_H", "embedding_E", "one_matrix_VxH", "factorized_VxE_plus_ExH", "ratio")
    return [
        {t("sizes", f"col_{key}"): row[key] for key in wanted} for row in fact_rows("albert_embedding_math")
    ]


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """Three models worth building."""
    named = (("large", "bert-large"), ("albert", "albert-base"), ("gpt3", "gpt-3-175b"))
    return [(t("sizes", f"try_{short}"), state_of(every()[name].size)) for short, name in named]


def export(size: Size) -> Export:
    """What the page gives away."""
    return Export(
        name="transformer-sizes",
        caption=about(size),
        about=state_of(size),
        tables={"parts": lambda: rows(size)},
        result=lambda: {
            "parts": rows(size),
            "total": count(size),
            "multiplications_per_token": compute_per_token(size),
        },
    )
