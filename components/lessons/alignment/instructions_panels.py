"""What stands below the lanes: what goes wrong without tuning, three wishes, templates, Alpaca, and a tuning of one's own."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from components.elements.alignment.alpaca_steps import Stage, StageView, alpaca_steps
from components.elements.alignment.answer_cards import AnswerCard, CardsView, answer_cards
from components.elements.alignment.template_board import TemplateView, template_board
from components.elements.fine_tuning.score_lines import score_lines
from components.lessons import live
from components.lessons.alignment import instructions as page
from components.lessons.alignment.instructions_live import Asked, Result, Tuning
from components.lessons.known_language import say_if_foreign
from components.lm import checkpoints
from components.lm.alignment import instructions as lm
from components.lm.fine_tuning.scores import wilson
from components.shell import links
from components.shell.held import held
from components.shell.layout import note_line, open_panel, small_table
from components.words import labels, literal, t, told

W = page.WORDS
FACTS = Path(__file__).parents[3] / "assets" / "facts"
SEEDS = 5
"""Seed instructions of ours that are shown."""


def look_further() -> None:
    """What the reader chose below the lanes."""
    open_panel(
        W,
        {"wrong": wrong, "threeh": three_wishes, "template": templates, "alpaca": alpaca, "tune": tune},
        key="ins_look",
    )


@cache
def facts(system: str) -> dict[str, str]:
    """Return the published figures of a system, by item."""
    with (FACTS / "alignment_facts.csv").open(encoding="utf-8", newline="") as file:
        return {row["item"]: row["value"] for row in csv.DictReader(file) if row["system"] == system}


@cache
def timeline() -> dict[str, dict[str, str]]:
    """Return the stops of the history, by name."""
    with (FACTS / "nlp_timeline.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}


def numbers(system: str, item: str) -> list[str]:
    """Return the numbers in the value of an item, as they are printed."""
    return re.findall(r"\d[\d,.]*\d|\d", facts(system)[item])


# -- what goes wrong, and what is wanted ---------------------------------------------------------------------------------


def _chosen(key: str) -> CardsView:
    return CardsView(tuple(st.session_state[key] or ()))


def _keep(key: str, now: CardsView) -> None:
    links.put(key, now.chosen if any(now.chosen) else ())


def wrong() -> None:
    """Three answers of a kind that the paper names, to be labelled."""
    st.markdown(t(W, "wrong_text"))
    options = [t(W, f"kind_{name}") for name in ("list", "invents", "offends")]
    cards: list[AnswerCard] = [
        {
            "title": t(W, "card", n=i + 1),
            "request": t(W, f"wrong_{name}_request"),
            "text": t(W, f"wrong_{name}_answer"),
            "options": options,
            "right": right,
            "why": t(W, f"wrong_{name}_why"),
        }
        for i, (name, right) in enumerate((("invents", 2), ("list", 1), ("offends", 3)))
    ]
    now = answer_cards(cards, _chosen("ins_labels"), needles=False, words=labels("answer_cards"), rev=links.revision(), key="instructions_wrong")  # fmt: skip
    _keep("ins_labels", now)
    st.caption(t(W, "wrong_source"))


def three_wishes() -> None:
    """Helpful, honest, harmless: a needle each, between two answers to one request."""
    st.markdown(t(W, "threeh_text"))
    small_table(
        [t(W, "threeh_request_head"), t(W, "threeh_first"), t(W, "threeh_second")],
        [[t(W, "threeh_request"), t(W, "threeh_answer_1"), t(W, "threeh_answer_2")]],
        sentences=True,
    )
    options = [t(W, "threeh_first"), t(W, "threeh_alike"), t(W, "threeh_second")]
    cards: list[AnswerCard] = [
        {
            "title": t(W, f"threeh_{name}"),
            "request": "",
            "text": "",
            "options": options,
            "right": 0,
            "why": t(W, f"threeh_{name}_why"),
        }
        for name in ("helpful", "honest", "harmless")
    ]
    now = answer_cards(cards, _chosen("ins_scales"), needles=True, words=labels("answer_cards"), rev=links.revision(), key="instructions_threeh")  # fmt: skip
    _keep("ins_scales", now)
    st.markdown(t(W, "threeh_after"))


# -- templates -----------------------------------------------------------------------------------------------------------


def templates() -> None:
    """One example with an input, in four templates of ours."""
    sentence, label = page.recorded()["feelings"][0]
    instruction = lm.FEELING
    rows: list[Any] = [
        {"name": t(W, "template_page"), "parts": [("instruction", instruction), ("", "\n"), ("input", sentence), ("", "\nAnswer: "), ("output", label)]},
        {"name": t(W, "template_headed"), "parts": [("", "### Instruction:\n"), ("instruction", instruction), ("", "\n\n### Input:\n"), ("input", sentence), ("", "\n\n### Response:\n"), ("output", label)]},
        {"name": t(W, "template_question"), "parts": [("input", sentence), ("", "\n\n"), ("instruction", "How does the person feel?"), ("", "\nOPTIONS: happy, sad\n"), ("output", label)]},
        {"name": t(W, "template_turned"), "parts": [("instruction", "Write a sentence about a person who is"), ("", " "), ("input", label), ("", ".\n"), ("output", sentence)]},
    ]  # fmt: skip
    st.markdown(t(W, "template_text"))
    now = template_board(
        [("instruction", instruction), ("input", sentence), ("output", label)],
        rows,
        TemplateView(st.session_state["ins_template"]),
        words=labels("template_board"),
        rev=links.revision(),
        key="instructions_template",
    )
    links.put("ins_template", now.template)
    pair = lm.pairs(1, 0)[0]
    st.markdown(told(W, "template_ours", instruction=lm.instruction(pair.asked), answer=pair.answer))
    datasets, clusters, each = numbers("FLAN", "tuning data")
    st.markdown(told(W, "template_flan", datasets=datasets, clusters=clusters, templates=each))


# -- Alpaca --------------------------------------------------------------------------------------------------------------


def stages() -> list[Stage]:
    """Return the stages of Alpaca's making."""
    seeds = int(numbers("Alpaca", "seed set")[0])
    wins = [int(n) for n in re.findall(r"(\d+) wins", facts("Alpaca")["blind pairwise comparison"])]
    low, high = wilson(wins[0], sum(wins))
    grown = 1_000 * int(numbers("Alpaca", "generated data")[0])
    slots = {
        "seeds": seeds,
        "grown": f"{grown:,}",
        "wins": wins[0],
        "losses": wins[1],
        "factor": f"{grown / seeds:.0f}",
    }
    counts = (str(seeds), "davinci", "52K", "7B", f"{wins[0]} : {wins[1]}", "!")

    def stage(i: int, name: str) -> Stage:
        return {
            "name": t(W, f"stage_{name}"),
            "count": counts[i],
            "text": t(W, f"stage_{name}_text", **slots),
            "bars": [],
            "low": None,
            "high": None,
            "share": None,
            "rows": [],
            "limits": [],
        }

    made = [stage(i, name) for i, name in enumerate(("seeds", "ask", "grown", "tune", "compare", "limits"))]
    made[0]["rows"] = [[t(W, f"seed_{k}_{part}") for part in ("instruction", "input", "output")] for k in range(1, SEEDS + 1)]  # fmt: skip
    made[2]["bars"] = [(t(W, "bar_written"), seeds / grown, str(seeds)), (t(W, "bar_generated"), 1.0, f"{grown:,}")]  # fmt: skip
    sizes = (float(numbers("LLaMA", "sizes")[0]), 175.0)
    made[3]["bars"] = [("LLaMA 7B", sizes[0] / sizes[1], "7B"), ("GPT-3", 1.0, "175B")]
    made[4]["low"], made[4]["high"], made[4]["share"] = low, high, wins[0] / sum(wins)
    made[5]["limits"] = [t(W, f"limit_{k}") for k in range(1, 5)]
    return made


