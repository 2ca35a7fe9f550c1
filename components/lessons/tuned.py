"""A model that pages train when it is first asked for: nano-bert after fifty labelled sentences. Two chapters look at it."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import SIZES
from components.shell.loading import load_model, made_here

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel
    from components.lm.checkpoints.model_card import ModelCard
    from components.lm.fine_tuning.encoder_tasks import EncoderTask, Score

BASE = "nano-bert"
SIZE = SIZES[0]
TUNED = f"{BASE}-tags-{SIZE}"
"""The name of nano-bert with the weights it has after ``SIZE`` sentences with tags (all weights, seed 0)."""
WEIGHTS = ("pretrained", "tuned")
"""As it comes, and after it learned to tag."""


# Both starts of nano-bert and of pocket-bert: 3 and 17 MB each.
@st.cache_resource(max_entries=2, show_spinner=False)
def taggers(name: str, revision: str) -> list[tuple[EncoderTask, Score]]:
    """Return two taggers, from pre-trained and from random weights, each with its F1 on the sentences written by hand."""
    from components.lm.fine_tuning.own_sentence import tagger

    loaded = load_model(name, "masked_prediction")
    return [tagger(loaded, SIZE, pretrained=start) for start in (True, False)]


def tuned_card() -> ModelCard:
    """Return the card of the tuned model: that of its beginning, under its own name and revision."""
    base = checkpoints.card(BASE)
    return replace(base, name=TUNED, revision=f"{base.revision}-tags-{SIZE}")


# 3 MB.
@st.cache_resource(max_entries=1, show_spinner=False)
def _tuned(revision: str) -> LoadedModel:
    base = load_model(BASE, "masked_prediction")
    task, _ = taggers(BASE, revision)[0]
    model = copy.deepcopy(base.model).eval()
    model.bert.load_state_dict(task.body.state_dict())
    return replace(base, model=model, card=tuned_card())


made_here(TUNED, lambda: _tuned(checkpoints.card(BASE).revision))
