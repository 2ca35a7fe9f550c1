"""State and data of the page "Forty clicks": presses, the reward model they make, and what DPO makes of the model."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import streamlit as st

from components.elements.alignment.dpo_board import DpoLine, DpoStory, DpoView
from components.elements.alignment.preference_board import (
    PreferenceData,
    PreferenceView,
    pressed,
    reported,
)
from components.elements.predict_first import Prediction
from components.lessons.alignment.vote_lists import Outcome, lists
from components.lessons.recorded import shipped
from components.lm.alignment import dpo
from components.lm.alignment import preferences as lm
from components.lm.alignment.preferences import Accuracy, Directions, Floats
from components.shell import links
from components.shell.layout import Export
from components.words import labels, t, told

NAME = "alignment/preferences"
WORDS = "preferences"
BOARD = "preference_board"
DPO_BOARD = "dpo_board"
SOURCES = ("recorded", "own", "together")
LOOKS = ("train", "runs", "steps", "nothing")
SEEDS = ("0", "1", "2")
PAIRS = 120
CLICKS = 40
MOMENTS = 7
WHO = "_preferences_who"

PARAMS = (
    links.Choice("pref_from", SOURCES, "recorded"),
    links.Integer("pref_step", 0, PAIRS, CLICKS),
    links.Text("pref_clicks", "", 200, example="121201"),
    links.Text("pref_list", "", 22),
    links.Flag("pref_term"),
    links.Integer("pref_moment", 0, MOMENTS - 1, MOMENTS - 1),
    links.Choice("pref_look", LOOKS, "train", example="runs"),
    links.Integer("pref_seed", 0, 99, 0),
)


def recorded() -> Mapping[str, Any]:
    """Return stories, vectors and recorded runs (``python -m components.pretraining preferences``)."""
    return shipped(NAME)


@cache
def vectors() -> Floats:
    """Return the features of all stories, (stories, features): pairs, unseen ones, held-out pairs with the better one first."""
    kept = recorded()
    small = np.frombuffer(base64.b64decode(kept["vectors"]), np.int8).reshape(-1, kept["features"])
    return small.astype(np.float64) * float(kept["scale"])


@cache
def directions() -> Directions:
    """Return how a state of the untouched model becomes features."""
    found = recorded()["directions"]
    mean, deviation, axes = (
        np.frombuffer(base64.b64decode(found[name]), "<f4").astype(np.float64)
        for name in ("mean", "deviation", "axes")
    )
    return Directions(mean, deviation, axes.reshape(len(mean), -1), found["share"])


def unseen() -> Floats:
    """Return the features of the hundred stories that nobody judges."""
    first = 2 * len(recorded()["pairs"])
    return vectors()[first : first + len(recorded()["unseen"])]


def held_out() -> Floats:
    """Return better minus worse of the held-out pairs, as the rule has it."""
    rest = vectors()[2 * len(recorded()["pairs"]) + len(recorded()["unseen"]) :]
    return rest[0::2] - rest[1::2]


@cache
def right_by_press() -> tuple[list[int], int]:
    """Return how many held-out pairs the judge gets right after each recorded press, and how many there are."""
    made = str(recorded()["clicks"])
    found = []
    for k in range(1, len(made) + 1):
        w = lm.fit(lm.differences_of(vectors(), lm.better(made[:k], PAIRS)))
        found.append(int((held_out() @ w > 0).sum()))
    return found, len(held_out())


@cache
def sent_vectors() -> str:
    """Return the features of the pairs and of the unseen stories as a browser reads them."""
    kept = recorded()
    stories = 2 * len(kept["pairs"]) + len(kept["unseen"])
    return base64.b64encode(base64.b64decode(kept["vectors"])[: stories * kept["features"]]).decode("ascii")


def judge_of(clicks: str) -> tuple[Floats, float]:
    """Return the reward model of these presses, and the deviation of its scores of the unseen stories."""
    w = lm.fit(lm.differences_of(vectors(), lm.better(clicks, PAIRS)))
    return w, max(float((unseen() @ w).std()), 1e-9)


# -- what was pressed ------------------------------------------------------------------------------------------------


def source() -> str:
    """Return where the presses come from."""
    return str(st.session_state["pref_from"])


def list_name() -> str:
    """Return the name of the open list, or nothing."""
    return str(st.session_state["pref_list"] or "")


def is_open() -> bool:
    """Whether stories can be pressed now."""
    if source() == "together":
        return lists().exists(list_name()) and not lists().is_closed(list_name())
    return source() == "own"


def who() -> str:
    """Return how this browser calls itself, or nothing before it has said so."""
    return str(st.session_state.get(WHO, ""))


def took() -> Outcome | None:
    """Take over what the board reports, before anything is drawn; returns what became of presses for a list."""
    state = st.session_state.get(BOARD)
    before = PreferenceView(-1)
    now = reported(state.get("view") if state else None, before, identity(), links.revision(), PAIRS)
    if now is before:
        return None
    links.put("pref_step", now.step)
    if source() == "own":
        links.put("pref_clicks", now.clicks)
    if source() != "together" or not now.who:
        return None
    st.session_state[WHO] = now.who
    outcome: Outcome | None = None
    known = lists().mine(list_name(), now.who, PAIRS).ljust(PAIRS, "-")
    for i, press in enumerate(now.clicks):
        if press != "-" and press != known[i]:
            outcome = lists().vote(list_name(), now.who, i, press)
    return outcome


def clicks() -> str:
    """Return the presses in force: recorded, the reader's, or what most of a closed list pressed."""
    if source() == "own":
        return pressed(str(st.session_state["pref_clicks"] or ""), PAIRS)
    if source() == "together":
        return lists().result(list_name(), PAIRS)
    return str(recorded()["clicks"])


