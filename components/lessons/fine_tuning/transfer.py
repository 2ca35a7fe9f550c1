"""State and data of the page "How much is carried over": the recorded runs of GPT-1's recipe, and what they came to."""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from components.elements.fine_tuning.transfer_board import TransferData, TransferView
from components.elements.predict_first import Prediction
from components.lessons.fine_tuning.said import made_with, percent
from components.lessons.recorded import shipped
from components.lm.fine_tuning.generative import FORMS, SPECIAL
from components.lm.fine_tuning.samples import FEELINGS
from components.lm.fine_tuning.scores import wilson
from components.lm.fine_tuning.transfer import HELD_OUT, LAMBDAS, MOMENTS, SEEDS, SHOWN, sentences
from components.shell import links
from components.shell.layout import Export
from components.words import labels, t

NAME = "fine_tuning/transfer"
WORDS = "transfer"
FACTS = Path(__file__).parents[3] / "assets" / "facts"
LOOKS = ("weight", "swap", "paper", "train", "nothing")
LAYERS = 6
LAST = MOMENTS - 1
PARAMS = (
    links.Integer("ft_step", 0, LAST, LAST),
    links.Integer("ft_carried", -1, LAYERS, LAYERS, example=2),
    links.Integer("ft_sentence", 0, SHOWN - 1, 0),
    links.Choice("ft_form", FORMS, FORMS[0]),
    links.Choice("ft_lambda", [str(x) for x in LAMBDAS], str(LAMBDAS[0])),
    links.Integer("ft_seed", 0, max(SEEDS), 0),
    links.Choice("ft_look", LOOKS, "weight"),
    links.Choice("ft_live_model", ("nano-gpt", "pocket-gpt"), "nano-gpt"),
    links.Integer("ft_live_examples", 10, 140, 140),
    links.Integer("ft_live_carried", 0, LAYERS, 4, example=2),
    links.Choice("ft_live_lambda", [str(x) for x in LAMBDAS], str(LAMBDAS[0])),
    links.Integer("ft_live_seed", 0, 99, 0),
)


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs (``python -m components.pretraining fine-tuning transfer``)."""
    found: Mapping[str, Any] = shipped(NAME)
    return found


@cache
def _by_setting() -> Mapping[tuple[int, float, int], Mapping[str, Any]]:
    return {
        (r["setting"]["carried"], r["setting"]["weight"], r["setting"]["seed"]): r for r in recorded()["runs"]
    }


def run_of(carried: int, weight: float, seed: int) -> Mapping[str, Any]:
    """Return one recorded run."""
    return _by_setting()[carried, weight, seed]


def depths() -> tuple[int, ...]:
    """Return what can be carried over, from nothing to everything."""
    return tuple(range(-1, LAYERS + 1))


def right(run: Mapping[str, Any], seed: int) -> list[int]:
    """Return how many of the held-out sentences a run has right, at each moment."""
    gold = [label == FEELINGS[1] for _, label in sentences(seed)[1]]
    return [sum((p > 0.5) == y for p, y in zip(probs, gold, strict=True)) for probs in run["probs"]]


@cache
def counts(carried: int, weight: float) -> tuple[tuple[int, ...], ...]:
    """Return the right answers (moment, seed) of one choice."""
    per_seed = [right(run_of(carried, weight, seed), seed) for seed in SEEDS]
    return tuple(zip(*per_seed, strict=True))


def interval(found: Sequence[int]) -> tuple[float, float]:
    """Return the 95% interval of the share right, all seeds together."""
    return wilson(sum(found), HELD_OUT * len(found))


def share(found: Sequence[int]) -> float:
    """Return the share right, all seeds together."""
    return sum(found) / (HELD_OUT * len(found))


# -- the view ------------------------------------------------------------------------------------------------------------


def weight() -> float:
    """Return λ of the link."""
    return float(st.session_state["ft_lambda"])


def seed() -> int:
    """Return the seed of the link."""
    return links.number("ft_seed")


def view() -> TransferView:
    """Return where the reader is, from the link."""
    s = st.session_state
    return TransferView(s["ft_step"], s["ft_carried"] + 1, s["ft_sentence"], FORMS.index(s["ft_form"]))


def keep(now: TransferView) -> None:
    """Hand what the element holds to the link."""
    links.put("ft_step", now.step)
    links.put("ft_carried", now.carried - 1)
    links.put("ft_sentence", now.sentence)
    links.put("ft_form", FORMS[now.form])


def depth_label(carried: int) -> str:
    """Return what a depth is called."""
    if carried < 1:
        return t(WORDS, "carried_nothing" if carried < 0 else "carried_embeddings")
    return t(WORDS, "carried_one" if carried == 1 else "carried_layers", n=carried)


def board() -> TransferData:
    """Return what the board draws for the λ and the seed of the link."""
    w, s = weight(), seed()
    held_out = sentences(s)[1][:SHOWN]
    return {
        "steps": run_of(-1, w, s)["steps"],
        "held_out": HELD_OUT,
        "shown": SHOWN,
        "seed_at": SEEDS.index(s),
        "labels": list(FEELINGS),
        "special": list(SPECIAL),
        "sentences": [
            {"text": text, "label": FEELINGS.index(label), "pieces": pieces}
            for (text, label), pieces in zip(held_out, recorded()["pieces"][s], strict=True)
        ],
        "forms": recorded()["forms"],
        "form_names": [t(WORDS, f"form_{form}") for form in FORMS],
        "runs": [
            {
                "label": depth_label(carried),
                "right": counts(carried, w),
                "interval": [interval(found) for found in counts(carried, w)],
                "probs": [probs[:SHOWN] for probs in run_of(carried, w, s)["probs"]],
                "losses": run_of(carried, w, s)["token_losses"],
            }
            for carried in depths()
        ],
        "words": labels("transfer_board"),
        "stepper": labels("stepper"),
    }


def aid(now: TransferView) -> str:
    """What the chosen depth is worth at this moment, beside nothing and beside guessing; HTML."""
    carried, w = now.carried - 1, weight()
    mine, bare = counts(carried, w)[now.step], counts(-1, w)[now.step]
    step = run_of(carried, w, seed())["steps"][now.step]
    low, high = interval(mine)
    slots = {
        "step": step,
        "carried": depth_label(carried),
        "share": percent(share(mine)),
        "low": percent(low),
        "high": percent(high),
        "bare": percent(share(bare)),
        "total": HELD_OUT * len(SEEDS),
    }
    said = [t(WORDS, "aid_bare" if carried < 0 else "aid", **slots)]
    if low <= 0.5 <= high:
        said.append(t(WORDS, "aid_guessing"))
    if now.step == LAST:
        final = [share(counts(depth, w)[LAST]) for depth in depths()]
        drops = [i for i in range(1, len(final)) if final[i] < final[i - 1]]
        if drops:
            names = ", ".join(f"{depth_label(depths()[i])} {percent(final[i])}" for i in drops)
            said.append(t(WORDS, "aid_drops", names=names))
    return html.escape(" ".join(said))


def caption(now: TransferView) -> str:
    """The line under the board: model, runs, data, time."""
    run, kept = run_of(now.carried - 1, weight(), seed()), recorded()
    return t(
        WORDS,
        "caption",
        **made_with(kept),
        seed=seed(),
        weight=st.session_state["ft_lambda"],
        step=run["steps"][now.step],
        train=200 - HELD_OUT,
        held_out=HELD_OUT,
        seconds=f"{run['seconds']:.1f}",
    )


def prediction() -> Prediction:
    """Asked before the bars are seen: how good is the model that carries the embeddings alone?"""
    final = {depth: share(counts(depth, LAMBDAS[0])[LAST]) for depth in depths()}
    gains = {depth: final[depth] - final[-1] for depth in (0, 2, 4, LAYERS)}
    part = gains[0] / gains[LAYERS] if gains[LAYERS] > 0 else 0.0
    options = [t(WORDS, f"predict_{name}") for name in ("none", "third", "half", "most")]
    answer = 0 if part < 0.15 else 1 if part < 0.42 else 2 if part < 0.67 else 3
    why = t(
        WORDS,
        "predict_why",
        none=percent(final[-1]),
        embeddings=percent(final[0]),
        all=percent(final[LAYERS]),
    )
    return Prediction(t(WORDS, "predict"), options, answer, why, {"ft_carried": LAYERS, "ft_step": LAST})


# -- tables of the panels ------------------------------------------------------------------------------------------------


def weight_rows() -> list[dict[str, Any]]:
    """Return both λ beside each other: accuracy with interval, and what is left of the language model."""
    rows = []
    for carried in depths():
        row: dict[str, Any] = {"carried": carried}
        for w in LAMBDAS:
            found = counts(carried, w)[LAST]
            runs = [run_of(carried, w, s) for s in SEEDS]
            row |= {
                f"accuracy_{w}": round(share(found), 4),
                f"low_{w}": interval(found)[0],
                f"high_{w}": interval(found)[1],
                f"l1_{w}": round(sum(r["l1"][LAST] for r in runs) / len(runs), 3),
                f"tale_{w}": round(sum(r["tale"] for r in runs) / len(runs), 3),
            }
        rows.append(row)
    return rows


@cache
def published(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of one of the paper's tables."""
    with (FACTS / f"gpt1_{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


# -- what goes home --------------------------------------------------------------------------------------------------------


def curve_rows() -> list[dict[str, Any]]:
    """Return every measurement of every recorded run."""
    return [
        {
            "carried_over": run["setting"]["carried"],
            "lambda": run["setting"]["weight"],
            "run_seed": run["setting"]["seed"],
            "step": step,
            "right": right(run, run["setting"]["seed"])[k],
            "held_out": HELD_OUT,
            "L1": run["l1"][k],
            "L2": run["l2"][k],
            "cpu_seconds_of_run": run["seconds"],
        }
        for run in recorded()["runs"]
        for k, step in enumerate(run["steps"])
    ]


def sentence_rows() -> list[dict[str, Any]]:
    """Return what every run of the link's seed and λ says about every held-out sentence, in the end."""
    s, w = seed(), weight()
    return [
        {
            "text": text,
            "label": label,
            **{f"p_happy_carried_{carried}": run_of(carried, w, s)["probs"][LAST][i] for carried in depths()},
        }
        for i, (text, label) in enumerate(sentences(s)[1])
    ]


def export(now: TransferView) -> Export:
    """Everything of the picture."""
    kept = recorded()
    return Export(
        "fine-tuning-transfer",
        caption(now),
        {"model": kept["model"], "revision": kept["revision"], "lambda": weight(), "seed": seed()},
        {"curves": curve_rows, "sentences": sentence_rows, "lambda": weight_rows, "swap": swap_rows},
        lambda: {
            "run": run_of(now.carried - 1, weight(), seed()),
            "nothing_carried": run_of(-1, weight(), seed()),
        },
    )


def swap_rows() -> list[dict[str, Any]]:
    """Return the scores of the heads trained to say real or swapped, and of the likelihood, which is not trained."""
    found = recorded()["swap"]
    rows: list[dict[str, Any]] = []
    for run in found["runs"]:
        history = run["history"]
        for k, step in enumerate(history["steps"]):
            for name in ("generated", "written"):
                rows.append({"carried_over": run["setting"]["carried"], "lambda": run["setting"]["weight"], "step": step, "set": name, "right": history[name][k], "of": 2 * len(found["preferred"][name]), "pairs_right": history[f"{name}_pairs"][k], "pairs": len(found["preferred"][name])})  # fmt: skip
    return rows


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_before"), {"ft_step": 0}),
        (t(WORDS, "try_embeddings"), {"ft_carried": 0}),
        (t(WORDS, "try_choice"), {"ft_form": "multiple_choice"}),
        (t(WORDS, "try_swap"), {"ft_look": "swap"}),
    ]
