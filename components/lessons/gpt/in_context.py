"""State and data of the page "Learning from the prompt": prompts, answers, curves, and the file of the first view."""

from __future__ import annotations

import base64
import html
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import streamlit as st

from components.elements.gpt.jump_board import JumpView
from components.elements.gpt.prompt_board import (
    PromptAnswers,
    PromptAttention,
    PromptCurve,
    PromptData,
    PromptLock,
    PromptView,
    Shares,
    moved,
)
from components.elements.predict_first import Prediction
from components.elements.view import Whole, reported, sent
from components.lessons.gpt import in_context_live as live
from components.lessons.gpt import notebooks
from components.lessons.probabilities import short
from components.lessons.recorded import trace_file
from components.lm.gpt import in_context as lm
from components.lm.gpt.word_codes import (
    KINDS,
    MOST_DEMONSTRATIONS,
    NUM_WORDS,
    VOCABULARY,
    WORDS,
    Kind,
    UnreadablePrompt,
    best_known,
    best_new,
    chance_of_unseen,
    fresh_prompts,
    read_pairs,
    wilson_interval,
    write_pairs,
)
from components.shell import links
from components.shell.layout import Export
from components.shell.notebook import Notebook
from components.shell.results import shared
from components.words import labels, language, t

ROOT = Path(__file__).parents[3]
NAME = "gpt/in_context"
TASKS = ("new", "known", "own")
LOOKS = ("training", "four", "paper", "story", "nothing")
BOARD, JUMP = "prompt_board", "jump_board"
COUNT = 200
"""Fresh prompts of each kind behind the curves."""
SEED, K = 4, 6
MATCH_PROMPTS = 60
OWN = "sun -> lamp; frog -> ring; bell -> crow; sun -> lamp; king -> salt"
_MOMENTS = len(lm.recorded()["moments"])
PARAMS = (
    links.Choice("icl_task", TASKS, "new"),
    links.Integer("icl_seed", 0, 9999, SEED),
    links.Integer("icl_k", 0, MOST_DEMONSTRATIONS, K, example=4),
    links.Integer("icl_ask", 0, MOST_DEMONSTRATIONS + 1, 0),
    links.Text("icl_off", "", max_chars=60),
    links.Text("icl_own", OWN, max_chars=2_000, example=OWN.replace("frog", "bell")),
    links.Text("icl_description", "", max_chars=2_000),
    links.Integer("icl_moment", 0, _MOMENTS - 1, _MOMENTS - 1),
    links.Flag("icl_live"),
    links.Integer("icl_live_seed", 0, live.MOST_SEED, 1),
    links.Integer("icl_run", 0, 4, 0),
    links.Choice("icl_look", LOOKS, "training"),
    links.Text("icl_name", "Tom", max_chars=40, example="Lily"),
    links.Integer("icl_story", 0, 2, 0),
)


# -- the model in use ----------------------------------------------------------------------------------------------------


def moments() -> list[Mapping[str, Any]]:
    """Return the snapshots of the shipped model, earliest first."""
    return list(lm.recorded()["moments"])


@dataclass(frozen=True)
class InUse:
    """Which weights answer: a moment of the shipped training, or what was trained on this server."""

    live_seed: int | None
    moment: int

    @property
    def shipped(self) -> bool:
        """Whether these are the weights that the recorded view was made with."""
        return self.live_seed is None and self.moment == _MOMENTS - 1

    def key(self) -> str:
        """What identifies the weights, without loading them: the file's digest, or where a training stands."""
        if self.live_seed is None:
            return str(moments()[self.moment]["sha256"])
        return f"live-{self.live_seed}-{live.runs().tokens(self.live_seed)}"

    def reader(self) -> lm.Reader:
        """Load them."""
        if self.live_seed is not None:
            return live.runs().reader(self.live_seed)
        return lm.load_moment(self.moment)

    def tokens(self) -> int:
        """Tokens read in training."""
        return (
            live.runs().tokens(self.live_seed)
            if self.live_seed is not None
            else int(moments()[self.moment]["tokens"])
        )


