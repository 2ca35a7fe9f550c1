"""State and data of the page "How much does the wording decide?": studies, prompts, and what the models made of them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from components.elements.gpt.wording_board import (
    WordingData,
    WordingItem,
    WordingRow,
    WordingView,
    WordingWay,
    wording_seen,
)
from components.elements.predict_first import Prediction
from components.lessons.gpt import notebooks
from components.lessons.gpt.prompting_live import Row, Wanted, as_scores, asked_by_reader, known
from components.lessons.recorded import of_shipped_model, trace_file
from components.lm.checkpoints.model_card import ModelCard
from components.lm.gpt.prompting import (
    DEMONSTRATIONS,
    LABEL_PAIRS,
    ORDERS,
    STUDY_NAMES,
    WAYS,
    BadPrompt,
    Prompt,
    Scores,
    Study,
    Way,
    check,
    share,
    study,
)
from components.shell import links
from components.shell.layout import Export
from components.shell.loading import FIRST_MODEL
from components.shell.notebook import Notebook
from components.words import labels, t

NAME = "gpt/prompting"
W = "prompting"
BOARD = "wording_board"
LOOKS = ("own", "table", "gpt2", "gpt3", "webtext", "unicorn", "nothing")
FIRST_ROW = 4
"""The prompt of the first view: ``{text} Everyone was``, whose threshold lies far from 0."""
OWN = "{text} When she went home, she felt"
OWN_LABELS = "happy/sad"
MOST_OWN = 12
"""Prompts of a reader's own that a session keeps."""
MOST_PROMPT = 1_000

PARAMS = (
    links.Choice("pr_study", STUDY_NAMES, "wording"),
    links.Text("model", FIRST_MODEL, max_chars=120, example="nano-gpt"),
    links.Integer("pr_row", 0, len(ORDERS) + MOST_OWN, FIRST_ROW, example=1),
    links.Choice("pr_way", WAYS, "plain", example="empty"),
    links.Integer("pr_step", 0, 59, 18),
    links.Text("pr_own", OWN, max_chars=MOST_PROMPT, example="{text} Oh, how"),
    links.Text("pr_labels", OWN_LABELS, max_chars=80, example="good/bad"),
    links.Choice("pr_look", LOOKS, "own"),
    links.Numbers("pr_gpt2", most=10, example=(1, 0, 2)),
    links.Numbers("pr_gpt3", most=16, example=(0, 2)),
    links.Numbers("pr_unicorn", most=8, example=(1,)),
)


# -- which prompts, which model --------------------------------------------------------------------------------------------


def chosen() -> Study:
    """Return the study of the link."""
    return study(st.session_state["pr_study"])


def needs_labels() -> bool:
    """Whether the prompts of this study bring their own two answers."""
    return chosen().questions[0].answers is None


def ways() -> tuple[Way, ...]:
    """Return the thresholds of this study: a median needs other texts."""
    return WAYS if chosen().spare else WAYS[:2]


@cache
def recorded() -> Mapping[str, Any] | None:
    """Return what was recorded of the shipped model, if it is still that model."""
    trace = trace_file(NAME)
    return trace if trace is not None and of_shipped_model(trace) is not None else None


def wanted(card: ModelCard) -> Wanted:
    """Return the shipped prompts of this study for a model."""
    return Wanted(card.name, card.revision, chosen().name, chosen().prompts)


def shipped_rows(card: ModelCard, name: str) -> list[Row]:
    """Return what is known of a study's own prompts, in order: recorded, or asked on this server; perhaps not all."""
    trace = recorded()
    if trace is not None and (card.name, card.revision) == (trace["model"], trace["revision"]):
        rows: list[Row] = trace["studies"][name]
        return rows
    found = known(Wanted(card.name, card.revision, name, study(name).prompts))
    return found["rows"] if found else []


# -- the reader's own prompts ----------------------------------------------------------------------------------------------


def read_labels(text: str) -> tuple[str, str]:
    """Return two answers that are written with a slash between them. Raises ``BadPrompt``."""
    found = [part.strip() for part in text.split("/")]
    if len(found) != 2 or not all(found):
        raise BadPrompt("no_label")
    return found[0], found[1]


def own() -> Prompt:
    """Return the prompt in the reader's box; without a place for it the question stands first. Raises ``BadPrompt``."""
    s = st.session_state
    text, place = s["pr_own"] or "", f"{{{chosen().slot}}}"
    made = Prompt(
        text if place in text else f"{place} {text}",
        read_labels(s["pr_labels"] or "") if needs_labels() else None,
    )
    check(made, chosen())
    return made


