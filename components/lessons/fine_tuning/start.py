"""State and data of the page "Why start there": many random starts beside the pre-trained one, and SGD on slices of the loss."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st

from components.elements.fine_tuning.slice_board import SliceData, SliceView
from components.elements.fine_tuning.start_board import StartData, StartedRun, StartView
from components.elements.predict_first import Prediction
from components.lessons.fine_tuning.said import STARTS, made_with, percent
from components.lessons.recorded import shipped
from components.lm.fine_tuning.sentences import TAGS
from components.lm.fine_tuning.start import BATCHES, MOMENTS, RANDOM_STARTS, SETS, SGD_RATE, SGD_STEPS
from components.shell import links
from components.shell.layout import Export
from components.words import labels, t, told

NAME = "fine_tuning/start"
WORDS = "starts"
BOARD = "start_board"
SLICES = "slice_board"
MEASURES = ("generated", "written", "train", "f1")
LOSSES = ("losses", "held_out")
LOOKS = ("slice", "train", "nothing")
LAST = MOMENTS - 1
KNOWS_NOTHING = math.log(len(TAGS))
"""The loss, in nats, of giving every tag the same probability."""

PARAMS = (
    links.Choice("start_measure", MEASURES, MEASURES[0]),
    links.Integer("start_step", 0, LAST, LAST),
    links.Choice("start_look", LOOKS, LOOKS[0]),
    links.Choice("start_loss", LOSSES, LOSSES[0]),
    links.Integer("sgd_step", 0, SGD_STEPS, SGD_STEPS),
    links.Integer("sgd_track", 0, len(BATCHES) - 1, 0),
    links.Integer("start_seed", RANDOM_STARTS, 9999, RANDOM_STARTS),
)


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs (``python -m components.pretraining fine-tuning start``)."""
    found: Mapping[str, Any] = shipped(NAME)
    return found


def runs(pretrained: bool) -> list[Mapping[str, Any]]:
    """Return the recorded runs of one kind of start."""
    return [run for run in recorded()["runs"] if run["pretrained"] is pretrained]


def measure() -> str:
    """Return what is measured, of the link."""
    return str(st.session_state["start_measure"])


def values(run: Mapping[str, Any], name: str) -> list[float]:
    """Return what is measured of a run, by moment."""
    return [found[0] for found in run["f1_generated"]] if name == "f1" else list(run[name])


def said(value: float, name: str) -> str:
    """Return a value as it is written: F1 as whole percent, a loss with two places."""
    return percent(value) if name == "f1" else f"{value:.2f}"


def view() -> StartView:
    """Return where the reader is among the moments, from the link."""
    return StartView(st.session_state["start_step"])


def keep(now: StartView) -> None:
    """Hand what the element holds to the link."""
    links.put("start_step", now.step)


def _run(run: Mapping[str, Any], name: str, word: str) -> StartedRun:
    return {"name": t(WORDS, word, seed=run["seed"]), "values": values(run, name)}


def board(mine: Sequence[tuple[Mapping[str, Any], str]] = ()) -> StartData:
    """Return what the board draws; ``mine`` are further runs, each with the word that names it."""
    name = measure()
    everything = [values(run, name) for run in (*recorded()["runs"], *(run for run, _ in mine))]
    highest = max(max(found) for found in everything)
    return {
        "steps": recorded()["runs"][0]["steps"],
        "random": [_run(run, name, "random_name") for run in runs(False)],
        "pretrained": [_run(run, name, "pretrained_name") for run in runs(True)],
        "mine": [_run(run, name, word) for run, word in mine],
        "axis": t(WORDS, f"axis_{name}", n=recorded()["counts"].get(name, recorded()["counts"]["generated"])),
        "most": 1.0 if name == "f1" else round(1.05 * highest, 2),
        "guess": None if name == "f1" else KNOWS_NOTHING,
        "share": name == "f1",
        "words": labels("start_board"),
        "stepper": labels("stepper"),
    }


def reach(pretrained: bool, name: str, moment: int) -> tuple[float, float, float]:
    """Return lowest, mean and highest of a measure over the starts of one kind."""
    found = [values(run, name)[moment] for run in runs(pretrained)]
    return min(found), sum(found) / len(found), max(found)


def as_good(name: str, moment: int) -> int:
    """Return how many random starts are at least as good as the worst pre-trained one."""
    mine = [values(run, name)[moment] for run in runs(True)]
    found = [values(run, name)[moment] for run in runs(False)]
    return sum(one >= min(mine) for one in found) if name == "f1" else sum(one <= max(mine) for one in found)


def aid(now: StartView) -> str:
    """Where the random starts stand, and the pre-trained one; HTML."""
    name = measure()
    low, middle, high = (said(value, name) for value in reach(False, name, now.step))
    mine_low, mine_middle, mine_high = (said(value, name) for value in reach(True, name, now.step))
    text = t(
        WORDS,
        "aid",
        step=recorded()["runs"][0]["steps"][now.step],
        measure=t(WORDS, f"measure_{name}"),
        count=len(runs(False)),
        low=low,
        middle=middle,
        high=high,
        mine=mine_middle,
        mine_low=mine_low,
        mine_high=mine_high,
        good=as_good(name, now.step),
    )
    more = "" if now.step < LAST else " " + t(WORDS, "aid_train" if name == "train" else "aid_held_out")
    return html.escape(text + more)