def in_use() -> InUse:
    """Return what the link asks for; a training that this server does not have gives way to the shipped model."""
    s = st.session_state
    if s["icl_live"] and live.runs().tokens(s["icl_live_seed"]):
        return InUse(s["icl_live_seed"], s["icl_moment"])
    return InUse(None, s["icl_moment"])


def missing_live() -> bool:
    """Whether the link asks for a training that is not here."""
    return bool(st.session_state["icl_live"]) and in_use().live_seed is None


# -- the prompt ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """The demonstrations of the board and what can be asked: (word, its answer or None), 0…31."""

    task: str
    pairs: tuple[tuple[int, int], ...]
    questions: tuple[tuple[int, int | None], ...]
    dictionary: int


def drawn(kind: Kind, seed: int) -> Asked:
    """Return the first of the fresh prompts of a seed: 16 demonstrations; its words as they come, then the others."""
    prompts = fresh_prompts(kind, seed, 1)
    pairs = lm.demonstrations(prompts, 0)[:MOST_DEMONSTRATIONS]
    code = dict(lm.code_pairs(prompts, 0))
    order = list(dict.fromkeys([word for word, _ in pairs] + list(code)))
    return Asked(kind, pairs, tuple((word, code[word]) for word in order), int(prompts.dictionary[0]))


def own(text: str) -> Asked:
    """Return a reader's pairs. A word shown with two answers is asked for the later one. Raises ``UnreadablePrompt``."""
    pairs = read_pairs(text)
    last: dict[int, int | None] = dict(pairs)
    others = [word for word in range(len(WORDS)) if word not in last][: 2 if last else 4]
    return Asked("own", pairs, (*last.items(), *((word, None) for word in others)), -1)


def asked() -> tuple[Asked, UnreadablePrompt | None]:
    """Return the prompt of the link, and why the reader's own pairs could not be read: then the last good ones stay."""
    s = st.session_state
    if s["icl_task"] != "own":
        return drawn(s["icl_task"], s["icl_seed"] or 0), None
    try:
        found = own(s["icl_own"] or "")
    except UnreadablePrompt as error:
        return own(s.get("_icl_good", OWN)), error
    s["_icl_good"] = s["icl_own"] or ""
    return found, None


def fit(found: Asked) -> None:
    """Bring what is shown and asked within this prompt, so that the link says what is on screen.

    What was wanted is remembered: another prompt may have room for it again.
    """
    s = st.session_state
    kept: dict[str, tuple[int, int]] = s.setdefault("_icl_wanted", {})
    for key, most in (("icl_k", len(found.pairs)), ("icl_ask", len(found.questions) - 1)):
        shown, wanted = kept.get(key, (None, 0))
        if s[key] != shown:
            wanted = s[key]
        now = min(wanted, most)
        kept[key] = (now, wanted)
        links.put(key, now)


def description() -> tuple[list[int], list[tuple[str, bool]]]:
    """Return the description as token ids and as words with whether they reach the model; at most 40 are drawn."""
    ids, parts = lm.read_description(st.session_state["icl_description"] or "")
    return ids, [(word if len(word) <= 24 else f"{word[:23]}…", known) for word, known in parts[:40]]


def heads_off() -> tuple[str, ...]:
    """Return the heads that the link switches off; what is no head is left out."""
    given = (st.session_state["icl_off"] or "").split(",")
    return tuple(name for name in head_names() if name in given)


def head_names() -> list[str]:
    """Return every head as ``layer.head``."""
    match = lm.recorded()["runs"][0]["match"]
    return [f"{layer}.{head}" for layer in range(len(match)) for head in range(len(match[0]))]


def _heads(names: Sequence[str]) -> list[lm.Head]:
    return [(int(name[0]), int(name[2])) for name in names]


