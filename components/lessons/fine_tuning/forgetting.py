"""State and data of the page "What is forgotten": an old task and a new one, and what each remedy keeps."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st

from components.elements.fine_tuning.forgetting_plane import ForgettingData, ForgettingView, Track
from components.elements.predict_first import Prediction
from components.lessons.fine_tuning.said import STARTS, made_with, percent, said_score
from components.lessons.recorded import shipped
from components.lm import checkpoints
from components.lm.fine_tuning import lora
from components.lm.fine_tuning.forgetting import METHODS, MOMENTS, STRENGTHS, Method
from components.lm.fine_tuning.sentences import TAGS
from components.shell import links
from components.shell.layout import Export
from components.words import labels, t, told

NAME = "fine_tuning/forgetting"
WORDS = "forgetting"
BOARD = "forgetting_plane"
MODELS = ("pocket-bert", "nano-bert")
LIVE_MODELS = ("nano-bert", "pocket-bert")
"""To train now; the first is the quick one."""
LOOKS = ("reading", "static", "families", "train", "nothing")
LEVELS = tuple(range(1, 6))
"""Strengths, from weak to strong; each means another number for each method."""
MIDDLE = LEVELS[len(LEVELS) // 2]
READERS = ("nothing", "replay5", "replay25", "pull", "random")
"""Of the second scene, in the order of its runs."""
LAST = len(MOMENTS) - 1
SEEDS = ("0", "1", "2")

PARAMS = (
    links.Choice("forget_model", MODELS, MODELS[0], example=MODELS[1]),
    links.Integer("forget_strength", LEVELS[0], LEVELS[-1], MIDDLE),
    links.Choice("forget_start", STARTS, "pretrained"),
    links.Choice("forget_seed", SEEDS, SEEDS[0]),
    links.Integer("forget_step", 0, LAST, LAST),
    links.Integer("forget_track", 0, len(METHODS) - 1, 0),
    links.Choice("forget_look", LOOKS, "reading"),
    links.Choice("forget_reading", READERS, READERS[0], example=READERS[1]),
    links.Choice("forget_live_model", LIVE_MODELS, LIVE_MODELS[0]),
    links.Choice("forget_method", METHODS, "replay"),
    links.Integer("forget_live_strength", LEVELS[0], LEVELS[-1], MIDDLE),
    links.Integer("forget_live_seed", 0, 99, 0),
)


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs by model (``python -m components.pretraining fine-tuning forgetting``)."""
    found: Mapping[str, Any] = shipped(NAME)["models"]
    return found


def models() -> list[str]:
    """Return the models that have recorded runs, that of the first view first."""
    return [name for name in MODELS if name in recorded()]


def model() -> str:
    """Return the model of the link; one without recorded runs gives way to the first that has some."""
    name = str(st.session_state["forget_model"])
    return name if name in recorded() else models()[0]


def reading() -> Mapping[str, Any]:
    """Return the runs of the second scene (``fine-tuning reading-on``)."""
    found: Mapping[str, Any] = shipped(NAME)["reading"]
    return found


def strength(method: Method, level: int) -> float:
    """Return a method's strength at a level; a method with one strength has it at every level."""
    offered = STRENGTHS[method]
    return offered[LEVELS.index(level)] if len(offered) == len(LEVELS) else offered[0]


@cache
def _by_setting(name: str) -> Mapping[tuple[str, float, bool, int], Mapping[str, Any]]:
    runs = recorded()[name]["runs"]
    return {
        (s["method"], s["strength"], s["pretrained"], s["seed"]): run
        for run in runs
        for s in (run["setting"],)
    }


def run_of(
    method: Method, level: int = MIDDLE, start: str = "pretrained", seed: int = 0, of: str = ""
) -> Mapping[str, Any]:
    """Return one recorded run of the model in use, or of another."""
    return _by_setting(of or model())[method, strength(method, level), start == "pretrained", seed]


def _has(level: int, seed: int, start: str = "pretrained") -> bool:
    known = _by_setting(model())
    return all((method, strength(method, level), start == "pretrained", seed) in known for method in METHODS)