def asked_of(made: str) -> list[int]:
    """Return the pairs that were pressed."""
    return [i for i, c in enumerate(made) if c != "-"]


def in_force() -> str:
    """Return the presses up to the step in sight."""
    made = clicks()
    step = min(int(st.session_state["pref_step"]), len(asked_of(made)))
    upto = asked_of(made)[:step]
    return "".join(c if i in upto else "-" for i, c in enumerate(made)).rstrip("-")


def identity() -> str:
    """Name what the board shows."""
    return f"together-{list_name()}-{lists().state(list_name())}" if source() == "together" else source()


def view() -> PreferenceView:
    """Return where the reader is, from the link."""
    step = int(st.session_state["pref_step"])
    return PreferenceView(step if source() == "together" else min(step, len(asked_of(clicks()))))


def _at_start(now: str) -> str:
    """Return the presses that the board began with; later ones are its own.

    So all that it is sent stays the same while somebody presses, and Streamlit sends it once.
    """
    held = st.session_state.get("_preferences_start")
    rev = (identity(), who(), links.revision())
    if held is None or held[0] != rev:
        held = st.session_state["_preferences_start"] = (rev, now)
    return str(held[1])


def board() -> PreferenceData:
    """Return what the board draws."""
    kept, rule, together = recorded(), source() == "recorded", source() == "together"
    shown = clicks()
    if is_open():
        shown = _at_start(lists().mine(list_name(), who(), PAIRS) if together else shown)
    else:
        st.session_state.pop("_preferences_start", None)
    return {
        "beginnings": list(lm.BEGINNINGS),
        "pairs": kept["pairs"],
        "unseen": kept["unseen"],
        "vectors": sent_vectors(),
        "scale": kept["scale"],
        "features": kept["features"],
        "shrinkage": lm.SHRINKAGE,
        "newton": lm.NEWTON_STEPS,
        "folds": lm.FOLDS,
        "clicks": shown,
        "shown": asked_of(shown),
        "order": lists().order(list_name(), who(), PAIRS) if together and is_open() and who() else [],
        "marks": [lm.happiness(text) for _, text in kept["unseen"]] if rule else None,
        "right": right_by_press() if rule else None,
        "open": is_open() and (not together or bool(who())),
        "rule": rule,
        "named": together,
        "hidden": together and not lists().is_closed(list_name()),
        "words": labels("preference_board"),
        "stepper": labels("stepper"),
    }


# -- what is said ----------------------------------------------------------------------------------------------------


def percent(value: float) -> str:
    """Return a share as whole percent."""
    return f"{100 * value:.0f}%"


def signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign; zero has none."""
    text = f"{value:+.{digits}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def judged() -> Accuracy | None:
    """Return how often the judge in force is right on pairs it has not seen."""
    d = lm.differences_of(vectors(), lm.better(in_force(), PAIRS))
    if source() != "recorded":
        return lm.cross_validated(d)
    return lm.accuracy(lm.fit(d), held_out()) if len(d) else None


def aid() -> str:
    """What the judge is worth now; HTML."""
    made = in_force()
    decided = len(lm.better(made, PAIRS))
    if source() == "together" and not lists().is_closed(list_name()):
        return html.escape(t(WORDS, "aid_list"))
    found = judged()
    if found is None:
        return html.escape(t(WORDS, "aid_none" if decided == 0 else "aid_few", n=decided, least=lm.FOLDS))
    low, high = found.interval
    word = "aid_rule" if source() == "recorded" else "aid_own"
    said = t(
        WORDS,
        word,
        n=decided,
        share=percent(found.share),
        low=percent(low),
        high=percent(high),
        total=found.total,
    )
    return html.escape(f"{said} {t(WORDS, 'aid_sure' if low > 0.5 else 'aid_unsure')}")


def caption() -> str:
    """The line under the board."""
    kept = recorded()
    waiting = source() == "together" and not lists().is_closed(list_name())
    return t(
        WORDS,
        "caption_open" if waiting else f"caption_{source()}",
        model=kept["model"],
        revision=kept["revision"].removeprefix("sha256:")[:10],
        date=kept["recorded"],
        written=f"{kept['written']:,}",
        n=len(asked_of(clicks())),
    )


def runs(term: bool) -> list[Mapping[str, Any]]:
    """Return the recorded runs, one a seed, with or without the supervised term."""
    return [run for run in recorded()["runs"] if bool(run["setting"]["supervised"]) == term]


def across(some: Sequence[Mapping[str, Any]], name: str) -> list[list[float]]:
    """Return (step, mean, lowest, highest) over the seeds at every moment."""
    return [
        [step, sum(found) / len(found), min(found), max(found)]
        for step, *found in zip(some[0]["steps"], *(run[name] for run in some), strict=True)
    ]


def lines(some: Sequence[Mapping[str, Any]]) -> list[DpoLine]:
    """Return the curves of runs with the same settings."""
    names = ("chosen", "rejected", "held_chosen", "held_rejected")
    return [
        {"name": t(WORDS, f"line_{name}"), "sign": sign, "values": across(some, name)}
        for sign, name in enumerate(names)
        if all(run[name] for run in some)
    ]


def pieces_of(text: str, *, marked: bool) -> list[list[str]]:
    """Return a story as (text, kind) pieces, the words of the rule apart.

    >>> pieces_of("A sad, kind boy", marked=True)
    [['A ', ''], ['sad', 'sad'], [', ', ''], ['kind', 'happy'], [' boy', '']]
    """
    text = " ".join(text.split())
    if not marked:
        return [[text, ""]]
    found: list[list[str]] = []
    for piece in re.split(r"([A-Za-z']+)", text):
        word = piece.lower()
        kind = "happy" if word in lm.HAPPY else "sad" if word in lm.SAD else ""
        if found and not kind and not found[-1][1]:
            found[-1][0] += piece
        elif piece:
            found.append([piece, kind])
    return found


def stories(texts: Sequence[Sequence[str]], *, marked: bool) -> list[DpoStory]:
    """Return what is written after the first new beginnings, by moment."""
    return [
        {"beginning": beginning, "texts": [pieces_of(one[i], marked=marked) for one in texts]}
        for i, beginning in enumerate(lm.NEW_BEGINNINGS[: min(3, len(texts[0]))])
    ]


def dpo_view() -> DpoView:
    """Return the moment in sight, from the link."""
    return DpoView(int(st.session_state["pref_moment"]))


def mean_of(some: Sequence[Mapping[str, Any]], name: str, moment: int) -> tuple[float, float, float]:
    """Return the mean of a reward over all stories of all seeds at a moment, with the spread of the seeds' means."""
    means = [sum(run[name][moment]) / len(run[name][moment]) for run in some]
    return sum(means) / len(means), min(means), max(means)


def dpo_aid(now: DpoView) -> str:
    """What the training did; HTML."""
    term = bool(st.session_state["pref_term"])
    some = runs(term)
    k = min(now.moment, len(some[0]["steps"]) - 1)
    rule, judge = mean_of(some, "rule", k), mean_of(some, "judge", k)
    values = {name: signed(across(some, name)[k][1]) for name in ("chosen", "rejected", "held_chosen", "held_rejected")}  # fmt: skip
    said = t(
        WORDS,
        "dpo_aid",
        step=some[0]["steps"][k],
        before=signed(mean_of(some, "rule", 0)[0], 2),
        after=signed(rule[0], 2),
        low=signed(rule[1], 2),
        high=signed(rule[2], 2),
        judge_before=signed(mean_of(some, "judge", 0)[0], 2),
        judge_after=signed(judge[0], 2),
        **values,
    )
    seen, held = (across(some, name)[k][1] < 0 for name in ("chosen", "held_chosen"))
    found = "dpo_holds" if not held else "dpo_falls" if seen else "dpo_falls_held"
    return html.escape(f"{said} {t(WORDS, found)}" if k else said)