def own_wanted(card: ModelCard) -> Wanted:
    """Return the reader's prompt for a model. Raises ``BadPrompt``."""
    return Wanted(card.name, card.revision, chosen().name, (own(),))


def _kept() -> list[tuple[str, Prompt]]:
    kept: list[tuple[str, Prompt]] = st.session_state.setdefault("_pr_mine", [])
    return kept


def mine(card: ModelCard) -> list[Prompt]:
    """Return the reader's prompts of this study that the table keeps; the one in the box joins them once it is asked."""
    kept = _kept()
    try:
        asked = own_wanted(card)
    except BadPrompt:
        asked = None
    if asked is not None:
        found = known(asked)
        entry = (asked.study, asked.prompts[0])
        # The first text of the box may have been asked by somebody else: it joins who asked it, or whose link points at it.
        meant = (
            st.session_state["pr_own"] != OWN
            or asked_by_reader(asked)
            or st.session_state["pr_row"] >= len(chosen().prompts)
        )
        if found is not None and found["rows"] and meant and entry not in kept:
            del kept[: max(0, len(kept) + 1 - MOST_OWN)]
            kept.append(entry)
    return [prompt for name, prompt in kept if name == chosen().name]


def forget_mine() -> None:
    """Callback: take the reader's prompts out of the table."""
    st.session_state["_pr_mine"] = []
    links.put("pr_own", OWN)
    links.moved()


# -- one row a prompt ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One prompt with what the model made of it, if it was asked."""

    name: str
    prompt: Prompt
    own: bool
    scores: Scores | None

    def right(self, way: Way) -> int:
        """Return how many of the 60 are right. Raises ``ValueError`` without scores."""
        if self.scores is None:
            raise ValueError(self.name)
        return int(self.scores.right(chosen().questions, way).sum())


def name_of(name: str, number: int, prompt: Prompt) -> str:
    """Return what a row is called: the words around the text, the order, or the labels."""
    if name == "order" and number < len(ORDERS):
        return " ".join(f"{DEMONSTRATIONS[i][1]}{1 + i // 2}" for i in ORDERS[number])
    if name == "labels" and number < len(LABEL_PAIRS):
        return " / ".join(LABEL_PAIRS[number])
    text = prompt.template.replace("{text}", "…")
    return (
        f"{text}  ({' / '.join(prompt.labels)})"
        if prompt.labels and number >= len(study(name).prompts)
        else text
    )


def lines(card: ModelCard) -> list[Line]:
    """Return the prompts of this study with what is known of them for this model."""
    asked = chosen()
    rows = shipped_rows(card, asked.name)
    made = [
        Line(name_of(asked.name, i, prompt), prompt, False, as_scores(rows[i]) if i < len(rows) else None)
        for i, prompt in enumerate(asked.prompts)
    ]
    for prompt in mine(card):
        found = known(Wanted(card.name, card.revision, asked.name, (prompt,)))
        scores = as_scores(found["rows"][0]) if found and found["rows"] else None
        made.append(Line(name_of(asked.name, len(asked.prompts), prompt), prompt, True, scores))
    return made


# -- the view --------------------------------------------------------------------------------------------------------------


def fit(found: Sequence[Line]) -> None:
    """Bring the chosen prompt and threshold within this study; what was wanted is remembered for the next one."""
    s = st.session_state
    kept: dict[str, tuple[Any, Any]] = s.setdefault("_pr_wanted", {})

    def bring(key: str, fitting: Any) -> None:
        shown, asked = kept.get(key, (None, None))
        if s[key] != shown:
            asked = s[key]
        kept[key] = (fitting(asked), asked)
        links.put(key, kept[key][0])

    bring("pr_row", lambda row: min(row, len(found) - 1))
    bring("pr_way", lambda way: way if way in ways() else "empty")


def view() -> WordingView:
    """Return where the reader is, from the link."""
    s = st.session_state
    way = s["pr_way"] if s["pr_way"] in ways() else "empty"
    return WordingView(s["pr_row"], ways().index(way), s["pr_step"])