def alpaca() -> None:
    """Alpaca's pipeline, its base model, and the dates."""
    st.markdown(t(W, "alpaca_text"))
    now = alpaca_steps(
        stages(),
        StageView(st.session_state["ins_stage"]),
        words=labels("alpaca_steps"),
        stepper=labels("stepper"),
        rev=links.revision(),
        key="instructions_alpaca",
    )
    links.put("ins_stage", now.stage)
    flan, llama, mine = facts("FLAN"), facts("LLaMA"), facts("Alpaca")
    better = re.search(r"(\d+) of (\d+)", flan["result"])
    assert better is not None
    tokens = re.findall(r"[\d.]+T", llama["training tokens"])
    st.markdown(f"##### {t(W, 'dates_title')}")
    small_table(
        [t(W, "col_date"), t(W, "col_model"), t(W, "col_what")],
        [
            [timeline()["flan"]["date"], "FLAN", told(W, "date_flan", size=flan["base model"].split()[0], result=better[1], of=better[2])],
            [timeline()["instructgpt"]["date"], "InstructGPT", told(W, "date_instructgpt")],
            [llama["date"], "LLaMA", told(W, "date_llama", sizes=llama["sizes"], counted=llama_counted(), few=tokens[0], many=tokens[1])],
            [mine["date"], "Alpaca", told(W, "date_alpaca")],
        ],
        sentences=True,
    )  # fmt: skip
    st.caption(t(W, "alpaca_source"))


