"""The number on screen, from about fifteen lines of plain ``transformers``: to copy into a notebook.

Every lesson that runs a model writes these lines for the present settings; a test runs each of them and compares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components.lm.checkpoints.model_card import LOCAL_PREFIX, ModelCard
from components.words import t, told


@dataclass(frozen=True)
class Notebook:
    """``code`` prints ``prints``, line by line: the numbers that stand on screen."""

    code: str
    prints: tuple[str, ...]


def opening(card: ModelCard, model: str, *, attention: bool = False) -> str:
    """Return the first lines: a tokenizer and a model of class ``model`` from where this one came from.

    Args:
        card: the model on screen.
        model: a class of transformers, for example ``AutoModelForMaskedLM``.
        attention: whether attention weights are wanted; the faster kernels give none.
    """
    bundled = card.source == "bundled"
    folder = f"assets/models/{card.name}" if bundled else card.name.replace(LOCAL_PREFIX, "path/to/", 1)
    how = ', attn_implementation="eager"' if attention else ""
    return (
        f"import torch\nfrom transformers import {model}, AutoTokenizer\n\n"
        f"folder = {folder!r}"
        + ("  # in the folder of Glassbox\n" if bundled else "\n")
        + "tokenizer = AutoTokenizer.from_pretrained(folder)\n"
        f"model = {model}.from_pretrained(folder, dtype=torch.float32{how}).eval()\n"
    )


def numbers(values: Sequence[float]) -> str:
    """Return numbers as the code prints them: four decimals."""
    return " ".join(f"{value:.4f}" for value in values)


def notebook(made: Notebook | None) -> None:
    """Offer the lines, closed at first; nothing where the present settings have none."""
    if made is None:
        return
    with st.expander(t("layout", "notebook"), icon=":material/code:"):
        st.code(made.code.rstrip("\n"), language="python")
        st.markdown(told("layout", "notebook_prints", lines=" · ".join(made.prints)))