def view() -> PromptView:
    """Return where the reader is, from the link."""
    s = st.session_state
    found, _ = asked()
    k = min(s["icl_k"], len(found.pairs))
    return PromptView(k, min(s["icl_ask"], len(found.questions) - 1), heads_off())


def prompt_text(found: Asked, now: PromptView) -> str:
    """Return the prompt that is answered, as its tokens are written."""
    ids = lm.prompt_ids(found.pairs[: now.k], found.questions[now.ask][0], description()[0])
    return " ".join(VOCABULARY[i] for i in ids)


def notebook_of(use: InUse, found: Asked, now: PromptView, made: Made) -> Notebook | None:
    """Return the answer on screen in plain ``transformers``; None where the weights are only in this server's memory."""
    if use.live_seed is not None:
        return None
    folder = (lm.FOLDER / moments()[use.moment]["folder"]).resolve().relative_to(ROOT).as_posix()
    answer = WORDS[made["answers"]["words"][now.k][now.ask][0]]
    prob = made["answers"]["probs"][now.k][now.ask][0]
    return notebooks.in_context(folder, prompt_text(found, now), _heads(now.off), answer, prob)


def took_view() -> None:
    """Callback: the reader moved in the board."""
    found, _ = asked()
    state = st.session_state.get(BOARD)
    now = moved(
        state.get("view") if state else None,
        view(),
        links.revision(),
        pairs=len(found.pairs),
        questions=len(found.questions),
        heads=head_names(),
    )
    links.put("icl_k", now.k)
    links.put("icl_ask", now.ask)
    links.put("icl_off", ",".join(now.off))


def took_moment() -> None:
    """Callback: the reader went to a moment of the training."""
    state = st.session_state.get(JUMP)
    value = state.get("view") if state else None
    if sent(value, links.revision()) is not None:
        now = JumpView(st.session_state["icl_moment"])
        links.put(
            "icl_moment", reported(value, now, links.revision(), {"moment": Whole(0, _MOMENTS - 1)}).moment
        )
        links.put("icl_live", False)


def new_task() -> None:
    """Callback: another prompt. The word asked for stays, so that going back to the first prompt shows it again."""
    links.moved()


# -- what the model makes of it ------------------------------------------------------------------------------------------


Counts = Mapping[str, Mapping[str, Sequence[int]]]
"""By kind of prompt, and by whether the word was shown: how many were right and how many asked, by k."""


class Answered(TypedDict):
    """What the model answers to one prompt, with the digests that show that its weights stayed."""

    answers: PromptAnswers
    right: list[list[float | None]]
    attention: PromptAttention
    lock: PromptLock


class Made(Answered):
    """What only the model can say: ``counts`` with the heads off, ``plain`` with all of them, ``match`` one a head."""

    counts: Counts
    plain: Counts
    match: list[float]


class Tuned(TypedDict):
    """What fine-tuning did, before and after: words ``right`` of ``words``, accuracy on ``known`` codes, digests."""

    steps: int
    words: int
    right: list[int]
    known: list[float]
    digests: list[str]


# Some 60 kB each.
@shared
def answered(
    key: str,
    _reader: lm.Reader,
    pairs: tuple[tuple[int, int], ...],
    questions: tuple[tuple[int, int | None], ...],
    off: tuple[str, ...],
    described: tuple[int, ...],
) -> Answered:
    """Return every answer and every look of the answering position, ready for the board."""
    table = lm.answer_table(_reader, pairs, questions, off=_heads(off), description=described)
    from components.lm.gpt.small_gpt2 import digest

    attention = np.round(table.attention * 255).astype(np.uint8)
    return {
        "answers": {
            "words": table.words.tolist(),
            "probs": [[[short(p) for p in top] for top in row] for row in table.probs],
        },
        "right": [[None if np.isnan(p) else short(p) for p in row] for row in table.right],
        "attention": {
            "bytes": base64.b64encode(attention.tobytes()).decode(),
            "shape": list(attention.shape),
        },
        "lock": {"before": _reader.digest, "after": digest(_reader.weights)},
    }