def took(rows: int) -> None:
    """Callback: the reader moved in the board."""
    state = st.session_state.get(BOARD)
    now = wording_seen(
        state.get("view") if state else None,
        view(),
        links.revision(),
        rows=rows,
        ways=len(ways()),
        items=len(chosen().questions),
    )
    links.put("pr_row", now.row)
    links.put("pr_way", ways()[now.way])
    links.put("pr_step", now.step)


def _row(line: Line) -> WordingRow:
    asked, scores = chosen(), line.scores
    spans = [share(line.right(way), len(asked.questions)) for way in ways()] if scores else []
    return {
        "name": line.name,
        "template": line.prompt.template,
        "labels": list(line.prompt.labels) if line.prompt.labels else None,
        "own": line.own,
        "right": [line.right(way) for way in ways()] if scores else None,
        "low": [round(low, 4) for _, low, _ in spans] if scores else None,
        "high": [round(high, 4) for _, _, high in spans] if scores else None,
        "margins": list(scores.margins) if scores else None,
        "thresholds": {
            way: sorted(set(limits)) if len(set(limits := scores.thresholds(way).tolist())) == 1 else limits
            for way in ways()
        }
        if scores
        else None,
        "mass": scores.mass if scores else 0.0,
    }


def _items() -> list[WordingItem]:
    return [
        {
            "slots": dict(one.slots),
            "answers": list(one.answers) if one.answers else None,
            "right": one.right,
        }
        for one in chosen().questions
    ]


def _ways() -> list[WordingWay]:
    spare = len(chosen().spare)
    return [
        {"name": way, "label": t(W, f"way_{way}", n=spare), "note": t(W, f"note_{way}", n=spare)}
        for way in ways()
    ]


def board(card: ModelCard, found: Sequence[Line]) -> WordingData:
    """Return what the board draws."""
    return {
        "id": f"{chosen().name}-{card.name}",
        "title": t(W, f"study_{chosen().name}"),
        "rows": [_row(line) for line in found],
        "ways": _ways(),
        "items": _items(),
        "lanes": [t(W, "lane_happy"), t(W, "lane_sad")],
        "words": labels(BOARD),
        "stepper": labels("stepper"),
    }


# -- in words --------------------------------------------------------------------------------------------------------------


def percent(value: float) -> str:
    """Return a share as whole percent."""
    return f"{100 * value:.0f}%"


def said_share(right: int) -> str:
    """Return how many of the 60 with the 95% interval."""
    total = len(chosen().questions)
    part, low, high = share(right, total)
    return f"{right}/{total} = {percent(part)} ({percent(low)}–{percent(high)})"


def aid(found: Sequence[Line], now: WordingView) -> str:
    """What this threshold shows over all prompts, and of the chosen one; HTML."""
    way, asked = ways()[now.way], [line for line in found if line.scores is not None and not line.own]
    if not asked:
        return html.escape(t(W, "aid_none"))
    ranked = sorted(asked, key=lambda line: line.right(way))
    slots = {
        "n": len(asked),
        "worst": ranked[0].name.replace("\n", " ↵ "),
        "worst_share": said_share(ranked[0].right(way)),
        "best": ranked[-1].name.replace("\n", " ↵ "),
        "best_share": said_share(ranked[-1].right(way)),
    }
    said = [t(W, f"aid_{way}", **slots), t(W, f"lesson_{chosen().name}")]
    if all(
        low <= 0.5 <= high
        for _, low, high in (share(line.right(way), len(chosen().questions)) for line in asked)
    ):
        said.append(t(W, "aid_chance"))
    if chosen().name == "order" and len(asked) == len(ORDERS):
        said.append(t(W, "aid_ends", **_ends(asked, way)))
    line = found[now.row]
    if line.scores is not None and way != "plain":
        moved = f"{float(line.scores.thresholds(way).mean()):+.2f}".replace("-", "−")
        said.append(t(W, "aid_moved", before=line.right("plain"), after=line.right(way), threshold=moved))
    return html.escape(" ".join(said))


def _ends(asked: Sequence[Line], way: Way) -> dict[str, str]:
    """Return the range of scores of the orders that end with a happy and with a sad example."""
    said = {}
    for label in ("happy", "sad"):
        ending = [line.right(way) / len(chosen().questions) for line, order in zip(asked, ORDERS, strict=True) if DEMONSTRATIONS[order[-1]][1] == label]  # fmt: skip
        said[label] = f"{percent(min(ending))}–{percent(max(ending))}"
    return said


