"""State and data of the page "Fifty labelled sentences": recorded runs of BERT's four kinds of tasks."""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from components.elements.fine_tuning.tasks_board import TasksData, TasksLane, TasksView
from components.elements.predict_first import Prediction
from components.lessons.fine_tuning.said import made_with, percent, said_score
from components.lessons.recorded import shipped
from components.lm.fine_tuning.encoder_tasks import SIZES, TASKS, WAYS, by_hand
from components.lm.fine_tuning.sentences import TAGS
from components.lm.fine_tuning.task_runs import GENERATED, MOMENTS, SHOWN
from components.shell import links
from components.shell.layout import Export
from components.words import labels, t, told

NAME = "fine_tuning/tasks"
WORDS = "tasks"
FACTS = Path(__file__).parents[3] / "assets" / "facts"
MODELS = ("pocket-bert", "nano-bert")
LIVE_MODELS = ("nano-bert", "pocket-bert")
"""To train now; the first is the quick one."""
LOOKS = ("all", "label", "own", "glue", "nothing")
LAST = MOMENTS - 1
MOST_CHARACTERS = 400
"""Of a sentence of the reader's own."""


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs by model (``python -m components.pretraining fine-tuning tasks``)."""
    found: Mapping[str, Any] = shipped(NAME)["models"]
    return found


def models() -> list[str]:
    """Return the models that have recorded runs, that of the first view first."""
    return [name for name in MODELS if name in recorded()]


PARAMS = (
    links.Choice("task", TASKS, TASKS[0]),
    links.Choice("task_size", [str(size) for size in SIZES], str(SIZES[0]), example="200"),
    links.Choice("task_way", WAYS, WAYS[0]),
    links.Choice("task_model", MODELS, MODELS[0], example=MODELS[1]),
    links.Integer("task_step", 0, LAST, LAST),
    links.Integer("task_sentence", 0, SHOWN - 1, 0),
    links.Choice("task_look", LOOKS, "all"),
    links.Text("task_labels", "", max_chars=1_000, example="0/1.3"),
    links.Choice("task_live_model", LIVE_MODELS, LIVE_MODELS[0]),
    links.Integer("task_live_seed", 0, 99, 0),
    links.Text("task_own", "The princess saw a fox near the castle.", max_chars=MOST_CHARACTERS),
)


def model() -> str:
    """Return the model of the link; one without recorded runs gives way to the first that has some."""
    name = str(st.session_state["task_model"])
    return name if name in recorded() else models()[0]


@cache
def _by_setting(name: str) -> Mapping[tuple[str, int, str, bool], Mapping[str, Any]]:
    runs = recorded()[name]["runs"]
    return {(s["task"], s["size"], s["way"], s["pretrained"]): run for run in runs for s in (run["setting"],)}


def run_of(task: str, size: int, way: str, pretrained: bool) -> Mapping[str, Any]:
    """Return one recorded run of the model in use."""
    return _by_setting(model())[task, size, way, pretrained]


def sizes(task: str) -> list[int]:
    """Return the numbers of examples that the model in use has recorded runs of a task for."""
    return sorted({size for name, size, _, _ in _by_setting(model()) if name == task})


def asked() -> tuple[str, int, str]:
    """Return task, size (one with recorded runs) and what is trained, of the link."""
    s = st.session_state
    task = str(s["task"])
    return task, min(int(s["task_size"]), sizes(task)[-1]), str(s["task_way"])


def view() -> TasksView:
    """Return where the reader is, from the link."""
    return TasksView(st.session_state["task_step"], st.session_state["task_sentence"])


def keep(now: TasksView) -> None:
    """Hand what the element holds to the link."""
    links.put("task_step", now.step)
    links.put("task_sentence", now.sentence)


def lane(run: Mapping[str, Any], pretrained: bool) -> TasksLane:
    """Return one start as the board draws it."""
    return {
        "label": t(WORDS, "pretrained" if pretrained else "random"),
        "said": run["said"],
        "generated": run["generated"],
        "written": run["written"],
    }


def board(
    lanes: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None, task: str = "", of: str = ""
) -> TasksData:
    """Return what the board draws: the runs of the link, or two others of a task and a model."""
    kept = recorded()[of or model()]
    if lanes is None:
        task, size, way = asked()
        lanes = run_of(task, size, way, True), run_of(task, size, way, False)
    return {
        "task": task,
        "steps": lanes[0]["steps"],
        "guess": kept["guessing"][task],
        "tags": list(TAGS),
        "sentences": kept["shown"][task],
        "lanes": [lane(lanes[0], True), lane(lanes[1], False)],
        "counts": {"written": kept["written"][task], "generated": GENERATED},
        "words": labels("tasks_board"),
        "stepper": labels("stepper"),
    }


def aid(now: TasksView) -> str:
    """What both starts came to at this moment, beside guessing; HTML."""
    task, size, way = asked()
    mine, bare = run_of(task, size, way, True), run_of(task, size, way, False)
    k = now.step
    slots = {
        "step": mine["steps"][k],
        "score": t("tasks_board", f"score_{task}"),
        "mine": said_score(mine["written"][k]),
        "bare": said_score(bare["written"][k]),
        "mine_generated": percent(mine["generated"][k][0]),
        "bare_generated": percent(bare["generated"][k][0]),
        "guess": percent(recorded()[model()]["guessing"][task]),
    }
    said = [t(WORDS, "aid", **slots)]
    above = mine["written"][k][1] > max(bare["written"][k][2], recorded()[model()]["guessing"][task])
    said.append(t(WORDS, "aid_apart" if above else "aid_together"))
    if task == "tag":
        said.append(t(WORDS, "aid_f1"))
    if (task, size, way, k) == ("tag", SIZES[0], "full", LAST):
        said.append(around())
    return html.escape(" ".join(said))


def around() -> str:
    """What both starts find over the seeds, and what they still find once every tagged word is exchanged for one of another kind."""
    found, slots = recorded()[model()]["around"], {}
    for short, start in (("mine", "pretrained"), ("bare", "random")):
        for name in ("own", "exchanged"):
            values = [one[name] for one in found[start]]
            slots[f"{short}_{name}"] = percent(sum(values) / len(values))
            slots[f"{short}_{name}_range"] = f"{percent(min(values))}–{percent(max(values))}"
    return t(WORDS, "aid_around", seeds=len(found["random"]), **slots)


def caption(now: TasksView) -> str:
    """The line under the board: model, run, data, what was trained, time."""
    task, size, way = asked()
    run, kept = run_of(task, size, way, True), recorded()[model()]
    return t(
        WORDS,
        "caption",
        **made_with({**kept, "model": model()}),
        seed=run["setting"]["seed"],
        step=run["steps"][now.step],
        size=f"{size:,}",
        made=t(WORDS, "caption_by_hand" if by_hand(size) else "caption_generated"),
        trained=f"{run['trained']:,}",
        of=f"{run['of']:,}",
        seconds=f"{run['seconds']:.1f}",
        wrong=kept["wrong"][task],
    )


def prediction() -> Prediction:
    """Asked before the board is seen: after fifty sentences, how do random weights do at tagging?"""
    mine, bare = (run_of("tag", SIZES[0], "full", start)["written"][LAST] for start in (True, False))
    part = bare[0] / mine[0] if mine[0] else 1.0
    answer = 0 if part < 0.2 else 1 if part < 0.6 else 2
    options = [t(WORDS, f"predict_{name}") for name in ("none", "half", "same")]
    why = t(WORDS, "predict_why", mine=said_score(mine), bare=said_score(bare))
    return Prediction(t(WORDS, "predict"), options, answer, why, {"task_step": LAST})


def all_rows() -> list[dict[str, Any]]:
    """Return the end of every recorded run of the model in use."""
    return [
        {
            "task": s["task"],
            "examples": s["size"],
            "trained": s["way"],
            "start": "pre-trained" if s["pretrained"] else "random",
            "run_seed": s["seed"],
            "score_written": run["written"][-1][0],
            "low_written": run["written"][-1][1],
            "high_written": run["written"][-1][2],
            "score_generated": run["generated"][-1][0],
            "low_generated": run["generated"][-1][1],
            "high_generated": run["generated"][-1][2],
            "numbers_trained": run["trained"],
            "cpu_seconds": run["seconds"],
        }
        for run in recorded()[model()]["runs"]
        for s in (run["setting"],)
    ]


def curve_rows() -> list[dict[str, Any]]:
    """Return every measurement of the two runs in sight."""
    task, size, way = asked()
    return [
        {
            "start": "pre-trained" if start else "random",
            "step": step,
            **{f"{name}_{part}": run[name][k][i] for name in ("written", "generated") for i, part in enumerate(("score", "low", "high"))},
        }
        for start in (True, False)
        for run in (run_of(task, size, way, start),)
        for k, step in enumerate(run["steps"])
    ]  # fmt: skip


def export(now: TasksView) -> Export:
    """Everything of the picture."""
    task, size, way = asked()
    kept = recorded()[model()]
    about = {"model": model(), "revision": kept["revision"], "task": task, "examples": size, "trained": way}
    return Export(
        "fine-tuning-tasks",
        caption(now),
        about,
        {"curves": curve_rows, "all-runs": all_rows},
        lambda: {
            "sentences": kept["shown"][task],
            "pre-trained": run_of(task, size, way, True),
            "random": run_of(task, size, way, False),
            "words_exchanged": kept["around"],
        },
    )


def how() -> str:
    """How it is made; Markdown. Two shares of n answers each are told apart from 1.96 standard errors on, here near one half."""
    counts = recorded()[model()]["written"]
    return told(WORDS, "how_text", **counts, points=round(100 * 1.96 * (0.5 / counts["span"]) ** 0.5))


@cache
def published(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of one of the published tables on GLUE."""
    with (FACTS / f"glue_{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_before"), {"task_step": 0}),
        (t(WORDS, "try_question"), {"task": "span", "task_size": str(sizes("span")[-1])}),
        (t(WORDS, "try_lora"), {"task_way": "lora", "task_size": "200"}),
        (t(WORDS, "try_label"), {"task_look": "label"}),
        (t(WORDS, "try_own"), {"task_look": "own", "task_own": "A tiger ate the mayor in the library."}),
    ]