def caption() -> str:
    """The line under the board: model, runs, data, time."""
    kept = recorded()
    return t(
        WORDS,
        "caption",
        **made_with(kept),
        random=len(runs(False)),
        heads=len(runs(True)),
        examples=kept["counts"]["train"],
        steps=kept["runs"][0]["steps"][-1],
        seconds=f"{sum(run['seconds'] for run in kept['runs']):.0f}",
    )


def prediction() -> Prediction:
    """Asked before the board is seen: how many random starts come as low as the pre-trained one?"""
    good, count = as_good("generated", LAST), len(runs(False))
    answer = 0 if good <= 2 else 1 if good < count / 2 else 2
    options = [t(WORDS, f"predict_{name}") for name in ("none", "some", "most")]
    why = t(
        WORDS,
        "predict_why",
        good=good,
        count=count,
        best=f"{reach(False, 'generated', LAST)[0]:.2f}",
        mine=f"{reach(True, 'generated', LAST)[2]:.2f}",
    )
    return Prediction(t(WORDS, "predict"), options, answer, why, {"start_measure": "generated"})


# -- slices --------------------------------------------------------------------------------------------------------------


def slice_view() -> SliceView:
    """Return where the reader is on the paths, from the link."""
    return SliceView(st.session_state["sgd_step"], st.session_state["sgd_track"])


def keep_slice(now: SliceView) -> None:
    """Hand what the second element holds to the link."""
    links.put("sgd_step", now.step)
    links.put("sgd_track", now.track)


def slices() -> SliceData:
    """Return what the slices draw: the loss of the link, on the square of each start."""
    which = str(st.session_state["start_loss"])
    found = {name: recorded()["starts"][name] for name in STARTS}
    return {
        "panels": [
            {
                "label": t(WORDS, f"from_{name}"),
                "middle": one["slice"]["middle"],
                "side": one["slice"]["side"],
                "losses": one["slice"][which],
                "paths": [
                    {"places": path["places"], "losses": path[which], "share": path["share"]}
                    for path in one["paths"]
                ],
            }
            for name, one in found.items()
        ],
        "tracks": [t(WORDS, f"batch_{name}", n=n) for name, n in zip(("one", "few", "all"), BATCHES, strict=True)],
        "steps": SGD_STEPS,
        "loss": t(WORDS, f"loss_{which}"),
        "words": labels("slice_board"),
        "stepper": labels("stepper"),
    }  # fmt: skip


def slice_ends() -> dict[str, dict[str, Any]]:
    """Return of each start the path of all examples at its end: both losses."""
    found = {name: recorded()["starts"][name]["paths"][-1] for name in STARTS}
    return {name: {which: path[which][-1] for which in LOSSES} for name, path in found.items()}


def slice_text() -> str:
    """What the two slices show, with their numbers; Markdown."""
    ends = slice_ends()
    return told(
        WORDS,
        "slice_text",
        mine=f"{ends['pretrained']['losses']:.2f}",
        bare=f"{ends['random']['losses']:.2f}",
        mine_held=f"{ends['pretrained']['held_out']:.2f}",
        bare_held=f"{ends['random']['held_out']:.2f}",
    )


def how() -> str:
    """How it is made; Markdown."""
    shares = [path["share"] for name in STARTS for path in recorded()["starts"][name]["paths"]]
    return told(
        WORDS,
        "how_text",
        numbers=f"{recorded()['numbers']:,}",
        nothing=f"{KNOWS_NOTHING:.3f}",
        rate=SGD_RATE,
        steps=SGD_STEPS,
        share=percent(min(shares)),
        grid=len(recorded()["starts"]["random"]["slice"]["losses"]),
    )


# -- tables --------------------------------------------------------------------------------------------------------------


def start_rows() -> list[dict[str, Any]]:
    """Return every recorded start at every moment."""
    return [
        {
            "start": "pre-trained" if run["pretrained"] else "random",
            "start_seed": run["seed"],
            "step": step,
            **{f"loss_{name}": run[name][k] for name in SETS},
            "f1_generated": run["f1_generated"][k][0],
            "f1_written": run["f1_written"][k][0],
        }
        for run in recorded()["runs"]
        for k, step in enumerate(run["steps"])
    ]


def path_rows() -> list[dict[str, Any]]:
    """Return every step of every path of SGD."""
    return [
        {
            "start": name,
            "batch": path["batch"],
            "step": step,
            "x": place[0],
            "y": place[1],
            "away_from_slice": place[2],
            "loss_training": path["losses"][step],
            "loss_held_out": path["held_out"][step],
        }
        for name in STARTS
        for path in recorded()["starts"][name]["paths"]
        for step, place in enumerate(path["places"])
    ]


def export(now: StartView) -> Export:
    """Everything of the picture."""
    kept = recorded()
    return Export(
        "fine-tuning-start",
        caption(),
        {"model": kept["model"], "revision": kept["revision"], "step": kept["runs"][0]["steps"][now.step]},
        {"starts": start_rows, "paths": path_rows},
        lambda: {"slices": {name: kept["starts"][name]["slice"] for name in STARTS}},
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_before"), {"start_step": 0}),
        (t(WORDS, "try_train"), {"start_measure": "train"}),
        (t(WORDS, "try_f1"), {"start_measure": "f1"}),
        (t(WORDS, "try_held_out"), {"start_look": "slice", "start_loss": "held_out"}),
        (t(WORDS, "try_live"), {"start_look": "train"}),
    ]
