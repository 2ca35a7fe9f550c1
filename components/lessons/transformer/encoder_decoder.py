"""State and numbers of the page "Encoder and decoder"."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.transformer.encoder_decoder import MOST, REMOVED, TowersView
from components.elements.transformer.variant_runs import RunLine, RunTable, variant_runs
from components.elements.view import sent
from components.lessons.recorded import TRACES
from components.lessons.transformer.variant_groups import length_groups, variants
from components.lm import checkpoints
from components.lm.checkpoints.model_card import ModelCard
from components.lm.transformer.conversions import answer, fill_answer, in_range, read
from components.lm.transformer.spans import rebuild
from components.lm.transformer.text_to_text import (
    ALL_TASKS,
    FILL,
    MODEL,
    Decoding,
    TooLong,
    Without,
    decode,
    from_arrays,
    model_text,
)
from components.shell import links
from components.shell.layout import Export, working
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t, told

WORDS = "encoder_decoder"
TRACE = TRACES / "transformer" / "encoder_decoder.npz"
TASK, TEXT = "eng", "2021년 3월 14일"
STEP = 3
"""The first view stands where the month is about to be written."""
LAYER = 1
MOST_BEAMS = 6
LOOKS = ("nothing", "no_mask", "one_vector")
PARAMS = (
    links.Choice("t2t_task", ALL_TASKS, TASK),
    links.Text("t2t_text", TEXT, max_chars=300),
    links.Integer("beams", 1, MOST_BEAMS, 1),
    links.Integer("symbol", 0, MOST.step, STEP),
    links.Integer("stop", 0, MOST.stop, 0),
    links.Integer("t2t_layer", 0, MOST.layer, LAYER),
    links.Integer("t2t_head", -1, MOST.head, -1),
    links.Integer("t2t_row", -1, MOST.row, -1),
    links.Choice("removed", ("none", *REMOVED[1:]), "none"),
    links.Choice("t2t_look", LOOKS, "nothing"),
)
_FIELDS = {
    "symbol": "step",
    "stop": "stop",
    "t2t_layer": "layer",
    "t2t_head": "head",
    "t2t_row": "row",
}  # of the link -> of the view


# -- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Shown:
    """A decoding and what was asked for."""

    card: ModelCard
    task: str
    text: str
    beams: int
    decoding: Decoding

    @property
    def identity(self) -> str:
        """Names what is on screen."""
        asked = (self.task, self.text, self.beams, self.decoding.without)
        return f"{self.card.revision[-12:]} {asked}"


@cache
def _trace() -> tuple[list[str], Decoding] | None:
    if not TRACE.exists():
        return None
    with np.load(TRACE) as file:
        return file["of"].tolist(), from_arrays({name: file[name] for name in file.files if name != "of"})


def first_view(name: str, revision: str, task: str, text: str) -> Decoding | None:
    """The recorded decoding of the page's own text by this revision of the model, or None for anything else."""
    trace = _trace()
    return trace[1] if trace is not None and trace[0] == [name, revision, task, text] else None


# A text of 90 symbols with an answer of 60 holds some 0.7 MB, the usual one 40 kB; shared by all sessions.
@shared
def _decoding(name: str, revision: str, task: str, text: str, beams: int, without: Without) -> Decoding:
    if beams == 1 and not without and (known := first_view(name, revision, task, text)):
        return known
    return decode(load_model(name, "text_to_text"), task, text, num_beams=beams, without=without)


def _removed() -> str:
    """What is dragged away: the element knows first, the link right after it moved."""
    s = st.session_state
    held = sent((s.get("encoder_decoder") or {}).get("view"), links.revision())
    if held is not None and held.get("removed") in REMOVED:
        return str(held["removed"])
    return "" if s["removed"] == "none" else str(s["removed"])


def shown() -> Shown:
    """What the link asks for; a text that is too long is refused in words, and the last one stays."""
    s = st.session_state
    card = checkpoints.card(MODEL, "text_to_text")
    without: Without = "cross" if _removed() == "cross" else ""
    task, text, beams = s["t2t_task"] or TASK, str(s["t2t_text"] or "").strip(), int(s["beams"] or 1)
    try:
        with working(told(WORDS, "computing", model=card.name)):
            found = _decoding(card.name, card.revision, task, text, beams, without)
    except TooLong as error:
        st.error(told(WORDS, "too_long", symbols=error.num_symbols, limit=error.limit))
        task, text, beams = s.get("_t2t_fitted", (TASK, TEXT, 1))
        found = _decoding(card.name, card.revision, task, text, beams, without)
    s["_t2t_fitted"] = (task, text, beams)
    return Shown(card, task, text, beams, found)


def words_of(found: Decoding) -> tuple[list[str], list[int]]:
    """The words of what the encoder reads, and for every symbol the number of its word (a space belongs to the one before)."""
    source = "".join(found.source[:-1])
    words = source.split(" ")
    return words, [i for i, word in enumerate(words) for _ in range(len(word) + 1)]


