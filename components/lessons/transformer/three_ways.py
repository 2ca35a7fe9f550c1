"""State and numbers of the page "Three ways to pre-train"."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.transformer.three_ways import BOUNDS, WaysGrid, WaysView, t5_chart, three_ways
from components.elements.view import reported, started
from components.lessons.known_language import has_hangul
from components.lessons.recorded import trace_of
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import CannotRead
from components.lm.transformer.spans import SENTINELS
from components.lm.transformer.three_ways import (
    ARCHITECTURE,
    ARCHITECTURES,
    OBJECTIVES,
    Exercise,
    Objective,
    exercise,
    pattern,
    runs,
)
from components.shell import links
from components.shell.layout import Export, note_line, working
from components.shell.loading import load_model
from components.shell.refusals import cannot_read
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.reading import Reading

WORDS = "three_ways"
MASKED, NEXT, SPANS = "nano-bert", "pocket-gpt", "pocket-transformer"
TEXT, LINE = "The little girl saw a bird in the tree.", "14 march 2021 = 2021-03-14"
TEXT_KO = "아이는 아버지의 손을 잡고 길을 건넌다."
LINE_KO = "2021년 3월 14일 = 2021-03-14"
KOREAN = {"ways_text": TEXT_KO, "ways_line": LINE_KO}
HIDDEN_FIRST = {TEXT: "bird", TEXT_KO: "손을"}
"""What is masked in the texts to begin with: a word that the others tell."""
MOST_TOKENS, MOST_SYMBOLS = 24, 46
LOOKS = ("nothing", "t5", "pair")
PARAMS = (
    links.Text("ways_text", TEXT, max_chars=200),
    links.Text("ways_line", LINE, max_chars=60),
    links.Choice("ways_objective", OBJECTIVES, "mlm"),
    links.Numbers("ways_picks", most=24, high=63, example=(3,)),
    links.Choice("ways_look", LOOKS, "nothing"),
)
FACTS = Path(__file__).parents[3] / "assets" / "facts" / "t5_architectures.csv"
Answers = dict[int, list[tuple[str, float]]]


@dataclass(frozen=True)
class Read:
    """A text as the model of an objective reads it; ``free`` may be hidden."""

    tokens: tuple[str, ...]
    free: tuple[bool, ...]
    word_ids: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Shown:
    """The exercise on screen, and what the model answered; ``card`` is None where no bundled model was trained so."""

    text: str
    read: Read
    made: Exercise
    answers: Answers
    card: ModelCard | None

    @property
    def identity(self) -> str:
        """Names what is on screen."""
        return f"{self.made.objective} {self.made.picks} {self.text} {self.card.revision[-12:] if self.card else ''}"


def model_of(objective: Objective, text: str) -> str:
    """The bundled model that reads the text of an objective: one that learned Korean where the text has any."""
    masked, following = (KOREAN_BERT, KOREAN_GPT) if has_hangul(text) else (MASKED, NEXT)
    return {"encoder": masked, "encoder_decoder": SPANS}.get(ARCHITECTURE[objective], following)


def _read(name: str, text: str) -> "tuple[Read, Reading]":
    from components.lm.reading import read

    reading = read(load_model(name, "attention"), text)
    free = tuple(kind not in ("special", "frame") and part != "frame" for kind, part in zip(reading.kinds, reading.parts, strict=True))  # fmt: skip
    return Read(tuple(reading.texts), free, tuple(reading.word_ids)), reading


def own_picks(objective: Objective, read: Read, text: str) -> tuple[int, ...]:
    """What is hidden before the reader chose: where the answer can be known."""
    places = [i for i, free in enumerate(read.free) if free]
    if objective == "mlm" and HIDDEN_FIRST.get(text) in read.tokens:
        return (read.tokens.index(HIDDEN_FIRST[text]),)
    if objective == "corruption":
        last = len(read.tokens)
        return tuple(i for i in (*range(3, 6), last - 2, last - 1) if 0 <= i < last and i in places)
    middle = places[len(places) // 2]
    if objective == "span":
        return tuple(i for i in (middle, middle + 1) if i in places)
    return () if objective == "next" else (middle,)


def compute(objective: Objective, text: str, picks: tuple[int, ...]) -> tuple[Read, Exercise, Answers]:
    """Read the text, make the exercise, let the model answer. Raises ``CannotRead``, ``TooMany``, ``ValueError``."""
    if not text.strip():
        raise ValueError("nothing to hide")
    if objective == "corruption":
        return _corruption(text, picks)
    checkpoints.import_torch()
    import torch

    from components.lm.reading import inputs

    name = model_of(objective, text)
    found, reading = _read(name, text)
    if len(found.tokens) > MOST_TOKENS:
        raise TooMany(len(found.tokens), MOST_TOKENS)
    if not any(found.free):
        raise ValueError("nothing to hide")
    chosen = tuple(i for i in picks if i < len(found.free) and found.free[i]) or own_picks(
        objective, found, text
    )
    made = exercise(objective, found.tokens, chosen, found.word_ids)
    if objective == "prefix":  # no bundled model was trained so
        return found, made, {}
    loaded = load_model(name, "attention")
    batch = inputs(loaded, [reading])
    if ARCHITECTURE[objective] == "encoder":
        batch["input_ids"][0, list(made.picks)] = reading.mask_token_id
    with torch.inference_mode():
        output = loaded.model(**batch)
        logits = output.prediction_logits if "prediction_logits" in output else output.logits
        probs, ids = logits[0].float().softmax(-1).topk(3)
    from components.lm.tokens.token_text import token_info

    return (
        found,
        made,
        {
            i: [
                (token_info(loaded.tokenizer, int(one)).text, float(p))
                for one, p in zip(ids[i], probs[i], strict=True)
            ]
            for i, target in enumerate(made.targets)
            if target
        },
    )


def _corruption(text: str, picks: tuple[int, ...]) -> tuple[Read, Exercise, Answers]:
    from components.lm.transformer.text_to_text import FILL, decode

    symbols = tuple(" ".join(text.split()))
    if len(symbols) > MOST_SYMBOLS:
        raise TooMany(len(symbols), MOST_SYMBOLS)
    found = Read(symbols, (True,) * len(symbols), (None,) * len(symbols))
    chosen = tuple(i for i in picks if i < len(symbols)) or own_picks("corruption", found, text)
    made = exercise("corruption", symbols, chosen)
    written = decode(load_model(SPANS, "text_to_text"), FILL, "".join(made.inputs))
    answers: Answers = {}
    for step, (symbol, logits) in enumerate(zip(written.written, written.logits, strict=True)):
        if step >= len(made.targets):
            break
        p = np.exp(logits.astype(np.float64) - logits.max())
        answers[step] = [(symbol, float(p.max() / p.sum()))]
    return found, made, answers


class TooMany(ValueError):
    """The text has more tokens than can be drawn."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"{count} tokens, at most {limit}")
        self.count, self.limit = count, limit