def starts() -> list[str]:
    """Return where the recorded runs of the model in use began."""
    return [start for start in STARTS if _has(MIDDLE, 0, start)]


def levels() -> list[int]:
    """Return the strengths that the model in use has recorded runs of, from weak to strong."""
    return [level for level in LEVELS if _has(level, 0)]


def seeds() -> list[str]:
    """Return the seeds that the model in use has recorded runs of at the middle strength."""
    return [seed for seed in SEEDS if _has(MIDDLE, int(seed))]


def asked() -> tuple[int, str, int]:
    """Return level, start and seed of the link, of those that were recorded together."""
    s = st.session_state
    start, level, seed = str(s["forget_start"]), int(s["forget_strength"]), str(s["forget_seed"])
    if start not in starts():
        start = "pretrained"
    if start == "random" or level not in levels():
        level = MIDDLE
    several = start != "random" and level == MIDDLE and seed in seeds()
    return level, start, int(seed) if several else 0


def view() -> ForgettingView:
    """Return where the reader is, from the link."""
    return ForgettingView(st.session_state["forget_step"], st.session_state["forget_track"])


def keep(now: ForgettingView) -> None:
    """Hand what the element holds to the link."""
    links.put("forget_step", now.step)
    links.put("forget_track", now.track)


def track(method: Method, run: Mapping[str, Any]) -> Track:
    """Return one run as the plane draws it."""
    size = f"{run['setting']['strength']:g}"
    return {
        "label": t(WORDS, f"method_{method}"),
        "note": t(WORDS, f"note_{method}", strength=size),
        "old": run["old"],
        "new": run["new"],
        "said_old": run["said_old"],
        "said_new": run["said_new"],
        "off": run["off"],
    }


def board(tracks: Sequence[Track], steps: Sequence[int], of: str = "") -> ForgettingData:
    """Return what a plane draws of the model in use, or of another."""
    kept = recorded()[of or model()]
    return {
        "steps": steps,
        "tracks": tracks,
        "shown": list(range(len(tracks))),
        "old": kept["old"],
        "new": kept["new"],
        "tags": list(TAGS),
        "words": labels("tasks_board") | labels("forgetting_plane"),
        "stepper": labels("stepper"),
    }


def runs() -> list[Mapping[str, Any]]:
    """Return the runs in sight, one for each method."""
    return [run_of(method, *asked()) for method in METHODS]


def aid(now: ForgettingView) -> str:
    """What the chosen method kept and learned at this moment; HTML."""
    method, run, k = METHODS[now.track], runs()[now.track], now.step
    said = [
        t(
            WORDS,
            "aid",
            method=t(WORDS, f"method_{method}"),
            step=run["steps"][k],
            before=percent(run["old"][0][0]),
            old=said_score(run["old"][k]),
            new=said_score(run["new"][k]),
            old_written=percent(run["old_written"][k][0]),
            new_written=percent(run["new_written"][k][0]),
        )
    ]
    if run["off"] is not None and k == LAST:
        said.append(t(WORDS, "aid_off", off=percent(run["off"][0])))
    if asked()[1] == "random":
        said.append(t(WORDS, "aid_random"))
    return html.escape(" ".join(said))


def caption() -> str:
    """The line under the plane: model, runs, data, time."""
    kept, level_start_seed, made = recorded()[model()], asked(), runs()
    return t(
        WORDS,
        "caption",
        **made_with({**kept, "model": model()}),
        seed=level_start_seed[2],
        seconds=f"{made[0]['seconds']:.1f}",
    )


def prediction() -> Prediction:
    """Asked before the plane is seen: how much is left of the old task?"""
    plain, replay = run_of("nothing"), run_of("replay")
    left = plain["old"][-1][0] / plain["old"][0][0]
    answer = 0 if left < 0.4 else 1 if left < 0.75 else 2
    options = [t(WORDS, f"predict_{name}") for name in ("little", "half", "most")]
    why = t(
        WORDS,
        "predict_why",
        before=percent(plain["old"][0][0]),
        after=said_score(plain["old"][-1]),
        new=percent(plain["new"][-1][0]),
        replay=percent(replay["old"][-1][0]),
    )
    return Prediction(t(WORDS, "predict"), options, answer, why, {"forget_step": LAST})