def prediction() -> Prediction:
    """Which word of the page's own text does the decoder read most, just before it writes the month?"""
    card = checkpoints.card(MODEL, "text_to_text")
    found = _decoding(card.name, card.revision, TASK, TEXT, 1, "")
    words, word_of = words_of(found)
    weights = found.cross[LAYER, :, STEP].mean(0)
    strongest = int(weights[:-1].argmax())
    return Prediction(
        t(WORDS, "predict", read=found.text[:STEP].strip(), next=found.text[STEP]),
        words,
        word_of[strongest],
        t(
            WORDS,
            "predict_why",
            symbol=found.source[strongest],
            weight=f"{weights[strongest]:.2f}",
            word=found.text[STEP:].split(" ")[0],
        ),
        {"symbol": STEP},
        tokens=True,
    )


# -- the picture -----------------------------------------------------------------------------------------------------


def start() -> TowersView:
    """Where the element starts: what the session held when the link last moved it (the same until it moves again)."""
    s, rev = st.session_state, links.revision()
    held = s.get("_t2t_start")
    if held is None or held[0] != rev:
        removed = next((part for part in REMOVED if part == s["removed"]), "")
        view = TowersView(**{field: int(s[key]) for key, field in _FIELDS.items()}, removed=removed)  # type: ignore[arg-type]
        held = s["_t2t_start"] = (rev, view)
    view = held[1]
    return view


def keep(view: TowersView) -> None:
    """Hand what was chosen in the element to the link."""
    for key, field in _FIELDS.items():
        links.put(key, getattr(view, field))
    links.put("removed", view.removed or "none")


def caption(now: Shown, view: TowersView) -> str:
    """Model, search, layer and head of the picture."""
    search = t(WORDS, "greedy") if now.beams == 1 else t(WORDS, "beam", n=now.beams)
    line = t(
        WORDS,
        "caption",
        model=now.card.name,
        revision=now.card.revision[:14],
        layers=now.card.num_layers,
        heads=now.card.num_heads,
        width=now.card.hidden_size,
        search=search,
        layer=view.layer,
        head=t(WORDS, "mean_head") if view.head < 0 else t(WORDS, "one_head", n=view.head),
        given=model_text(now.task, now.text),
    )
    return f"{line} · {t(WORDS, 'without_cross')}" if now.decoding.without else line


def percent(p: float) -> str:
    """A probability that is never rounded to 0% or 100%."""
    if p >= 0.9995:
        return ">99.9%" if p < 1 else "100%"
    return "<0.1%" if p < 0.001 else f"{p:.1%}"


def truth(task: str, text: str) -> str | None:
    """The right answer, where there is one."""
    return fill_answer(text) if task == FILL else answer(task, text)


def verdict(now: Shown) -> str:
    """Whether the answer is right, as HTML; where nothing is right, why."""
    found = now.decoding
    given = " ".join(now.text.split())
    right, p = truth(now.task, given), percent(float(np.exp(found.log_prob)))
    written = f'<span class="gb-mono">{html.escape(found.text)}</span>'
    if found.without:
        parts = [t(WORDS, "blind")]
    elif right is not None and found.text == right:
        if now.task == FILL:
            gaps = rebuild(symbols_of(given, found), symbols_of(right, found))
            line = f'<span class="gb-mono">{html.escape("".join(gaps))}</span>'
            parts = [t(WORDS, "right_fill", line=line, p=p)]
        else:
            parts = [t(WORDS, "right", written=written, p=p)]
    elif right is not None:
        shown_right = f'<span class="gb-mono">{html.escape(right)}</span>'
        key = "wrong_fill" if now.task == FILL else "wrong"
        parts = [t(WORDS, key, written=written, right=shown_right, p=p)]
    elif now.task == FILL:
        parts = [t(WORDS, "no_truth_fill", written=written, p=p)]
    elif read(given) is not None:
        parts = [t(WORDS, "other_kind", written=written, task=now.task, p=p)]
    else:
        parts = [t(WORDS, "no_truth", written=written, p=p)]
    value = read(given)
    if value is not None and not in_range(value) and not found.without:
        parts.append(t(WORDS, "out_of_range"))
    if found.unknown:
        parts.append(t(WORDS, "unknown", n=found.unknown))
    if not found.ended:
        parts.append(t(WORDS, "unended", n=len(found.written)))
    return " ".join(parts)


def symbols_of(text: str, found: Decoding) -> list[str]:
    """A text as symbols: a sentinel is one of them."""
    symbols: list[str] = []
    while text:
        size = next(
            (3 for s in found.vocabulary if s.startswith("<") and len(s) == 3 and text.startswith(s)), 1
        )
        symbols.append(text[:size])
        text = text[size:]
    return symbols


# -- recorded runs ---------------------------------------------------------------------------------------------------


def _learning(variant: str, measure: str) -> list[list[float]]:
    """[symbols seen, share] along a recorded run: next symbols, or whole answers of dates and numbers."""
    points = []
    for entry in variants()["variants"][variant]["history"]:
        exact = entry["exact"]
        share = entry["symbols_right"] if measure == "symbols" else (exact["date"] + exact["number"]) / 2
        points.append([entry["tokens"], share])
    return points