def recorded(text: str) -> dict[str, Any]:
    """The first view of a language, to be written to its trace."""
    card = checkpoints.card(model_of("mlm", text))
    read, made, answers = compute("mlm", text, ())
    return {
        "model": card.name,
        "revision": card.revision,
        "text": text,
        "picks": made.picks,
        "tokens": read.tokens,
        "free": read.free,
        "word_ids": read.word_ids,
        "answers": {str(i): rows for i, rows in answers.items()},
    }


def first_view(revision: str, objective: str, text: str, picks: tuple[int, ...]) -> tuple[Read, Exercise, Answers] | None:  # fmt: skip
    """The recorded exercise if it is what is asked for and by this revision of the model; needs no torch."""
    trace = trace_of("transformer/three_ways", model_of("mlm", text))
    if trace is None or (trace["revision"], "mlm", trace["text"]) != (revision, objective, text):
        return None
    if picks and list(picks) != trace["picks"]:
        return None
    read = Read(tuple(trace["tokens"]), tuple(trace["free"]), tuple(trace["word_ids"]))
    made = exercise("mlm", read.tokens, trace["picks"], read.word_ids)
    return read, made, {int(i): [(text, p) for text, p in rows] for i, rows in trace["answers"].items()}


# An exercise of 24 tokens with three answers a place: some 5 kB.
@shared
def _known(objective: Objective, revision: str, text: str, picks: tuple[int, ...]) -> tuple[Read, Exercise, Answers]:  # fmt: skip
    return first_view(revision, objective, text, picks) or compute(objective, text, picks)


def _linked() -> WaysView:
    return WaysView(st.session_state["ways_objective"], tuple(st.session_state["ways_picks"]))


def chosen() -> WaysView:
    """The objective and the places: what the element holds, or the link right after it moved."""
    held = (st.session_state.get("three_ways") or {}).get("view")
    return reported(held, _linked(), links.revision(), BOUNDS)


def shown() -> Shown | None:
    """What is asked for, or None after saying what to change."""
    view = chosen()
    objective: Objective = view.objective  # type: ignore[assignment]
    text = str(st.session_state["ways_line" if objective == "corruption" else "ways_text"] or "")
    card = checkpoints.card(model_of(objective, text))
    try:
        with working(told(WORDS, "computing", model=card.name)):
            read, made, answers = _answered(objective, card.revision, text, view.picks)
    except CannotRead as error:
        st.error(cannot_read(error))
        return None
    except TooMany as error:
        st.error(told(WORDS, "too_many", count=error.count, limit=error.limit))
        return None
    except ValueError:
        st.error(told(WORDS, "empty"))
        return None
    return Shown(text, read, made, answers, None if objective == "prefix" else card)