def caption(card: ModelCard) -> str:
    """The line under the board: model, weights, questions."""
    return t(
        W,
        "caption" if card.source == "bundled" else "caption_foreign",
        model=card.name,
        revision=card.revision.removeprefix("sha256:")[:10],
        n=len(chosen().questions),
        prompts=len(chosen().prompts),
    )


def spread(way: Way) -> tuple[int, int]:
    """Return the fewest and the most right of the first view's prompts, as recorded."""
    trace = recorded()
    asked = study("wording")
    if trace is None:
        return 0, 0
    counts = [int(as_scores(row).right(asked.questions, way).sum()) for row in trace["studies"]["wording"]]
    return min(counts), max(counts)


def prediction() -> Prediction:
    """How far apart are the best and the worst wording? Counted in what was recorded."""
    low, high = spread("plain")
    apart = round(100 * (high - low) / 60)
    answer = sum(apart >= edge for edge in (5, 15, 25))
    return Prediction(
        t(W, "predict", prompts=len(study("wording").prompts)),
        [t(W, f"predict_{name}") for name in ("none", "few", "some", "many")],
        answer,
        t(W, "predict_why", low=percent(low / 60), high=percent(high / 60), apart=apart),
        {"pr_look": "nothing"},
    )


@cache
def _worst_order() -> int:
    """Return the order with the fewest right as recorded; the last one without a record."""
    trace = recorded()
    if trace is None:
        return len(ORDERS) - 1
    asked = study("order").questions
    counts = [int(as_scores(row).right(asked, "plain").sum()) for row in trace["studies"]["order"]]
    return counts.index(min(counts))


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(W, "try_order"), {"pr_study": "order", "pr_row": _worst_order()}),
        (t(W, "try_median"), {"pr_study": "order", "pr_row": _worst_order(), "pr_way": "median"}),
        (t(W, "try_swapped"), {"pr_study": "labels", "pr_row": len(LABEL_PAIRS) - 1}),
        (t(W, "try_equals"), {"pr_study": "opposite", "pr_row": 0}),
        (t(W, "try_question"), {"pr_study": "question", "pr_row": 2}),
    ]


def notebook_of(card: ModelCard, found: Sequence[Line], now: WordingView) -> Notebook | None:
    """Return how many of the first study's questions are right as they stand, in plain ``transformers``.

    None where answers have several tokens or a threshold of their own: the lines would be longer than what they explain.
    """
    line = found[now.row]
    if line.scores is None or chosen().name not in ("wording", "order", "labels") or card.source != "bundled":
        return None
    return notebooks.prompting(card, line.prompt, line.right("plain"))


# -- the export ------------------------------------------------------------------------------------------------------------


def prompt_rows(card: ModelCard) -> list[dict[str, Any]]:
    """Return every prompt of this study at every threshold, as a table."""
    rows = []
    for line in lines(card):
        for way in ways():
            right = line.right(way) if line.scores else None
            span = share(right, len(chosen().questions)) if right is not None else (None, None, None)
            rows.append(
                {
                    "study": chosen().name,
                    "prompt": line.prompt.template,
                    "labels": " / ".join(line.prompt.labels or ()),
                    "own": line.own,
                    "threshold": way,
                    "right": right,
                    "questions": len(chosen().questions),
                    "accuracy": span[0],
                    "low_95": span[1],
                    "high_95": span[2],
                    "probability_of_both_answers": line.scores.mass if line.scores else None,
                }
            )
    return rows


def question_rows(card: ModelCard) -> list[dict[str, Any]]:
    """Return every question under every prompt of this study, as a table."""
    return [
        {
            "prompt": line.prompt.template,
            **dict(question.slots),
            "first_answer": (question.answers or line.prompt.labels or ("", ""))[0],
            "second_answer": (question.answers or line.prompt.labels or ("", ""))[1],
            "right_answer": question.right + 1,
            "margin": line.scores.margins[i],
            **{f"threshold_{way}": float(line.scores.thresholds(way)[i]) for way in ways()},
        }
        for line in lines(card)
        if line.scores is not None
        for i, question in enumerate(chosen().questions)
    ]


def export(card: ModelCard) -> Export:
    """What the page gives away."""
    return Export(
        name="gpt-prompting",
        caption=caption(card),
        about={"model": card.name, "revision": card.revision, "study": chosen().name},
        tables={"prompts": lambda: prompt_rows(card), "questions": lambda: question_rows(card)},
        result=lambda: {"prompts": prompt_rows(card)},
    )
