"""State and data of the page "Train it, or only mix its layers": a frozen model's layers, mixed by hand or learned."""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.fine_tuning.features_board import (
    FeaturesData,
    FeaturesView,
    LearnedMix,
    Mix,
    MixLane,
    features_seen,
)
from components.elements.predict_first import Prediction
from components.lessons.fine_tuning.said import STARTS, made_with, percent, said_score
from components.lessons.recorded import shipped
from components.lm import checkpoints
from components.lm.fine_tuning.features import (
    MOMENTS,
    NEUTRAL,
    SEEDS,
    SETS,
    SIZES,
    STEPS,
    TOP,
    even,
    numbers_trained,
    only,
)
from components.lm.fine_tuning.sentences import TAGS
from components.shell import links
from components.shell.layout import Export
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import labels, t, told

if TYPE_CHECKING:
    from components.lm.fine_tuning.features import Features

NAME = "fine_tuning/features"
WORDS = "features"
BOARD = "features_board"
FACTS = Path(__file__).parents[3] / "assets" / "facts"
LOOKS = ("paper", "seeds", "train", "nothing")
LAYERS = 7
LAST = len(MOMENTS)

PARAMS = (
    links.Choice("features_size", tuple(map(str, SIZES)), str(SIZES[0])),
    links.Choice("features_seed", tuple(map(str, SEEDS)), str(SEEDS[0])),
    links.Numbers("features_faders", even(LAYERS), most=LAYERS, high=TOP, example=only(3, LAYERS)),
    links.Integer("features_step", 0, LAST, 0),
    links.Choice("features_look", LOOKS, "paper"),
    links.Choice("features_model", ("pocket-bert", "nano-bert"), "pocket-bert"),
    links.Choice("features_live_size", ("20", "50", "200"), "50"),
    links.Integer("features_live_seed", 0, 99, 3),
)


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs (``python -m components.pretraining fine-tuning features``)."""
    found: Mapping[str, Any] = shipped(NAME)
    return found


def run_of(start: str, size: int, seed: int) -> Mapping[str, Any]:
    """Return one recorded run."""
    return next(
        run
        for run in recorded()["runs"]
        if (run["pretrained"], run["size"], run["seed"]) == (start == "pretrained", size, seed)
    )


def asked() -> tuple[int, int]:
    """Return the size and the seed of the link."""
    return int(st.session_state["features_size"]), int(st.session_state["features_seed"])


def runs() -> list[Mapping[str, Any]]:
    """Return the runs in sight, pre-trained first."""
    return [run_of(start, *asked()) for start in STARTS]


def view() -> FeaturesView:
    """Return where the reader is, from the link; a list of another length than the layers counts as the even mix."""
    faders = tuple(st.session_state["features_faders"])
    return FeaturesView(
        int(st.session_state["features_step"]), faders if len(faders) == LAYERS else even(LAYERS)
    )


def keep(now: FeaturesView) -> None:
    """Hand what the element holds to the link."""
    links.put("features_step", now.step)
    links.put("features_faders", now.faders)


def took() -> None:
    """The reader moved: a mix of faders that is not known has to be computed."""
    state = st.session_state.get(BOARD)
    value = state.get("view") if state else None
    keep(features_seen(value, view(), links.revision(), moments=LAST, layers=LAYERS, top=TOP))


# -- mixes ---------------------------------------------------------------------------------------------------------------


def _lane(run: Mapping[str, Any]) -> MixLane:
    """Return the end of a run as the board draws it."""
    return {
        "labelled": run["labelled"][-1],
        "new": run["new"][-1],
        "written": run["written"][-1],
        "said": run["said"][-1],
    }


def known() -> list[Mix]:
    """Return the recorded mixes of the runs in sight."""
    both = [run["mixes"] for run in runs()]
    return [
        {"faders": pair[0]["faders"], "lanes": [_lane(one) for one in pair]}
        for pair in zip(*both, strict=True)
    ]


# The states of some 500 to 4,000 words of all layers: 10 to 25 MB each.
@st.cache_resource(max_entries=4, show_spinner=False)
def _states(model: str, revision: str, size: int, pretrained: bool, seed: int) -> Features:
    from components.lm.fine_tuning.features import features

    loaded = load_model(model, "masked_prediction")
    return features(loaded, size, pretrained=pretrained, seed=seed)


# Six sentences and nine numbers for each start: 1 kB.
@shared
def computed(model: str, revision: str, size: int, seed: int, faders: tuple[int, ...]) -> list[MixLane]:
    """Train the new layer on a mix, from both starts; about a second at first, a third of one later."""
    from components.lm.fine_tuning.features import mix_fully

    return [
        _lane(mix_fully(_states(model, revision, size, start, seed), faders, seed=seed))
        for start in (True, False)
    ]


def mix() -> list[MixLane]:
    """Return what is found with the faders of the link, recorded or computed now."""
    faders = view().faders
    for one in known():
        if tuple(one["faders"]) == faders:
            return list(one["lanes"])
    model = recorded()["model"]
    return computed(model, checkpoints.card(model).revision, *asked(), faders)


def learned(run: Mapping[str, Any]) -> LearnedMix:
    """Return a learned mix as the board draws it."""
    found: Any = {name: run["learned"][name] for name in ("shares", "gamma", "loss", *SETS, "said")}
    return found  # type: ignore[no-any-return]


def board() -> FeaturesData:
    """Return what the board draws."""
    faders, found = view().faders, known()
    # While learning plays, too: with other data the board would begin anew.
    if not any(tuple(one["faders"]) == faders for one in found):
        found.append({"faders": faders, "lanes": mix()})
    both = runs()
    return {
        "mixes": found,
        "steps": MOMENTS,
        "learned": [learned(run) for run in both],
        "tuned": [{name: run["tuned"][name][0] for name in SETS} for run in both],
        "lanes": [t(WORDS, start) for start in STARTS],
        "layers": LAYERS,
        "neutral": NEUTRAL,
        "top": TOP,
        "counts": {name: both[0]["counts"][name] for name in SETS},
        "sentences": recorded()["shown"],
        "tags": list(TAGS),
        "words": labels("tasks_board") | labels("features_board"),
        "stepper": labels("stepper"),
    }


def layer_name(layer: int) -> str:
    """Return what a layer is called."""
    return t("features_board", "embeddings") if layer == 0 else t("features_board", "layer", k=layer)


def aid(now: FeaturesView) -> str:
    """What this mix finds, beside the even one; HTML."""
    mine = runs()[0]
    flat = mine["mixes"][0]
    if now.step == 0:
        lanes = mix()
        slots = {
            f"{name}_{start}": percent(lane[name][0])  # type: ignore[literal-required]
            for start, lane in zip(STARTS, lanes, strict=True)
            for name in SETS
        }
        return html.escape(t(WORDS, "aid", **slots))
    k = now.step - 1
    run = mine["learned"]
    best = max(range(LAYERS), key=lambda layer: run["shares"][k][layer])
    said = [
        t(
            WORDS,
            "aid_learned",
            step=run["steps"][k],
            layer=layer_name(best),
            share=percent(run["shares"][k][best]),
            labelled=percent(run["labelled"][k][0]),
            new=percent(run["new"][k][0]),
            written=said_score(run["written"][k]),
            new_even=percent(flat["new"][-1][0]),
            written_even=said_score(flat["written"][-1]),
        )
    ]
    if now.step == LAST:
        said.append(t(WORDS, "aid_end"))
    return html.escape(" ".join(said))


def caption() -> str:
    """The line under the board: model, data, time."""
    mine = runs()[0]
    return t(
        WORDS,
        "caption",
        **made_with(recorded()),
        seed=mine["seed"],
        examples=mine["size"],
        reading=f"{mine['reading_seconds']:.1f}",
        learning=f"{mine['learned']['seconds']:.1f}",
        tuning=f"{mine['tuned']['seconds']:.1f}",
        steps=STEPS,
    )


def prediction() -> Prediction:
    """Asked before the board is seen: which fader goes up when training may move them?"""
    run = run_of("pretrained", SIZES[0], 0)
    shares = run["learned"]["shares"][-1]
    best = max(range(LAYERS), key=lambda layer: shares[layer])
    answer = 0 if best == 0 else 1 if best < 5 else 2
    options = [t(WORDS, f"predict_{name}") for name in ("first", "middle", "last")]
    why = t(
        WORDS,
        "predict_why",
        layer=layer_name(best),
        share=percent(shares[best]),
        learned=percent(run["learned"]["written"][-1][0]),
        even=percent(run["mixes"][0]["written"][-1][0]),
    )
    return Prediction(t(WORDS, "predict"), options, answer, why, {"features_step": LAST})


# -- tables --------------------------------------------------------------------------------------------------------------


@cache
def published() -> tuple[Mapping[str, str], ...]:
    """Return the rows of BERT's table of named entities."""
    with (FACTS / "bert_ner.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def ends(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what a run comes to with each way to use the model: scores as (value, low, high) by set."""

    def end(one: Mapping[str, Any]) -> dict[str, Any]:
        return {name: one[name][-1] for name in SETS}

    found: dict[str, Mapping[str, Any]] = {
        "even": end(run["mixes"][0]),
        "embeddings": end(run["mixes"][1]),
        "last": end(run["mixes"][LAYERS]),
        "learned": end(run["learned"]),
        "tuned": {name: run["tuned"][name] for name in SETS},
    }
    return found


def numbers() -> tuple[int, int]:
    """Return how many numbers a learned mix trains, and how many fine-tuning does."""
    width = checkpoints.card(recorded()["model"]).hidden_size
    assert width is not None
    return numbers_trained(LAYERS, width), int(runs()[0]["tuned"]["trained"])


def mean(values: Sequence[float]) -> float:
    """Return the mean."""
    return sum(values) / len(values)


def over_seeds(start: str, size: int, way: str, name: str) -> tuple[float, float, float]:
    """Return mean, lowest and highest F1 over the seeds of a way to use the model."""
    found = [ends(run_of(start, size, seed))[way][name][0] for seed in SEEDS]
    return mean(found), min(found), max(found)


def mix_rows() -> list[dict[str, Any]]:
    """Return every recorded mix, and fine-tuning, of all runs."""
    return [
        {
            "start": "pre-trained" if run["pretrained"] else "random",
            "sentences": run["size"],
            "run_seed": run["seed"],
            "mix": name,
            **{f"{which}_{part}": scores[which][i] for which in SETS for i, part in enumerate(("f1", "low", "high"))},
        }
        for run in recorded()["runs"]
        for name, scores in (
            *((f"faders {'.'.join(map(str, one['faders']))}", {which: one[which][-1] for which in SETS}) for one in run["mixes"]),
            ("learned", ends(run)["learned"]),
            ("fine-tuned", ends(run)["tuned"]),
        )
    ]  # fmt: skip


def learned_rows() -> list[dict[str, Any]]:
    """Return the learned shares of the runs in sight, by step."""
    return [
        {
            "start": start,
            "step": step,
            **{f"share_{layer}": run["learned"]["shares"][k][layer] for layer in range(LAYERS)},
            "gamma": run["learned"]["gamma"][k],
            "loss": run["learned"]["loss"][k],
            **{f"{name}_f1": run["learned"][name][k][0] for name in SETS},
        }
        for start, run in zip(STARTS, runs(), strict=True)
        for k, step in enumerate(run["learned"]["steps"])
    ]


def export(now: FeaturesView) -> Export:
    """Everything of the picture."""
    kept, (size, seed) = recorded(), asked()
    return Export(
        "fine-tuning-features",
        caption(),
        {
            "model": kept["model"],
            "revision": kept["revision"],
            "examples": size,
            "seed": seed,
            "faders": ".".join(map(str, now.faders)),
        },
        {"learned": learned_rows, "mixes": mix_rows, "published": lambda: [dict(row) for row in published()]},
        lambda: {
            "sentences": kept["shown"],
            "faders": list(now.faders),
            "found": dict(zip(STARTS, mix(), strict=True)),
            "learned": dict(zip(STARTS, (run["learned"] for run in runs()), strict=True)),
        },
    )


def how() -> str:
    """How it is made; Markdown."""
    mine = run_of("pretrained", SIZES[0], 0)
    return told(WORDS, "how_text", steps=STEPS, labelled=mine["counts"]["labelled"])


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_learned"), {"features_step": LAST}),
        (t(WORDS, "try_embeddings"), {"features_faders": only(0, LAYERS)}),
        (t(WORDS, "try_last"), {"features_faders": only(LAYERS - 1, LAYERS)}),
        (t(WORDS, "try_more"), {"features_size": "200", "features_step": LAST}),
        (t(WORDS, "try_train"), {"features_look": "train"}),
    ]