# Two curves: 1 kB.
@shared
def counted(key: str, _reader: lm.Reader, seed: int, off: tuple[str, ...]) -> Counts:
    """Return how many answers of the fresh prompts are right, by k."""
    found: dict[str, dict[str, list[int]]] = {}
    for kind in KINDS:
        curve = lm.measure(_reader, fresh_prompts(kind, seed, COUNT), _heads(off))
        found[kind] = {
            "shown_right": list(curve.shown_right),
            "shown_total": list(curve.shown_total),
            "unseen_right": list(curve.unseen_right),
            "unseen_total": list(curve.unseen_total),
        }
    return found


# One number for each head.
@shared
def matched(key: str, _reader: lm.Reader) -> list[float]:
    """Return how much each head looks at the right earlier answers, in the order of :func:`head_names`."""
    return [round(float(x), 3) for x in lm.match_scores(_reader, fresh_prompts("new", 9, MATCH_PROMPTS)).flat]


# One number for each k.
@shared
def bayes(seed: int) -> list[float]:
    """Return the best possible accuracy on words not shown of the dictionaries' fresh prompts, by k."""
    prompts = fresh_prompts("known", seed, COUNT)
    best, unseen = best_known(prompts), ~prompts.shown()
    return [float(best[unseen[:, k], k].mean()) if unseen[:, k].any() else 1.0 for k in range(best.shape[1])]


def computed(use: InUse, found: Asked, seed: int, off: tuple[str, ...], described: tuple[int, ...]) -> Made:
    """Return what only the model can say, for one state of the page."""
    reader, key = use.reader(), use.key()
    return {
        **answered(key, reader, found.pairs, found.questions, off, described),
        "counts": counted(key, reader, seed, off),
        "plain": counted(key, reader, seed, ()),
        "match": matched(key, reader),
    }


def first_state() -> dict[str, Any]:
    """Return what the recorded view was made for."""
    return {
        "task": "new",
        "seed": SEED,
        "off": [],
        "description": [],
        "weights": lm.recorded()["weights_sha256"],
    }


def computed_view() -> dict[str, Any]:
    """Compute the first view and the fine-tuning of the four boxes, for the recorder of this page."""
    found = drawn("new", SEED)
    board = computed(InUse(None, _MOMENTS - 1), found, SEED, (), ())
    looks = base64.b64decode(board["attention"]["bytes"])
    small = base64.b64encode(zlib.compress(looks, 9)).decode()
    return {
        "of": first_state(),
        "board": {**board, "attention": {"zlib": small, "shape": board["attention"]["shape"]}},
        "tuned": tuned_of(lm.load_moment(_MOMENTS - 1), found.questions),
    }


@cache
def _unpacked() -> Any:
    trace = json.loads(json.dumps(trace_file(NAME)))
    looks = trace["board"]["attention"]
    looks["bytes"] = base64.b64encode(zlib.decompress(base64.b64decode(looks.pop("zlib")))).decode()
    return trace


def _trace() -> Any:
    """The recorded first view, its attention unpacked; None without a file."""
    return None if trace_file(NAME) is None else _unpacked()


def recorded_view(
    use: InUse, found: Asked, seed: int, off: tuple[str, ...], described: tuple[int, ...]
) -> Made | None:
    """Return the recorded board if it was made for exactly this, else None."""
    trace = _trace()
    if trace is None or not use.shipped or trace["of"] != first_state():
        return None
    now = {"task": found.task, "seed": seed, "off": list(off), "description": list(described)}
    if now != {name: trace["of"][name] for name in now}:
        return None
    made: Made = trace["board"]
    return made


def tuned_of(reader: lm.Reader, questions: Sequence[tuple[int, int | None]]) -> Tuned:
    """Return what training on a code's pairs, instead of prompting with them, does to the weights."""
    pairs = [(word, answer) for word, answer in questions if answer is not None]
    done = lm.fine_tune(reader, pairs)
    return {
        "steps": done.steps,
        "words": done.words,
        "right": list(done.right),
        "known": [round(x, 4) for x in done.known],
        "digests": list(done.digests),
    }


