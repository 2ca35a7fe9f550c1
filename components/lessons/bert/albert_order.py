"""The second half of "ALBERT": our nano-albert beside nano-bert, and next sentence against sentence order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st

from components.elements.bert.comparison_table import Cell, bar, words
from components.lessons.bert.masked_text import percent
from components.lessons.known_language import say_if_foreign
from components.lessons.recorded import shipped, trace_file
from components.lm import checkpoints
from components.lm.bert.sentence_order import FOLDER
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.held import held
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t

BERT, LARGER = "nano-bert", "pocket-bert"
# Of ten pairs written for this the one that nano-albert has right in both orders with pocket-bert sure of the pair.
FIRST = "Once there was a poor fisherman by the sea."
SECOND = "He caught nothing for many days, and then he caught a golden fish."
OTHER = "The train to the city leaves from the other platform today."
CASES = ("kept", "swapped", "elsewhere")
LABELS = {"kept": ("IsNext", "1 → 2"), "swapped": ("–", "2 → 1"), "elsewhere": ("NotNext", "–")}
"""What NSP and SOP make of a case: the label of its lesson, or none."""
TEXTS = ("alb_first", "alb_second", "alb_other")
ROLES = ("previous", "next", "same_word", "first", "separator")


def params() -> tuple[links.Param, ...]:
    """What the link holds: the three sentences."""
    return (
        links.Text("alb_first", FIRST, max_chars=1_000),
        links.Text("alb_second", SECOND, max_chars=1_000),
        links.Text("alb_other", OTHER, max_chars=1_000),
    )


@cache
def study() -> Mapping[str, Any]:
    """Return what was measured (``python -m components.pretraining albert-study``)."""
    return shipped("bert/albert_study")


# -- nano-albert beside nano-bert ------------------------------------------------------------------------------------------


def _role(model: Mapping[str, Any], kind: str) -> tuple[float, str]:
    """Return the largest score of a head for a role, and the head."""
    rows = model["heads"][kind]
    value, layer, head = max((v, i, j) for i, row in enumerate(rows) for j, v in enumerate(row))
    return float(value), f"{layer}.{head}"


def beside() -> tuple[list[str], list[list[Cell]]]:
    """Return both models side by side: titles and rows."""
    models = [study()["models"][name] for name in (BERT, "nano-albert")]
    head = [t("albert_order", "col_what"), BERT, "nano-albert"]

    def row(name: str, cells: Sequence[Cell]) -> list[Cell]:
        return [words(name), *cells]

    most = max(one["parameters"] for one in models)
    worst = max(one["mlm"]["loss"] for one in models)
    rows = [
        row(t("albert_order", "row_parameters"), [bar(one["parameters"] / most, f"{one['parameters']:,}", one["parameters"]) for one in models]),
        row(t("albert_order", "row_loss"), [bar(one["mlm"]["loss"] / worst, f"{one['mlm']['loss']:.2f}", one["mlm"]["loss"]) for one in models]),
        row(t("albert_order", "row_accuracy"), [_interval(one["mlm"]["accuracy"]) for one in models]),
        row(t("albert_order", "row_cloze", chance=f"{models[0]['cloze']['chance']:.0%}"), [bar(one["cloze"]["correct"] / one["cloze"]["probes"], f"{one['cloze']['correct']} / {one['cloze']['probes']}", one["cloze"]["correct"]) for one in models]),
        row(t("albert_order", "row_senses"), [bar(one["senses"]["apart"] / one["senses"]["of"], f"{one['senses']['apart']} / {one['senses']['of']}", one["senses"]["apart"]) for one in models]),
        row(t("albert_order", "row_pronouns", chance=models[0]["pronouns"]["best_by_chance"]), [bar(p["best"]["right"] / p["sentences"], f"{p['best']['right']} / {p['sentences']} ({p['best']['layer']}.{p['best']['head']})", p["best"]["right"]) for p in (one["pronouns"] for one in models)]),
    ]  # fmt: skip
    for kind in ROLES:
        if all(kind in one["heads"] for one in models):
            uniform = models[0]["uniform"][kind]
            cells = [bar(value, f"{value:.2f} ({head_})", value) for value, head_ in (_role(one, kind) for one in models)]  # fmt: skip
            rows.append(row(t("albert_order", f"role_{kind}", uniform=f"{uniform:.2f}"), cells))
    return head, rows


def _interval(found: Sequence[float]) -> Cell:
    value, low, high = found
    return bar(value, f"{value:.1%} ({low:.1%}–{high:.1%})", value)


def beside_aid() -> str:
    """What is lost at this size, in words."""
    bert, albert = (study()["models"][name] for name in (BERT, "nano-albert"))
    return t(
        "albert_order",
        "beside_aid",
        times=f"{bert['parameters'] / albert['parameters']:.1f}",
        bert=f"{bert['mlm']['accuracy'][0]:.1%}",
        albert=f"{albert['mlm']['accuracy'][0]:.1%}",
        loss=f"{albert['mlm']['loss'] - bert['mlm']['loss']:+.2f}",
    )


# -- next sentence or sentence order ---------------------------------------------------------------------------------------


def texts() -> tuple[str, str, str]:
    """The three sentences; an empty field stands for the prepared one."""
    first, second, other = (str(st.session_state[key]).strip() for key in TEXTS)
    return first or FIRST, second or SECOND, other or OTHER


def ask_texts() -> None:
    """Draw the fields."""
    columns = st.columns(3)
    for column, key in zip(columns, TEXTS, strict=True):
        held(column).text_area(t("albert_order", key), key=key, height=100)
    say_if_foreign(checkpoints.card(BERT), *texts(), offer=False)


def pairs(first: str, second: str, other: str) -> dict[str, tuple[str, str]]:
    """Return the pair of each case."""
    return {"kept": (first, second), "swapped": (second, first), "elsewhere": (first, other)}


# Five numbers for each of three pairs: 0.2 kB.
@shared
def answers(first: str, second: str, other: str) -> dict[str, dict[str, float]]:
    """Return what every judge says of each case, as the probability that B follows A."""
    from components.lm.bert.next_sentence import judge
    from components.lm.bert.sentence_order import (
        in_order,
        load_albert,
        load_judges,
        probability,
        shared_features,
    )
    from components.lm.reading import pieces

    asked = pairs(first, second, other)
    judges, bert, albert = load_judges(), load_model(BERT, "masked_prediction"), load_albert()
    larger = load_model(LARGER, "next_sentence")
    sop = in_order(albert, list(asked.values()))
    nsp = [verdict.is_next_prob for verdict in judge(larger, list(asked.values()))]
    found = {}
    for k, (case, (a, b)) in enumerate(asked.items()):
        ids = [pieces(bert, text) for text in (a, b)]
        features = shared_features(ids[0], ids[1], judges.idf)
        found[case] = {
            "shared_nsp": float(probability(judges.shared["nsp"].logit(features))),
            "shared_sop": float(probability(judges.shared["sop"].logit(features))),
            "apart_sop": float(probability(judges.apart["sop"].logit(ids[0], ids[1]))),
            "pocket_nsp": nsp[k],
            "albert_sop": sop[k],
        }
    return found


def said() -> dict[str, dict[str, float]]:
    """Return the answers: from the file for the prepared sentences and the bundled models, else from the models."""
    trace = trace_file("bert/albert")
    if trace is not None and texts() == (FIRST, SECOND, OTHER) and trace["of"] == made_with():
        kept: dict[str, dict[str, float]] = trace["answers"]
        return kept
    return answers(*texts())


def albert_card() -> ModelCard:
    """The card of nano-albert."""
    return checkpoints.unlisted_card(FOLDER)


def made_with() -> list[str]:
    """The revisions of the models that answer."""
    return [checkpoints.unlisted_card(FOLDER).revision, checkpoints.card(LARGER).revision, checkpoints.card(BERT).revision]  # fmt: skip


def cases() -> tuple[list[str], list[list[Cell]]]:
    """Return what each task teaches of a case, and what everybody says of it: titles and rows."""
    columns = ("shared_nsp", "pocket_nsp", "shared_sop", "apart_sop", "albert_sop")
    head = [t("albert_order", f"col_{name}") for name in ("case", "nsp", "sop", *columns)]
    rows: list[list[Cell]] = []
    for case, by_judge in said().items():
        nsp, sop = LABELS[case]
        cells: list[Cell] = [words(t("albert_order", f"case_{case}")), words(nsp), words(sop)]
        cells += [bar(by_judge[name], percent(by_judge[name]), by_judge[name]) for name in columns]
        rows.append(cells)
    return head, rows


def cases_aid() -> str:
    """What the answers on screen say of the two tasks."""
    found = said()
    kept, swapped = found["kept"], found["swapped"]
    right = (kept["albert_sop"] > 0.5) + (swapped["albert_sop"] < 0.5)
    return t(
        "albert_order",
        "cases_aid",
        shared=percent(kept["shared_nsp"]),
        nsp=f"{percent(kept['pocket_nsp'])} / {percent(swapped['pocket_nsp'])}",
        sop=f"{percent(kept['albert_sop'])} / {percent(swapped['albert_sop'])}",
        right=right,
    )


def judged() -> tuple[list[str], list[list[Cell]]]:
    """Return how often everybody is right on held-out pairs: titles and rows."""
    found = study()
    rows: list[list[Cell]] = [
        [words(t("albert_order", f"judge_{name}")), *(_interval(found["judges"][task][name]) for task in ("nsp", "sop"))]
        for name in ("shared", "apart")
    ]  # fmt: skip
    for name, task in ((BERT, "NSP"), (LARGER, "NSP"), ("nano-albert", "SOP")):
        of = found["models"][name]["sentences"]
        rows.append([words(t("albert_order", "learned", model=name, task=task), strong=True), *(_interval(of[task_]) for task_ in ("nsp", "sop"))])  # fmt: skip
    return [t("albert_order", f"col_{name}") for name in ("judge", "right_nsp", "right_sop")], rows


def judged_aid() -> str:
    """What the shares say, in words."""
    found = study()
    value, low, high = found["models"]["nano-albert"]["sentences"]["sop"]
    return t(
        "albert_order",
        "judged_aid_above" if low > 0.5 else "judged_aid_chance",
        pairs=f"{found['judges']['sop']['pairs']:,}",
        shared_nsp=f"{found['judges']['nsp']['shared'][0]:.0%}",
        shared_sop=f"{found['judges']['sop']['shared'][0]:.0%}",
        apart=f"{found['judges']['sop']['apart'][0]:.0%}",
        albert=f"{value:.1%} ({low:.1%}–{high:.1%})",
        nsp=f"{found['models'][LARGER]['sentences']['sop'][0]:.0%}",
        other=f"{found['models']['nano-albert']['sentences']['nsp'][0]:.1%}",
    )
