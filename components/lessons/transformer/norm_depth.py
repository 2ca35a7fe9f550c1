"""The panel "pre-LN and post-LN" of the page "One block from inside": gradients now, training as it was recorded."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.transformer.norm_depth import norm_depth
from components.lessons.recorded import trace_file
from components.shell.background import Work, Works
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.transformer.norm_depth import Gradients

WORDS = "norm_depth"
TEXT = Path(__file__).parents[3] / "assets" / "samples" / "tale_en.txt"
CURVES = 9
"""Three depths, each pre-LN, post-LN, and post-LN with warm-up."""
LEFT_BY = 0.15
"""Nats below word frequencies from which on a model counts as having learned more than them."""


def _compute(work: Work, seed: int) -> "list[Gradients]":
    from components.lm import checkpoints

    checkpoints.import_torch()
    from components.lm.transformer.norm_depth import DEPTHS, WIRINGS, gradients, sample_ids

    ids = sample_ids(TEXT.read_bytes())
    found: list[Gradients] = []
    done, whole = 0, sum(DEPTHS) * len(WIRINGS)
    for layers in DEPTHS:
        for wiring in WIRINGS:
            if work.should_stop():
                return found
            found.append(gradients(layers, wiring, seed=seed, ids=ids))
            done += layers
            work.tell(done / whole)
    return found


# Gradients of 20 seeds at most: 360 numbers each, some 10 kB.
@st.cache_resource(show_spinner=False)
def _works() -> Works:
    return Works(keep=20)


def found_gradients(seed: int) -> "list[Gradients]":
    """Compute the gradients of all depths in a thread, with a bar meanwhile; done once a seed for all readers."""
    work = _works().start(("norm_depth", seed), lambda work: _compute(work, seed))
    if not work.wait(0.05):
        bar = st.progress(0.0, text=told(WORDS, "computing"))
        while not work.wait(0.15):
            bar.progress(work.fraction, text=told(WORDS, "computing"))
        bar.empty()
    found: list[Gradients] = work.result()
    return found


@cache
def study() -> dict[str, Any] | None:
    """The recorded curves, or None while not all of them were trained."""
    found: dict[str, Any] | None = trace_file("transformer/norm_depth")
    return found if found is not None and len(found["curves"]) == CURVES else None


def conclusion(recorded: dict[str, Any]) -> str:
    """Which models learned more than word frequencies, in words, from the curves themselves."""
    left = {
        (curve["layers"], curve["wiring"], bool(curve["warmup"])): min(curve["loss"][-3:])
        < recorded["unigram"] - LEFT_BY
        for curve in recorded["curves"]
    }

    def named(wiring: str, warm: bool) -> str:
        depths = [str(n) for (n, w, had), yes in left.items() if (w, had) == (wiring, warm) and yes]
        return ", ".join(depths) or t(WORDS, "none")

    settings = recorded["settings"]
    return t(
        WORDS,
        "found",
        steps=settings["steps"],
        pre=named("pre", False),
        post=named("post", False),
        warmed=named("post", True),
        by=LEFT_BY,
    )


def draw(seed: int) -> None:
    """The gradients of this seed beside the recorded training."""
    recorded = study()
    found = found_gradients(seed)
    settings = recorded["settings"] if recorded else {}
    norm_depth(
        {
            "gradients": [
                {"layers": g.num_layers, "wiring": g.wiring, "feed_forward": g.feed_forward, "query": g.query}
                for g in found
            ],
            "curves": recorded["curves"] if recorded else [],
            "every": settings.get("every", 1),
            "unigram": recorded["unigram"] if recorded else 0.0,
            "found": conclusion(recorded) if recorded else "",
            "source": t(WORDS, "source", seed=seed)
            + (
                " "
                + t(
                    WORDS,
                    "source_training",
                    **{k: settings[k] for k in ("rate", "warmup", "tokens_a_step", "vocab_size")},
                )
                if recorded
                else ""
            ),
        },
        key="norm_depth",
    )


def rows(seed: int) -> list[dict[str, Any]]:
    """The gradients as a table."""
    return [
        {"layers": g.num_layers, "wiring": g.wiring, "layer": layer, "feed_forward": ff, "query": query}
        for g in found_gradients(seed)
        for layer, (ff, query) in enumerate(zip(g.feed_forward, g.query, strict=True))
    ]