def dpo_caption() -> str:
    """The line under the curves."""
    some = runs(bool(st.session_state["pref_term"]))
    kept = recorded()
    return t(
        WORDS,
        "dpo_caption",
        model=kept["model"],
        date=kept["recorded"],
        pairs=some[0]["pairs"],
        steps=some[0]["steps"][-1],
        seconds=f"{sum(run['seconds'] for run in some) / len(some):.1f}",
        stories=len(some[0]["rule"][0]),
        beta=f"{dpo.BETA:g}",
    )


def prediction() -> Prediction:
    """Asked before the curves are seen: does training make the better stories likelier?"""
    some = runs(False)
    chosen = across(some, "chosen")[-1][1]
    answer = 0 if chosen > 1 else 2 if chosen < -1 else 1
    options = [t(WORDS, f"predict_{name}") for name in ("rise", "stay", "fall")]
    why = t(
        WORDS,
        "predict_why",
        chosen=signed(chosen),
        rejected=signed(across(some, "rejected")[-1][1]),
        held=signed(across(some, "held_chosen")[-1][1]),
    )
    return Prediction(t(WORDS, "predict"), options, answer, why, {"pref_moment": MOMENTS - 1})


# -- what is given away ----------------------------------------------------------------------------------------------


def click_rows() -> list[dict[str, Any]]:
    """Return every pair that was pressed, with both stories."""
    made, kept = clicks(), recorded()
    return [
        {
            "pair": i + 1,
            "pressed": made[i],
            "beginning": lm.BEGINNINGS[kept["pairs"][i][0]],
            "story_1": kept["pairs"][i][1],
            "story_2": kept["pairs"][i][2],
        }
        for i in asked_of(made)
    ]


def ranking_rows() -> list[dict[str, Any]]:
    """Return the unseen stories in the judge's order."""
    w, unit = judge_of(in_force())
    scores = unseen() @ w / unit
    return [
        {
            "rank": rank + 1,
            "score": round(float(scores[i]), 3),
            "rule": lm.happiness(recorded()["unseen"][i][1]),
            "beginning": lm.BEGINNINGS[recorded()["unseen"][i][0]],
            "story": recorded()["unseen"][i][1],
        }
        for rank, i in enumerate(np.argsort(-scores, kind="stable").tolist())
    ]


def run_rows() -> list[dict[str, Any]]:
    """Return every measurement of the recorded runs."""
    return [
        {
            "supervised": run["setting"]["supervised"],
            "run_seed": run["setting"]["seed"],
            "step": step,
            **{f"{name}_log_prob_change": run[name][k] for name in ("chosen", "rejected", "held_chosen", "held_rejected")},
            "pairs_ranked_right": run["ranked"][k],
            "rule_mean": sum(run["rule"][k]) / len(run["rule"][k]),
            "judge_mean": sum(run["judge"][k]) / len(run["judge"][k]),
            "cpu_seconds": run["seconds"],
            **{f"text_{i + 1}": text for i, text in enumerate(run["texts"][k])},
        }
        for run in recorded()["runs"]
        for k, step in enumerate(run["steps"])
    ]  # fmt: skip


def export() -> Export:
    """Everything of the picture."""
    kept = recorded()
    return Export(
        "alignment-preferences",
        caption(),
        {"model": kept["model"], "revision": kept["revision"], "pairs_from": source()},
        {"clicks": click_rows, "ranking": ranking_rows, "runs": run_rows},
        lambda: {"clicks": clicks(), "runs": runs(bool(st.session_state["pref_term"]))},
    )


def how() -> str:
    """How it is made; Markdown."""
    kept = recorded()
    return told(
        WORDS,
        "how_text",
        written=f"{kept['written']:,}",
        features=kept["features"],
        variance=percent(kept["directions"]["share"]),
        layer=lm.LAYER,
        tokens=lm.NEW_TOKENS,
        temperature=lm.TEMPERATURE,
        rate=f"{dpo.RATE:g}",
        beta=f"{dpo.BETA:g}",
        supervised=f"{dpo.SUPERVISED:g}",
        passes=dpo.PASSES,
        batch=dpo.BATCH,
        clear=lm.CLEAR,
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_ten"), {"pref_step": 10}),
        (t(WORDS, "try_own"), {"pref_from": "own", "pref_step": 0}),
        (t(WORDS, "try_term"), {"pref_term": True}),
        (t(WORDS, "try_early"), {"pref_moment": 2}),
    ]