def _samples(names: Mapping[str, str]) -> RunTable:
    """A table of what the variants write for the same texts."""
    found = variants()["variants"]
    first = next(iter(names))
    return {
        "title": t(WORDS, "samples"),
        "head": [t(WORDS, "sample_in"), *(t(WORDS, "sample_out", name=name) for name in names.values())],
        "rows": [
            [given, *(found[variant]["samples"][i][1] for variant in names)]
            for i, (given, _) in enumerate(found[first]["samples"])
        ],
    }


def _recorded(names: Sequence[str]) -> str:
    found = variants()
    digests = ", ".join(f"{name} {found['variants'][name]['trained'][:19]}" for name in names)
    settings = found["settings"]
    return t(
        WORDS, "recorded", tokens=f"{settings['total_tokens']:,}", seed=settings["seed"], digests=digests
    )


def look_further() -> None:
    """What the reader chose to see below the picture."""
    look = st.session_state["t2t_look"]
    if look == "no_mask":
        names = {"full": t(WORDS, "full"), "no_mask": t(WORDS, "no_mask")}
        lines: list[RunLine] = [
            {"name": t(WORDS, f"{kind}_{variant}"), "points": _learning(variant, measure)}
            for variant in names
            for kind, measure in (("fed", "symbols"), ("own", "answers"))
        ]
        variant_runs(
            {
                "title": t(WORDS, "no_mask_title"),
                "text": t(WORDS, "no_mask_text"),
                "charts": [{"title": t(WORDS, "no_mask_lines"), "lines": lines}],
                "table": _samples(names),
                "source": _recorded(list(names)),
            },
            key="no_mask_runs",
        )
    elif look == "one_vector":
        names = {"full": t(WORDS, "with_attention"), "one_vector": t(WORDS, "with_one_vector")}
        shares = {
            slot: f"{variants()['variants'][variant]['exact']:.0%}"
            for slot, variant in (("full", "full"), ("one", "one_vector"))
        }
        lines = [{"name": name, "points": _learning(variant, "answers")} for variant, name in names.items()]
        variant_runs(
            {
                "title": t(WORDS, "one_vector_title"),
                "text": t(WORDS, "one_vector_text", **shares),
                "charts": [
                    {"title": t(WORDS, "one_vector_lengths"), "groups": length_groups(names)},
                    {"title": t(WORDS, "one_vector_lines"), "lines": lines},
                ],
                "table": _samples(names),
                "source": _recorded(list(names)),
            },
            key="one_vector_runs",
        )


# -- what goes home --------------------------------------------------------------------------------------------------


def next_rows(found: Decoding, most: int = 10) -> list[dict[str, Any]]:
    """The likeliest next symbols at each step, as a table."""
    rows = []
    probs = found.probs
    for step, written in enumerate(found.written):
        order = np.argsort(-probs[step])[:most]
        rows += [
            {
                "step": step + 1,
                "written": written,
                "rank": rank + 1,
                "symbol": found.vocabulary[i],
                "logit": float(found.logits[step, i]),
                "probability": float(probs[step, i]),
            }
            for rank, i in enumerate(order.tolist())
        ]
    return rows


def cross_rows(found: Decoding, layer: int) -> list[dict[str, Any]]:
    """Encoder-decoder attention of one layer, every head and the mean (head -1), as a table."""
    if not len(found.cross):
        return []
    weights = found.cross[layer]
    heads = {-1: weights.mean(0), **dict(enumerate(weights))}
    return [
        {
            "layer": layer,
            "head": head,
            "step": q + 1,
            "written": found.written[q],
            "position": k,
            "read": found.source[k],
            "weight": float(matrix[q, k]),
        }
        for head, matrix in heads.items()
        for q in range(len(found.written))
        for k in range(len(found.source))
    ]


def export(now: Shown, view: TowersView) -> Export:
    """Everything of the picture, exact."""
    found = now.decoding
    about = {
        "model": now.card.name,
        "revision": now.card.revision,
        "task": now.task,
        "text": now.text,
        "beams": now.beams,
        "without": found.without,
    }
    return Export(
        "encoder-decoder",
        caption(now, view),
        about,
        {"next-symbols": lambda: next_rows(found), "attention": lambda: cross_rows(found, view.layer)},
        lambda: {
            "source": found.source,
            "written": found.written,
            "log_prob": found.log_prob,
            "right": truth(now.task, now.text),
            "beams": [[vars(h) for h in kept] for kept in found.beams],
            "next": next_rows(found),
            "cross": found.cross.tolist(),
        },
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_cross"), {"t2t_task": "han", "t2t_text": "seven thousand three hundred twenty-one", "symbol": 2}),
        (t(WORDS, "try_gap"), {"t2t_task": FILL, "t2t_text": "14 <X> 2021 = 2021년 3월 14일", "symbol": 1}),
        (t(WORDS, "try_never"), {"t2t_task": "iso", "t2t_text": "32 march 2021", "symbol": 9}),
        (t(WORDS, "try_gpt"), {"removed": "cross", "symbol": 0}),
    ]  # fmt: skip
