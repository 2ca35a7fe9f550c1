"""State and data of the page "What size buys": our own runs, the laws fitted to them, and what was held out."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import cache
from typing import Any, TypedDict

import numpy as np
import streamlit as st

from components.elements.gpt.scaling_board import (
    ASKS,
    AXES,
    HELD,
    ScalingAnswer,
    ScalingData,
    ScalingLine,
    ScalingPoint,
    ScalingView,
    scaling_seen,
)
from components.elements.predict_first import Prediction
from components.lm import checkpoints
from components.lm.gpt.scaling import (
    ScalingRun,
    SumLaw,
    common_exponent,
    fit_power,
    fit_sum,
    floor_interval,
    frontier,
    load_runs,
    loss_at_seconds,
    loss_at_tokens,
    tokens_to_reach,
)
from components.shell import links
from components.shell.layout import Export
from components.words import labels, language, t, told

NAME = "gpt/scaling"
WORDS = "scaling"
BOARD = "scaling_board"
LOOKS = ("misfit", "papers", "gpt", "limits", "texts", "nothing")
LIMITS = ("window", "physics", "cost", "jump")
MODELS = ("pocket-gpt", "nano-gpt")
"""What tells the story and answers the questions below the board."""
OFFERED = 41
"""Budgets and targets that can be dragged to."""
CLOSE = 0.03
"""Nats: so near counts as "as predicted"."""


def run_name(run: ScalingRun) -> str:
    """Return the name of a run in the link: width, tokens, seed."""
    return f"{run.width}-{run.tokens}-{run.seed}"


@cache
def runs() -> tuple[ScalingRun, ...]:
    """Return the recorded runs (``python -m components.pretraining scaling-study``)."""
    return tuple(load_runs())


RUN_NAMES = tuple(run_name(run) for run in runs())

PARAMS = (
    links.Choice("scaling_axis", AXES, "s"),
    links.Choice("scaling_held", HELD, "none"),
    links.Choice("scaling_ask", ASKS, "time"),
    links.Choice("scaling_run", RUN_NAMES, RUN_NAMES[-1], example=RUN_NAMES[0]),
    links.Integer("scaling_time", 0, OFFERED - 1, 23),
    links.Integer("scaling_budget", 0, OFFERED - 1, 26),
    links.Integer("scaling_target", 0, OFFERED - 1, 24),
    links.Choice("scaling_look", LOOKS, "misfit"),
    links.Choice("scaling_limit", LIMITS, "window"),
    links.Text("scaling_name", "Lily", max_chars=40, example="Tom"),
    links.Integer("scaling_between", 0, 60, 60),
    links.Integer("scaling_question", 0, 11, 0),
    links.Text("scaling_guesses", "", max_chars=12, example="r"),
    links.Choice("scaling_years", ("none", "years", "centuries", "ages"), "none"),
    links.Integer("scaling_layers", 1, 128, 96),
    links.Integer("scaling_width", 16, 16_384, 12_288),
    links.Choice("scaling_paper", ("n", "d", "c"), "n"),
)


def widths() -> list[int]:
    """Return the widths, narrow first."""
    return sorted({run.width for run in runs()})


def budgets() -> list[int]:
    """Return the budgets in tokens, small first."""
    return sorted({run.tokens for run in runs()})


def shared_budgets() -> list[int]:
    """Return the budgets that every width ran, small first."""
    return [d for d in budgets() if all(any(r.tokens == d for r in _of_width(w)) for w in widths())]


def first_seed() -> list[ScalingRun]:
    """Return one run for each width and budget: the laws are fitted to these."""
    return [run for run in runs() if run.seed == 0]


def at(run: ScalingRun, axis: str) -> float:
    """Return where a run lies on an axis."""
    return {
        "n": float(run.parameters),
        "all": float(run.parameters + run.embedding_parameters),
        "d": float(run.tokens),
        "c": run.flops,
        "s": run.cpu_seconds,
    }[axis]


def is_held(run: ScalingRun, held: str) -> bool:
    """Return whether a run is left out of the fits."""
    largest = _of_width(widths()[-1])
    return run in largest and (held == "width" or (held == "run" and run == largest[-1]))


def used(held: str) -> list[ScalingRun]:
    """Return the runs a law is fitted to."""
    return [run for run in first_seed() if not is_held(run, held)]


@cache
def law(held: str = "none") -> SumLaw:
    """Return the joint law of size and tokens."""
    some = used(held)
    return fit_sum([r.parameters for r in some], [r.tokens for r in some], [r.loss for r in some])


@cache
def floors() -> tuple[float, float, float]:
    """Return the floor that fits best, and the lowest and highest that are not ruled out."""
    some = used("none")
    return floor_interval([r.parameters for r in some], [r.tokens for r in some], [r.loss for r in some])


@cache
def lines(held: str, axis: str) -> tuple[ScalingLine, ...]:
    """Return the lines of one axis: one a budget (sizes), one a width (tokens), or one through the best runs (compute).

    They are kept for all readers, so the one through the best runs has no label here: see :func:`label_of`.
    """
    some, place = used(held), {run: i for i, run in enumerate(runs())}
    if axis in ("n", "all"):
        groups = [(i, _tokens(d), [r for r in some if r.tokens == d]) for i, d in enumerate(budgets())]
    elif axis == "d":
        groups = [(i, str(w), [r for r in some if r.width == w]) for i, w in enumerate(widths())]
    else:
        groups = [(-1, "", frontier(some, lambda run: at(run, axis)))]
    found: list[ScalingLine] = []
    for group, label, own in groups:
        if len(own) < 3:
            continue
        fit = fit_power([at(r, axis) for r in own], [r.loss for r in own])
        found.append(
            {
                "group": group,
                "label": label,
                "runs": [place[r] for r in own],
                "residuals": [round(x, 5) for x in fit.residuals],
                "factor": fit.factor,
                "exponent": fit.exponent,
                "low": fit.low,
                "high": fit.high,
            }
        )
    return tuple(found)


def label_of(line: ScalingLine) -> str:
    """Return what a line is called, in the reader's language."""
    return t(WORDS, "best_runs") if line["group"] < 0 else line["label"]