def _row(run: Mapping[str, Any]) -> dict[str, str | int | float]:
    s = run["setting"]
    return {
        "method": s["method"],
        "strength": s["strength"],
        "start": "pre-trained" if s["pretrained"] else "random",
        "run_seed": s["seed"],
    }


def curve_rows() -> list[dict[str, Any]]:
    """Return every measurement of the runs in sight."""
    return [
        {
            **_row(run),
            "step": step,
            **{f"{name}_{part}": run[name][k][i] for name in ("old", "new", "old_written", "new_written") for i, part in enumerate(("score", "low", "high"))},
        }
        for run in runs()
        for k, step in enumerate(run["steps"])
    ]  # fmt: skip


def all_rows() -> list[dict[str, Any]]:
    """Return every recorded run at its end."""
    return [
        {
            **_row(run),
            "old_before": run["old"][0][0],
            "old_after": run["old"][-1][0],
            "new_after": run["new"][-1][0],
            "old_taken_off": "" if run["off"] is None else run["off"][0],
            "weights_moved": run["moved"],
            "cpu_seconds": run["seconds"],
        }
        for run in recorded()[model()]["runs"]
    ]


def reading_rows() -> list[dict[str, Any]]:
    """Return every measurement of the second scene."""
    return [
        {
            "replay": run["setting"]["replay"],
            "pull": run["setting"]["strength"],
            "start": "pre-trained" if run["setting"]["pretrained"] else "random",
            "step": step,
            "loss_stories": run["stories"][k],
            "loss_articles": run["articles"][k],
            **{f"text_{i + 1}": text for i, text in enumerate(run["texts"][k])},
        }
        for run in reading()["runs"]
        for k, step in enumerate(run["steps"])
    ]


def export(now: ForgettingView) -> Export:
    """Everything of the picture."""
    level, start, _ = asked()
    kept = recorded()[model()]
    return Export(
        "fine-tuning-forgetting",
        caption(),
        {"model": model(), "revision": kept["revision"], "strength": level, "start": start},
        {"curves": curve_rows, "all-runs": all_rows, "reading": reading_rows},
        lambda: {
            "method": METHODS[now.track],
            "runs": runs(),
            "old": kept["old"],
            "new": kept["new"],
        },
    )


def trained_by_lora() -> tuple[int, int]:
    """Return how many numbers LoRA trains beside the model at the middle rank, and how many the model has."""
    card = checkpoints.card(model())
    width, layers = card.hidden_size, card.num_layers
    assert width is not None
    assert layers is not None
    square, thin = (width, width), (width, 4 * width)
    rank = int(strength("lora", MIDDLE))
    return lora.count([square] * 4 * layers + [thin] * 2 * layers, rank), recorded()[model()]["numbers"]


def how() -> str:
    """How it is made; Markdown."""
    offered = {f"strengths_{name}": " / ".join(f"{x:g}" for x in found) for name, found in STRENGTHS.items()}
    some, whole = trained_by_lora()
    kept = recorded()[model()]
    return told(
        WORDS,
        "how_text",
        model=model(),
        runs=len(kept["runs"]),
        levels=", ".join(map(str, levels())),
        seeds=len(seeds()),
        share=f"{100 * some / whole:.1f}%",
        **offered,
        **kept["written"],
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_early"), {"forget_step": 2}),
        (t(WORDS, "try_lora"), {"forget_track": METHODS.index("lora")}),
        (
            t(WORDS, "try_strong"),
            {"forget_strength": LEVELS[-1], "forget_track": METHODS.index("pull")},
        ),
        (t(WORDS, "try_random"), {"forget_start": "random"}),
        (t(WORDS, "try_train"), {"forget_look": "train"}),
    ]