# A few numbers for each question: 1 kB.
@shared
def _tuned(key: str, _reader: lm.Reader, questions: tuple[tuple[int, int | None], ...]) -> Tuned:
    return tuned_of(_reader, questions)


def tuned(use: InUse, found: Asked) -> Tuned:
    """Return the same for what is on the board, from the file if it is there."""
    trace = _trace()
    if use.shipped and trace is not None and trace["of"] == first_state() and found == drawn("new", SEED):
        done: Tuned = trace["tuned"]
        return done
    return _tuned(use.key(), use.reader(), found.questions)


# -- the board -------------------------------------------------------------------------------------------------------------


def shares(counts: Mapping[str, Sequence[int]], name: str) -> Shares:
    """Return share and 95% interval by k; None where nothing was asked. ``name``: shown, unseen or all."""
    if name == "all":
        right = [a + b for a, b in zip(counts["shown_right"], counts["unseen_right"], strict=True)]
        total = [a + b for a, b in zip(counts["shown_total"], counts["unseen_total"], strict=True)]
    else:
        right, total = list(counts[f"{name}_right"]), list(counts[f"{name}_total"])
    spans = [wilson_interval(r, n) for r, n in zip(right, total, strict=True)]
    return {
        "share": [round(r / n, 4) if n else None for r, n in zip(right, total, strict=True)],
        "low": [round(low, 4) for low, _ in spans],
        "high": [round(high, 4) for _, high in spans],
    }


def curves(counts: Counts, seed: int) -> list[PromptCurve]:
    """Return the two charts: new codes and dictionaries, each with words shown, not shown, and the best possible."""
    lines = ("shown", "unseen", "all")
    best = {"new": [best_new(k) for k in range(MOST_DEMONSTRATIONS + 1)], "known": bayes(seed)}
    return [
        {
            "kind": kind,
            "title": t("in_context", f"chart_{kind}"),
            "sub": t("in_context", f"chart_{kind}_sub"),
            "most": MOST_DEMONSTRATIONS,
            "lines": [
                {"name": t("in_context", f"line_{line}"), **shares(counts[kind], line)}
                for line in (lines if kind == "new" else lines[:2])
            ],
            "best": [round(x, 4) for x in best[kind]],
        }
        for kind in ("new", "known")
    ]


def board(found: Asked, made: Made, seed: int, off: tuple[str, ...]) -> PromptData:
    """Return what the board draws."""
    names = head_names()
    match = made["match"]
    strong = sorted((i for i in range(len(names)) if match[i] > lm.MATCHING), key=lambda i: -match[i])
    return {
        "pairs": [list(pair) for pair in found.pairs],
        "questions": [list(question) for question in found.questions],
        "vocabulary": WORDS,
        "description": description()[1],
        "answers": made["answers"],
        "right": made["right"],
        "attention": made["attention"],
        "lock": made["lock"],
        "heads": {"names": names, "match": match, "off": list(off), "matching": [names[i] for i in strong]},
        "curves": curves(made["counts"], seed),
        "curves_text": t("in_context", "curves_text", n=COUNT),
        "lang": language(),
        "words": element_words(),
        "stepper": labels("stepper"),
    }


def element_words() -> dict[str, str]:
    """Return the labels that elements need: the short ones."""
    return {key: text for key, text in labels("in_context").items() if len(text) < 160}


def overall(counts: Counts, kind: str, name: str) -> float:
    """Return the share right over all k (from 1 on for words not shown)."""
    start = 1 if name == "unseen" else 0
    right, total = counts[kind][f"{name}_right"][start:], counts[kind][f"{name}_total"][start:]
    return float(sum(right) / max(1, sum(total)))