def _tokens(count: int) -> str:
    return f"{count / 1e6:.2f}M"


def common(axis: str, held: str = "none") -> tuple[float, float, float]:
    """Return the exponent that all lines of sizes or of tokens share, with its 95% interval."""
    found = lines(held, axis)
    groups = [([at(runs()[i], axis) for i in line["runs"]], [runs()[i].loss for i in line["runs"]]) for line in found]  # fmt: skip
    return common_exponent(groups)


def predicted(held: str) -> list[tuple[int, float]]:
    """Return the runs that were held out, with the loss the joint law says."""
    if held == "none":
        return []
    found = law(held)
    return [
        (i, found.at(r.parameters, r.tokens))
        for i, r in enumerate(runs())
        if r.seed == 0 and is_held(r, held)
    ]


def _of_width(width: int) -> list[ScalingRun]:
    return [run for run in first_seed() if run.width == width]


class _Best(TypedDict):
    best: int | None
    open: bool


def _best(values: Sequence[float | None]) -> _Best:
    """Return the place of the lowest of at least two values, and whether one beside it is not known."""
    known = [(value, i) for i, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return {"best": None, "open": False}
    best = min(known)[1]
    return {"best": best, "open": any(value is None for value in values[max(0, best - 1) : best + 2])}


@cache
def time_answers() -> tuple[ScalingAnswer, ...]:
    """Return, for budgets of processor seconds, the loss of every width that its runs reach."""
    seconds = np.geomspace(min(r.cpu_seconds for r in runs()), max(r.cpu_seconds for r in runs()), OFFERED)
    found: list[ScalingAnswer] = []
    for given in map(float, seconds):
        values = [loss_at_seconds(_of_width(w), given) for w in widths()]
        tokens = [None if v is None else tokens_to_reach(_of_width(w), v) for w, v in zip(widths(), values, strict=True)]  # fmt: skip
        found.append({"given": given, "values": values, "tokens": tokens, **_best(values), "law": []})
    return tuple(found)


def closed_times() -> list[ScalingAnswer]:
    """Return the budgets of seconds whose best width has neighbours that were trained as long."""
    return [one for one in time_answers() if one["best"] is not None and not one["open"]]


@cache
def budget_answers() -> tuple[ScalingAnswer, ...]:
    """Return, for budgets of compute, the loss of every width that its runs reach."""
    flops = np.geomspace(min(r.flops for r in runs()), max(r.flops for r in runs()), OFFERED)
    found: list[ScalingAnswer] = []
    for given in map(float, flops):
        tokens = [given / 6 / _of_width(w)[0].parameters for w in widths()]
        values = [loss_at_tokens(_of_width(w), d) for w, d in zip(widths(), tokens, strict=True)]
        size, data = law().best(given)
        found.append({"given": given, "values": values, "tokens": list(tokens), **_best(values), "law": [size, data, law().at(size, data)]})  # fmt: skip
    return tuple(found)


@cache
def target_answers() -> tuple[ScalingAnswer, ...]:
    """Return, for losses to reach, the compute that every width takes for it."""
    reach = [r.loss for r in first_seed()]
    found: list[ScalingAnswer] = []
    for given in map(float, np.linspace(max(reach), min(reach), OFFERED)):
        tokens = [tokens_to_reach(_of_width(w), given) for w in widths()]
        values = [None if d is None else 6 * _of_width(w)[0].parameters * d for w, d in zip(widths(), tokens, strict=True)]  # fmt: skip
        flops = _flops_for(given)
        size, data = law().best(flops)
        found.append({"given": given, "values": values, "tokens": tokens, **_best(values), "law": [size, data, flops]})  # fmt: skip
    return tuple(found)


def _flops_for(loss: float) -> float:
    """Return the compute for which the law's best size reaches ``loss``."""
    low, high = 1e6, 1e24
    for _ in range(100):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if law().at(*law().best(middle)) > loss else (low, middle)
    return high


def view() -> ScalingView:
    """Return where the reader is, from the link."""
    s = st.session_state
    return ScalingView(
        s["scaling_axis"],
        s["scaling_held"],
        s["scaling_ask"],
        RUN_NAMES.index(s["scaling_run"]),
        s["scaling_time"],
        s["scaling_budget"],
        s["scaling_target"],
    )


def keep(now: ScalingView) -> None:
    """Hand what the element holds to the link."""
    links.put("scaling_axis", now.axis)
    links.put("scaling_held", now.held)
    links.put("scaling_ask", now.ask)
    links.put("scaling_run", RUN_NAMES[now.run])
    links.put("scaling_time", now.time)
    links.put("scaling_budget", now.budget)
    links.put("scaling_target", now.target)


def took() -> None:
    """The reader moved."""
    state = st.session_state.get(BOARD)
    value = state.get("view") if state else None
    keep(scaling_seen(value, view(), links.revision(), len(runs()), OFFERED))


@cache
def _points() -> tuple[ScalingPoint, ...]:
    return tuple(
        {
            "width": run.width,
            "seed": run.seed,
            "tokens": run.tokens,
            "at": {axis: at(run, axis) for axis in AXES},
            "loss": run.loss,
            "texts": run.texts.split("\t"),
        }
        for run in runs()
    )


def board() -> ScalingData:
    """Return what the board draws."""
    return {
        "runs": _points(),
        "widths": widths(),
        "sizes": [_of_width(w)[0].parameters for w in widths()],
        "budgets_of_tokens": budgets(),
        "lines": {
            held: {
                axis: [{**line, "label": label_of(line)} for line in lines(held, axis)]
                for axis in AXES
            }
            for held in HELD
        },
        "held": {held: predicted(held) for held in HELD},
        "times": time_answers(),
        "budgets": budget_answers(),
        "targets": target_answers(),
        "words": labels(BOARD),
        "lang": language(),
    }  # fmt: skip


def nats(value: float) -> str:
    """Return a loss."""
    return f"{value:.2f}"


def signed(value: float) -> str:
    """Return a difference in nats with its sign."""
    return f"{value:+.2f}".replace("-", "−")


def interval(found: tuple[float, float, float]) -> str:
    """Return an exponent with its interval."""
    return f"{found[0]:.3f} ({found[1]:.3f}–{found[2]:.3f})"


def missed(held: str) -> tuple[float, float]:
    """Return what the law said of the largest run that it had not seen, and what that run reached."""
    i, said = predicted(held)[-1]
    return said, runs()[i].loss


def aid(now: ScalingView) -> str:
    """What is seen; HTML."""
    if now.held != "none":
        said, reached = missed(now.held)
        key = "aid_held" if abs(reached - said) > CLOSE else "aid_held_near"
        slots = {"predicted": nats(said), "reached": nats(reached), "gap": signed(reached - said), "count": len(used(now.held))}  # fmt: skip
        return html.escape(t(WORDS, key, **slots))
    if now.axis in ("n", "all", "d"):
        worst = max(abs(x) for line in lines("none", now.axis) for x in line["residuals"])
        return html.escape(
            t(WORDS, f"aid_{now.axis}", exponent=interval(common(now.axis)), worst=f"{worst:.3f}")
        )
    line = lines("none", now.axis)[0]
    exponent = interval((line["exponent"], line["low"], line["high"]))
    best = best_times()
    key = "aid_s_same" if now.axis == "s" and best["first"] == best["last"] else f"aid_{now.axis}"
    return html.escape(t(WORDS, key, exponent=exponent, **best))


def best_times() -> dict[str, str]:
    """Return the best width for the shortest and for the longest time that can be told, with those seconds."""
    first, last = closed_times()[0], closed_times()[-1]
    return {
        "first": str(widths()[first["best"] or 0]),
        "last": str(widths()[last["best"] or 0]),
        "short": f"{first['given']:.0f}",
        "long": f"{last['given']:.0f}",
    }


def best_budgets() -> dict[str, str]:
    """Return the best of the widths that were trained for the smallest and for the largest compute, with those FLOPs."""
    told_of = [one for one in budget_answers() if one["best"] is not None]
    first, last = told_of[0], told_of[-1]
    return {
        "first": str(widths()[first["best"] or 0]),
        "last": str(widths()[last["best"] or 0]),
        "small": power_of_ten(first["given"]),
        "large": power_of_ten(last["given"]),
    }


def power_of_ten(value: float) -> str:
    """Return a large number as a factor and a power of ten."""
    factor, power = f"{value:.1e}".split("e")
    return f"{factor} × 10" + str(int(power)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def caption() -> str:
    """The line under the board: what was trained, on what, at what cost."""
    seeds = max(r.seed for r in runs()) + 1
    return t(
        WORDS,
        "caption",
        count=len(runs()),
        widths=len(widths()),
        budgets=len(shared_budgets()),
        seeds=seeds,
        minutes=f"{total_seconds() / 60:.0f}",
        machine=runs()[0].machine,
    )


def total_seconds() -> float:
    """Return the processor time that all runs took together: the part the budgets of a width share is counted once."""
    found = 0.0
    for width, seed in sorted({(r.width, r.seed) for r in runs()}):
        own = sorted((r for r in runs() if (r.width, r.seed) == (width, seed)), key=lambda r: r.tokens)
        largest = own[-1]
        found += largest.cpu_seconds + sum(r.cpu_seconds * r.decay_share for r in own[:-1])
    return found


def seeded_widths() -> list[int]:
    """Return the widths that ran with several seeds, narrow first."""
    return sorted({r.width for r in runs() if r.seed > 0})


def spread() -> float:
    """Return the largest distance between two seeds of one width and budget, in nats."""
    found = [[r.loss for r in runs() if (r.width, r.tokens) == (w, d)] for w in seeded_widths() for d in budgets()]  # fmt: skip
    return max(max(losses) - min(losses) for losses in found if losses)


@cache
def slopes_by_seed() -> tuple[float, ...]:
    """Return for every seed the exponent of N that the widths with several seeds share at equal tokens."""
    seeds = sorted({r.seed for r in runs()})
    own = [[r for r in runs() if r.seed == seed and r.width in seeded_widths()] for seed in seeds]
    shared = [d for d in budgets() if all({r.width for r in some if r.tokens == d} == set(seeded_widths()) for some in own)]  # fmt: skip
    lines_of = [[[r for r in some if r.tokens == d] for d in shared] for some in own]
    return tuple(
        common_exponent([([float(r.parameters) for r in line], [r.loss for r in line]) for line in some])[0]
        for some in lines_of
    )


def prediction() -> Prediction:
    """Asked before the board is seen: how did the largest run end, beside what the others said of it?"""
    said, reached = missed("run")
    gap = reached - said
    right = 1 if abs(gap) <= CLOSE else 0 if gap < 0 else 2
    options = [t(WORDS, f"predict_{name}") for name in ("better", "as", "worse")]
    question = t(
        WORDS,
        "predict",
        count=len(used("run")),
        width=widths()[-1],
        tokens=f"{_of_width(widths()[-1])[-1].tokens:,}",
        predicted=nats(said),
        close=CLOSE,
    )
    why = t(WORDS, "predict_why", predicted=nats(said), reached=nats(reached), gap=signed(gap))
    return Prediction(question, options, right, why, {"scaling_held": "run", "scaling_axis": "n"})


def run_rows() -> list[dict[str, Any]]:
    """Return every run with its settings."""
    return [
        {name: value for name, value in vars(run).items() if name != "texts"} | {"texts": run.texts.replace("\t", " | ")}
        for run in runs()
    ]  # fmt: skip


def line_rows() -> list[dict[str, Any]]:
    """Return every fitted line."""
    return [
        {"held_out": held, "axis": axis, "line": label_of(line), "factor": line["factor"], "exponent": line["exponent"], "low": line["low"], "high": line["high"], "runs": len(line["runs"]), "largest_residual": max(map(abs, line["residuals"]))}
        for held in HELD for axis in AXES for line in lines(held, axis)
    ]  # fmt: skip


def law_rows() -> list[dict[str, Any]]:
    """Return the joint laws and what they said of the runs held out."""
    return [{"held_out": held, **vars(law(held)), "said": [said for _, said in predicted(held)], "reached": [runs()[i].loss for i, _ in predicted(held)]} for held in HELD]  # fmt: skip


def revisions() -> str:
    """Return the bundled models that the panels run, with their revisions."""
    bundled = checkpoints.store().bundled_names()
    return ", ".join(f"{name} {checkpoints.card(name).revision}" for name in MODELS if name in bundled)


def export(now: ScalingView) -> Export:
    """Everything of the picture."""
    return Export(
        "gpt-scaling",
        caption(),
        {
            "corpus": "gpt-2048",
            "axis": now.axis,
            "held_out": now.held,
            "machine": runs()[0].machine,
            "revision": revisions(),
        },
        {"runs": run_rows, "lines": line_rows, "laws": law_rows},
        lambda: {"laws": law_rows(), "floor": floors()},
    )


def how() -> str:
    """How it is made; Markdown."""
    one = runs()[0]
    return told(
        WORDS,
        "how_text",
        layers=one.layers,
        context=one.context,
        vocab=f"{one.vocab_size:,}",
        batch=f"{one.batch_tokens:,}",
        warmup=f"{one.warmup_tokens:,}",
        decay=f"{one.decay_share:.0%}",
        muon=one.muon_rate,
        adamw=one.adamw_rate,
        width=", ".join(map(str, seeded_widths())),
        spread=f"{spread():.3f}",
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_held"), {"scaling_held": "width", "scaling_axis": "n"}),
        (t(WORDS, "try_embeddings"), {"scaling_axis": "all"}),
        (t(WORDS, "try_target"), {"scaling_ask": "target", "scaling_axis": "c", "scaling_target": 22}),
        (t(WORDS, "try_worst"), {"scaling_run": RUN_NAMES[0]}),
        (t(WORDS, "try_window"), {"scaling_look": "limits", "scaling_limit": "window"}),
    ]