def _answered(objective: Objective, revision: str, text: str, picks: tuple[int, ...]) -> tuple[Read, Exercise, Answers]:  # fmt: skip
    if objective == "corruption" and len(runs(picks)) >= len(SENTINELS):
        note_line(t(WORDS, "too_many_spans", limit=len(SENTINELS) - 1))
        spans = runs(picks)[: len(SENTINELS) - 1]
        picks = tuple(i for start, end in spans for i in range(start, end))
    return _known(objective, revision, text, picks)


def draw(now: Shown) -> WaysView:
    """The exercise, and who sees whom; what was chosen goes to the link."""
    made = now.made
    size = len(made.tokens)
    architecture = ARCHITECTURE[made.objective]
    more = {
        "prefix": made.picks[0] if made.objective == "prefix" else max(1, size // 2),
        "encoder_decoder": len(made.given) or max(2, size // 3),
    }
    grids: list[WaysGrid] = [
        {
            "name": name,
            "allowed": (
                made.allowed
                if name == architecture
                else pattern(name, min(size, MOST_TOKENS), more.get(name, 0))
            ).tolist(),
            "inputs": len(made.inputs) if made.given and name == architecture else min(size, MOST_TOKENS),
        }
        for name in ARCHITECTURES
    ]
    view = three_ways(
        {
            "id": now.identity,
            "objective": made.objective,
            "objectives": list(OBJECTIVES),
            "architecture": architecture,
            "tokens": made.tokens,
            "free": now.read.free,
            "word_ids": now.read.word_ids,
            "picks": chosen().picks,
            "chosen": made.picks,
            "inputs": made.inputs,
            "given": made.given,
            "targets": made.targets,
            "losses": made.num_losses,
            "answers": {str(i): rows for i, rows in now.answers.items()},
            "grids": grids,
            "note": t(WORDS, f"note_{made.objective}", model=now.card.name if now.card else ""),
        },
        start=started("three_ways", _linked(), links.revision()),
        rev=links.revision(),
        key="three_ways",
    )
    links.put("ways_objective", view.objective)
    links.put("ways_picks", view.picks)
    return view


# -- below, in words and to take home ------------------------------------------------------------------------------


@cache
def t5_rows() -> list[dict[str, str]]:
    """T5's table, its baseline first."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prediction() -> Prediction:
    """How much does an encoder-decoder lose that shares its weights?"""
    glue = {row["architecture"]: float(row["GLUE"]) for row in t5_rows() if row["objective"] == "Denoising"}
    base = glue["Encoder-decoder"]
    lost = [base - glue[name] for name in ("Language model", "Enc-dec, shared", "Enc-dec, 6 layers")]
    options = [t(WORDS, "predict_points", n=f"{points:.1f}") for points in lost]
    why = t(WORDS, "predict_why", shared=f"{lost[1]:.2f}", half=f"{lost[2]:.2f}", decoder=f"{lost[0]:.2f}")
    return Prediction(t(WORDS, "predict"), options, 1, why, {"ways_look": "t5"})


def look_further(now: Shown) -> None:
    """What the reader chose to see below the picture."""
    if st.session_state["ways_look"] == "t5":
        t5_chart(t5_rows(), key="t5_chart")
    elif st.session_state["ways_look"] == "pair":
        size = len(now.made.tokens)
        both, left = (int(pattern(kind, size, 0).sum()) for kind in ("encoder", "decoder"))
        losses = len(exercise("next", now.made.tokens, ()).tokens) - 1
        st.markdown(
            told(
                WORDS, "pair", size=size, both=both, left=left, next=losses, masked=max(1, round(0.15 * size))
            )
        )


def caption(now: Shown) -> str:
    """Model, objective and text of the picture."""
    name = f"{now.card.name} ({now.card.revision[:14]})" if now.card else t(WORDS, "no_model")
    return f"{name} · {t(WORDS, f'name_{now.made.objective}')} · {now.text}"


def rows(now: Shown) -> list[dict[str, Any]]:
    """Every position that could give loss: what is read there, what must be predicted, what the model said."""
    made = now.made
    return [
        {
            "position": i,
            "reads": place,
            "target": target,
            "answer": now.answers[i][0][0] if i in now.answers else "",
            "probability": now.answers[i][0][1] if i in now.answers else None,
        }
        for i, (place, target) in enumerate(zip(made.given or made.inputs, made.targets, strict=True))
    ]


def export(now: Shown) -> Export:
    """The exercise and T5's table, exact."""
    about = {
        "model": now.card.name if now.card else "",
        "revision": now.card.revision if now.card else "",
        "objective": now.made.objective,
        "text": now.text,
    }
    return Export(
        "three_ways",
        caption(now),
        about,
        {"exercise": lambda: rows(now), "t5-architectures": lambda: list(t5_rows())},
        lambda: {"exercise": rows(now), "allowed": now.made.allowed.tolist()},
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_next"), {"ways_objective": "next"}),
        (t(WORDS, "try_spans"), {"ways_objective": "corruption"}),
        (t(WORDS, "try_prefix"), {"ways_objective": "prefix"}),
        (t(WORDS, "try_t5"), {"ways_look": "t5"}),
    ]