def aid(found: Asked, made: Made, now: PromptView) -> str:
    """What the board shows at this k, in words; HTML."""
    shown = {word for word, _ in found.pairs[: now.k]}
    good = {True: 0, False: 0}
    count = {True: 0, False: 0}
    for number, (word, answer) in enumerate(found.questions):
        if answer is None:
            continue
        count[word in shown] += 1
        good[word in shown] += made["answers"]["words"][now.k][number][0] == answer
    said = [
        t(
            "in_context",
            f"aid_{found.task}",
            k=now.k,
            shown=count[True],
            shown_right=good[True],
            unseen=count[False],
            unseen_right=good[False],
            dictionary=found.dictionary,
        )
    ]
    if now.off:
        said.append(
            t(
                "in_context",
                "aid_off",
                heads=", ".join(now.off),
                new=f"{overall(made['counts'], 'new', 'shown'):.2f}",
                new_before=f"{overall(made['plain'], 'new', 'shown'):.2f}",
                known=f"{overall(made['counts'], 'known', 'unseen'):.2f}",
                known_before=f"{overall(made['plain'], 'known', 'unseen'):.2f}",
            )
        )
    elif found.task == "own":
        said.append(t("in_context", "aid_own_rule"))
    else:
        said.append(t("in_context", f"aid_{found.task}_rule"))
    ids, parts = description()
    if ids:
        said.append(t("in_context", "aid_description_read", n=len(ids)))
    elif parts:
        said.append(t("in_context", "aid_description"))
    return html.escape(" ".join(said))


def caption(use: InUse, found: Asked, seed: int, off: tuple[str, ...]) -> str:
    """The line under the board: model, weights, tokens read, prompts, heads off."""
    name = t("in_context", "live_model", seed=use.live_seed) if use.live_seed is not None else lm.NAME
    key = use.key()
    parts = [
        t("in_context", "caption_model", model=name, revision=key if key.startswith("live") else key[:10], tokens=f"{use.tokens():,}"),
        t("in_context", "caption_task", task=t("in_context", f"task_{found.task}"), seed=seed),
        t("in_context", "caption_prompts", n=COUNT),
    ]  # fmt: skip
    if off:
        parts.append(t("in_context", "caption_off", heads=", ".join(off)))
    return " · ".join(parts)


def facts() -> dict[str, object]:
    """Return the numbers that the details name, from what was recorded when the model was made."""
    run = lm.recorded()["runs"][0]
    closest = {int(n): count for n, count in run["closest_codes"].items()}
    return {
        "prompts": f"{run['history']['step'][-1] * 16:,}",
        "tokens": f"{run['history']['tokens'][-1]:,}",
        "seconds": f"{run['seconds']:.0f}",
        "fresh": sum(closest.values()),
        "closest": max(closest),
        "count": COUNT,
    }


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """Return the prepared states of the foot."""
    matching = ",".join(lm.recorded()["runs"][0]["matching"])
    return [
        (t("in_context", "try_known"), {"icl_task": "known", "icl_k": 2, "icl_ask": 4}),
        (t("in_context", "try_off"), {"icl_off": matching, "icl_k": 16}),
        (t("in_context", "try_before"), {"icl_moment": 1, "icl_k": 16}),
        (t("in_context", "try_wrong"), {"icl_task": "own", "icl_own": "sun -> lamp; frog -> ring; sun -> bell; sun -> lamp; sun -> bell", "icl_k": 5}),
    ]  # fmt: skip


def prediction() -> Prediction:
    """How many words of the first view's code are answered right? Counted in what the first view shows."""
    use, found = InUse(None, _MOMENTS - 1), drawn("new", SEED)
    made = recorded_view(use, found, SEED, (), ()) or computed(use, found, SEED, (), ())
    shown = {word for word, _ in found.pairs[:K]}
    said = [made["answers"]["words"][K][number][0] for number in range(len(found.questions))]
    right = sum(word == answer for word, (_, answer) in zip(said, found.questions, strict=True))
    choices = sorted({right, 0, 3, len(found.questions)})
    slots = {
        "words": len(found.questions),
        "shown": len(shown),
        "unseen": len(found.questions) - len(shown),
        "right": right,
    }
    return Prediction(
        t("in_context", "predict", **slots),
        [str(choice) for choice in choices],
        choices.index(right),
        t("in_context", "predict_why", **slots),
        {},
    )


