"""The number on screen, from about fifteen lines of plain ``transformers``: to copy into a notebook.

Every lesson that runs a model writes these lines for the present settings; a test runs each of them and compares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components.lm.checkpoints.model_card import LOCAL_PREFIX, ModelCard
from components.lm.reading import closing_tokens, is_causal, read, segment_rows
from components.shell.loading import load_model
from components.words import t, told

OPEN = "_notebook"
"""Whether the lines are open, in ``st.session_state``."""


@dataclass(frozen=True)
class Notebook:
    """``code`` prints ``prints``, line by line: the numbers that stand on screen."""

    code: str
    prints: tuple[str, ...]


def opening(card: ModelCard, model: str, *, attention: bool = False, folder: str = "") -> str:
    """Return the first lines: a tokenizer and a model of class ``model`` from where this one came from.

    Args:
        card: the model on screen.
        model: a class of transformers, for example ``AutoModelForMaskedLM``.
        attention: whether attention weights are wanted; the faster kernels give none.
        folder: where a bundled model lies below ``assets/models``, if not under its name.
    """
    bundled = card.source == "bundled"
    folder = (
        f"assets/models/{folder or card.name}" if bundled else card.name.replace(LOCAL_PREFIX, "path/to/", 1)
    )
    how = ', attn_implementation="eager"' if attention else ""
    return (
        f"import torch\nfrom transformers import {model}, AutoTokenizer\n\n"
        f"folder = {folder!r}"
        + ("  # in the folder of Glassbox\n" if bundled else "\n")
        + "tokenizer = AutoTokenizer.from_pretrained(folder)\n"
        f"model = {model}.from_pretrained(folder, dtype=torch.float32{how}).eval()\n"
    )


def call(card: ModelCard, text: str, pair: str = "") -> str:
    """Return lines that make ``given``, what this model reads of a text or a pair, from a call of its tokenizer.

    The bundled models read what their tokenizer gives. Of others the differences are written out: a causal model reads
    two texts as one and is not closed, and a model gets as many segments as it has rows for.
    """
    texts = ", ".join(repr(one) for one in (text, pair) if one)
    plain = f'given = tokenizer({texts or repr(text)}, return_tensors="pt")\n'
    causal = is_causal(card)
    if causal and pair:
        text, pair = f"{text} {pair}" if text else pair, ""
        plain = f'given = tokenizer({text!r}, return_tensors="pt")\n'
    if card.source == "bundled" and (text or not causal):
        return plain
    loaded = load_model(card.name)
    if causal and not text:
        ids = read(loaded, text).input_ids.tolist()
        return f'given = {{"input_ids": torch.tensor([{ids}])}}  # what a text begins with\n'
    if closing := closing_tokens(loaded):
        ids = f'tokenizer({text!r}, return_tensors="pt").input_ids[:, :-{closing}]'
        return f'given = {{"input_ids": {ids}}}  # not closed: the model goes on from the text\n'
    if causal:
        return plain
    rows = segment_rows(loaded)
    if rows > 1:
        return plain.replace('"pt")', '"pt", return_token_type_ids=True)')
    return plain + 'given.pop("token_type_ids", None)  # the model has no two segments\n'


def numbers(values: Sequence[float]) -> str:
    """Return numbers as the code prints them: four decimals."""
    return " ".join(f"{value:.4f}" for value in values)


def notebook(made: Notebook | None) -> None:
    """Offer the lines, drawn when they are opened; nothing where the present settings have none.

    What colours the code is a megabyte that the browser reads and runs as soon as a page has any, opened or not: a quarter
    of what it does for a page.
    """
    if made is None:
        return
    lid = st.expander(t("layout", "notebook"), icon=":material/code:", key=OPEN, on_change="rerun")
    if lid.open:
        lid.code(made.code.rstrip("\n"), language="python")
        lid.markdown(told("layout", "notebook_prints", lines=" · ".join(made.prints)))