@cache
def llama_counted() -> str:
    """Return LLaMA's sizes as they are counted."""
    with (FACTS / "alignment_facts.csv").open(encoding="utf-8", newline="") as file:
        notes = {(row["system"], row["item"]): row["note"] for row in csv.DictReader(file)}
    return notes["LLaMA", "sizes"].removeprefix("counted ")


# -- a tuning of one's own -----------------------------------------------------------------------------------------------


def own() -> str:
    """Return the reader's request, or nothing."""
    return " ".join(str(st.session_state["ins_own"] or "").split())


def asked() -> Asked:
    """Return what the link asks to tune."""
    s = st.session_state
    name = str(s["ins_model"])
    setting = lm.Setting(int(s["ins_pairs"]), links.number("ins_seed"))
    return Asked(name, checkpoints.card(name).revision, setting, own())


def tune() -> None:
    """Choose a model, a number of pairs and a request, and tune."""
    st.markdown(t(W, "tune_text"))
    row = st.columns([2.4, 2.4, 1, 4], vertical_alignment="bottom")
    held(row[0]).segmented_control(t(W, "model"), page.LIVE_MODELS, key="ins_model", required=True)
    held(row[1]).segmented_control(t(W, "pairs"), page.LIVE_PAIRS, key="ins_pairs", required=True)
    held(row[2]).number_input(t(W, "seed"), 0, 99, key="ins_seed")
    held(row[3]).text_input(t(W, "own"), key="ins_own", max_chars=page.OWN_BYTES, help=t(W, "own_help"))
    if len(own().encode()) > page.OWN_BYTES:
        note_line(t(W, "own_long", bytes=page.OWN_BYTES))
        return
    if not own():
        note_line(t(W, "own_none"))
    say_if_foreign(checkpoints.card(str(st.session_state["ins_model"])), own())
    live.stand(W, asked, Tuning, _drawn, key="instructions_stand")


def _points(run: dict[str, Any], measure: str, kind: str) -> list[tuple[float, float, float, float]]:
    """Return (step, share, low, high) of every moment; the interval takes the answers as independent."""
    found = []
    for step, counts in zip(run["steps"], run["counts"], strict=True):
        n = counts[kind]["answers"] * (2 if measure == "used" else 1)
        found.append((float(step), counts[kind][measure] / n, *wilson(counts[kind][measure], n)))
    return found


def _drawn(wanted: Asked, found: Result) -> None:
    run = found["run"]
    if not run["steps"]:
        st.caption(t(W, "tune_begins"))
        return
    row = st.columns([1, 1])
    with row[0]:
        score_lines(
            [
                {"name": t(W, f"line_{measure}_{kind}"), "points": _points(run, measure, kind)}
                for measure, kind in page.LINES["story"]
            ],
            title=t(W, "tune_chart"),
            last=found["steps"],
            guess=None,
            guess_label="",
            key="instructions_live",
        )
    with row[1]:
        if wanted.own:
            st.markdown(told(W, "tune_own", own=wanted.own))
            moments = list(zip(run["steps"], run["answers"], strict=True))
            shown = moments if len(moments) == 1 else [moments[0], moments[-1]]
            small_table(
                [t(W, "col_step"), t(W, "col_answer")],
                [
                    ["" if i else str(step), literal(" ".join(one.split())) or t(W, "tune_empty")]
                    for step, answers in shown
                    for i, one in enumerate(answers["own"])
                ],
            )
    live.take_home(W, found["difference"], f"instructions-{wanted.setting.pairs}", key="instructions_difference")  # fmt: skip
