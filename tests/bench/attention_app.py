"""The two attention views on pages of their own, for ``bench_attention``: ours, and bertviz as it is shipped.

Weights are random (softmax of normal scores): what is measured does not depend on them. bertviz keeps its numbers
as it writes them, twice and with all digits; only its libraries are put into the page, because there is no network.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import streamlit as st

from components.elements.bert.attention_view import Drawn, ViewFrame, attention_view
from components.figures.theme import css_variables
from components.lm.reading import Reading
from components.lm.transformer.attention import pack_weights


def weights(num_tokens: int) -> np.ndarray:
    """Random weights, (12, 12, query, key)."""
    scores = np.random.default_rng(0).normal(size=(12, 12, num_tokens, num_tokens)) * 2
    powers = np.exp(scores)
    return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)


def tokens(num_tokens: int) -> list[str]:
    """Short made-up words."""
    return [f"word{i}" for i in range(num_tokens)]


def shipped_bertviz(num_tokens: int) -> str:
    """bertviz's head view, numbers untouched, with its libraries in the page instead of a link to them."""
    import torch
    from bertviz import head_view

    from components.elements.bert.bertviz_frame import _FETCHES, _LIBRARIES, _d3

    given = [torch.from_numpy(layer[None]) for layer in weights(num_tokens)]
    html = head_view(given, tokens(num_tokens), layer=0, html_action="return").data
    head, tail = _FETCHES.split(html, maxsplit=1)
    return f"{head}<script>{_d3()}</script><script>{_LIBRARIES}</script>{tail}"


@st.cache_resource
def _shipped(num_tokens: int) -> str:
    return shipped_bertviz(num_tokens)


@st.cache_resource
def _packed(num_tokens: int) -> np.ndarray:
    return pack_weights(weights(num_tokens))


def main() -> None:
    """Draw the view that the link names, once the button is pressed."""
    st.set_page_config(layout="wide")
    st.html(f"<style>{css_variables()}</style>")
    st.session_state.setdefault("lang", "en")
    size = int(st.query_params.get("n", "64"))
    ours = st.query_params.get("view", "ours") == "ours"
    heads = int(st.query_params.get("heads", "1"))
    made = _packed(size) if ours else _shipped(size)  # both are ready before the clock starts
    st.html('<div class="gb-head"></div>')
    if not st.button("show"):
        return
    if ours:
        zeros = np.zeros(size, np.int64)
        reading = Reading(
            text=" ".join(tokens(size)),
            pair=None,
            tokens=tuple(tokens(size)),
            texts=tuple(tokens(size)),
            kinds=("ordinary",) * size,
            parts=("A",) * size,
            spans=(None,) * size,
            word_ids=(None,) * size,
            input_ids=zeros,
            token_type_ids=None,
            position_ids=np.arange(size),
            attention_mask=zeros + 1,
            mask_token_id=None,
            mask_token=None,
        )
        state = {
            "text": reading.text,
            "second": "",
            "measure": "weights",
            "layer": 0,
            "heads": list(range(heads)),
            "reading": [0],
            "token": -1,
            "sort": "grid",
            "least": 0.0,
            "no_special": False,
            "no_punctuation": False,
            "pair": "all",
            "hide_below": 0.0,
            "off": [],
            "at": -1,
            "tried": False,
        }
        drawn = Drawn(
            key="bench",
            packed=made,
            reading=reading,
            layers=range(12),
            columns=[str(i) for i in range(12)],
            scores={},
            strongest=None,
        )
        frame: ViewFrame = {
            "rev": 1,
            "state": state,
            "asked": {"text": reading.text, "second": "", "measure": "weights"},
            "params": [],
            "files": None,
            "model": "bench",
            "revision": "",
        }
        attention_view(frame, {"induction": None, "even": 0.0}, drawn, on_view=lambda: None)
    else:
        st.iframe(made, height=900)


if __name__ == "__main__":
    main()