# -- the export ------------------------------------------------------------------------------------------------------------


def answer_rows(found: Asked, made: Made) -> list[dict[str, Any]]:
    """Return every question after every number of demonstrations, as a table."""
    return [
        {
            "demonstrations": k,
            "word": WORDS[word],
            "right_answer": "" if answer is None else WORDS[answer],
            "shown": word in {w for w, _ in found.pairs[:k]},
            "says": WORDS[made["answers"]["words"][k][number][0]],
            "probability": made["answers"]["probs"][k][number][0],
            "probability_of_right": made["right"][k][number],
        }
        for k in range(len(found.pairs) + 1)
        for number, (word, answer) in enumerate(found.questions)
    ]


def best_possible(kind: str, line: str, seed: int) -> list[float | None]:
    """Return the best possible accuracy by k: of words shown, of words not shown, or of all of a new code."""
    ks = range(MOST_DEMONSTRATIONS + 1)
    if line == "shown":
        return [1.0 if k else None for k in ks]
    if kind == "known":
        return [*bayes(seed)] if line == "unseen" else [None for _ in ks]
    return [best_new(k) if line == "all" else chance_of_unseen(NUM_WORDS, k) for k in ks]


def curve_rows(counts: Counts, seed: int) -> list[dict[str, Any]]:
    """Return accuracy by k with its interval, as a table."""
    rows = []
    for kind in KINDS:
        for line in ("shown", "unseen", "all"):
            values, best = shares(counts[kind], line), best_possible(kind, line, seed)
            parts = ("shown", "unseen") if line == "all" else (line,)
            for k in range(MOST_DEMONSTRATIONS + 1):
                rows.append(
                    {
                        "kind": kind,
                        "words": line,
                        "demonstrations": k,
                        "asked": sum(counts[kind][f"{part}_total"][k] for part in parts),
                        "accuracy": values["share"][k],
                        "low_95": values["low"][k],
                        "high_95": values["high"][k],
                        "best_possible": best[k],
                    }
                )
    return rows


def training_rows() -> list[dict[str, Any]]:
    """Return every measurement of every recorded run, as a table."""
    rows = []
    for run in lm.recorded()["runs"]:
        history = run["history"]
        for i, tokens in enumerate(history["tokens"]):
            rows.append(
                {
                    "run_seed": run["seed"],
                    "tokens": tokens,
                    "loss": history["loss"][i],
                    **{name: history[name][i] for name in ("new_shown", "new_unseen", "known_shown", "known_unseen")},
                    **{f"match_{layer}.{head}": value for layer, row in enumerate(history["match"][i]) for head, value in enumerate(row)},
                }
            )  # fmt: skip
    return rows


def ablation_rows() -> list[dict[str, Any]]:
    """Return what is left without each head, for every recorded run, as a table."""
    return [
        {"run_seed": run["seed"], "run_weights": run["weights_sha256"][:16], "off": ", ".join(run["matching"]) if name == "matching" else name, **row}
        for run in lm.recorded()["runs"]
        for name, row in run["off"].items()
    ]  # fmt: skip


def export(use: InUse, found: Asked, made: Made, seed: int, off: tuple[str, ...]) -> Export:
    """What the page gives away."""
    return Export(
        name="gpt-in_context",
        caption=caption(use, found, seed, off),
        about={"model": lm.NAME, "weights": made["lock"]["before"], "prompt": write_pairs(found.pairs)},
        tables={
            "answers": lambda: answer_rows(found, made),
            "curves": lambda: curve_rows(made["counts"], seed),
            "training": training_rows,
            "heads_off": ablation_rows,
        },
        result=lambda: {"answers": answer_rows(found, made), "curves": curve_rows(made["counts"], seed)},
    )
