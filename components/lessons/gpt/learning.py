"""State and data of the page "Watching a model learn"; what stands below its board is in ``learning_panels.py``."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components.elements.gpt.learning_board import LearningData, LearningKind, LearningView
from components.elements.predict_first import Prediction
from components.lessons.recorded import TRACES, trace_file
from components.lm import checkpoints
from components.lm.training.cloze import BLANK, LARGE_PROBES_PATH, ClozeProbe, load_probes
from components.lm.training.learning import Gain, Learned, as_json, gain, guess_band, shares
from components.lm.training.recorded_moments import RecordedMoments, read_moments
from components.shell import links
from components.shell.held import held
from components.shell.layout import controls
from components.words import labels, language, t

TWINS = {"pocket": ("pocket-bert", "pocket-gpt"), "nano": ("nano-bert", "nano-gpt")}
"""Two models of one size each; the second one writes."""
MODELS = tuple(name for pair in TWINS.values() for name in pair)
LOOKS = ("writes", "heads", "own", "bias", "nothing")
MOMENTS = 12
"""Moments of each training."""
NUM_SAMPLES = 6
"""Beginnings that each pair was given while it learned: three of the GPT, three of BERT."""
NUM_HEAD_TEXTS = 3

# Sentences of our own.
PROMPT = "Once upon a time"
OWN, OWN_WORDS = "The little girl put on ___ shoes and went out.", "her, his, their"
BIAS_WORDS = "he, she"
BIAS = "\n".join(
    f"The {who} said ___ was tired." for who in ("king", "queen", "doctor", "nurse", "farmer", "teacher")
)
NUM_PROBES = 280
FIRST_PROBE = 40
"""A probe that both pocket models get wrong before training and right at its end."""
PARAMS = (
    links.Integer("probe", 0, NUM_PROBES - 1, FIRST_PROBE),
    links.Integer("moment", 0, MOMENTS - 1, 0),
    links.Choice("twins", tuple(TWINS), "pocket"),
    links.Choice("learn_look", LOOKS, "writes"),
    links.Integer("learn_sample", 0, NUM_SAMPLES - 1, 0),
    links.Text("learn_prompt", PROMPT),
    links.Flag("learn_dice"),
    links.Choice("learn_model", ("gpt", "bert"), "gpt"),
    links.Integer("learn_text", 0, NUM_HEAD_TEXTS - 1, 0),
    links.Integer("learn_head", 0, 35, 0),
    links.Text("own", OWN),
    links.Text("own_words", OWN_WORDS, max_chars=400),
    links.Text("bias", BIAS),
    links.Text("bias_words", BIAS_WORDS, max_chars=400),
)


# -- what was recorded -----------------------------------------------------------------------------------------------


def pair() -> tuple[str, str]:
    """Return the two models on the board: BERT, then GPT."""
    return TWINS[st.session_state["twins"]]


# Each file as it is read: some 5 MB of small tuples.
@st.cache_resource(max_entries=len(MODELS), show_spinner=False)
def recorded(name: str) -> RecordedMoments:
    """Return what one of the models did at the moments of its training."""
    return read_moments(TRACES / "gpt" / f"learning_{name}.npz")


# 280 sentences: 60 kB.
@st.cache_resource(max_entries=1, show_spinner=False)
def probes() -> tuple[ClozeProbe, ...]:
    """Return the probes of the page, forty of each kind."""
    return load_probes(LARGE_PROBES_PATH)


def revisions(*names: str) -> dict[str, str]:
    """Return the revision of each model. Raises ``ModelRefused``."""
    return {name: checkpoints.card(name).revision for name in names}


def times(name: str) -> list[list[int]]:
    """Return step and tokens read at each moment of a model."""
    return [[m.step, m.tokens] for m in recorded(name).moments]


def first_view() -> dict[str, Any] | None:
    """Return the file of ``assets/traces/make.py`` (what the panels show first) if its models are still these, else None."""
    trace = trace_file("gpt/learning")
    return trace if trace is not None and trace["of"] == revisions(*MODELS) else None


def found() -> dict[str, tuple[Learned, ...]]:
    """Return all probes, put to both models on the board at every moment."""
    return {name: recorded(name).learned for name in pair()}


# -- the board -------------------------------------------------------------------------------------------------------


def choose_twins() -> None:
    """The control below the board: which two models."""
    with controls():
        held().segmented_control(
            t("learning", "twins"),
            tuple(TWINS),
            key="twins",
            required=True,
            format_func=lambda size: " + ".join(TWINS[size]),
        )


def view() -> LearningView:
    """Where the reader is, from the link."""
    return LearningView(st.session_state["probe"], st.session_state["moment"])


def keep(now: LearningView) -> None:
    """Hand what the element holds to the link."""
    links.put("probe", now.probe)
    links.put("moment", now.moment)


def kinds() -> dict[str, list[int]]:
    """Return the numbers of the probes of each kind."""
    numbers: dict[str, list[int]] = {}
    for number, probe in enumerate(probes()):
        numbers.setdefault(probe.kind, []).append(number)
    return numbers


def guessing(kind: str) -> tuple[float, int, int]:
    """Return how many probes of a kind guessing gets right on average, and between which numbers in 95 of 100 cases."""
    chances = [1 / len(probes()[number].candidates) for number in kinds()[kind]]
    return sum(chances), *guess_band(chances)


def board(asked: Mapping[str, Sequence[Learned]]) -> LearningData:
    """Return what the board draws."""
    drawn: list[LearningKind] = []
    for kind in kinds():
        chance, low, high = guessing(kind)
        drawn.append(
            {
                "kind": kind,
                "label": t("learning", f"kind_{kind}"),
                "chance": chance,
                "low": low,
                "high": high,
                "gains": [
                    [[round(g.mean, 4), round(g.error, 4)] for g in gains(one, kind)]
                    for one in asked.values()
                ],
            }
        )
    return {
        "models": [
            {"name": name, "moments": times(name), "losses": [m.loss for m in recorded(name).moments]}
            for name in asked
        ],
        "probes": [
            {
                "kind": probe.kind,
                "sentence": probe.sentence,
                "candidates": probe.candidates,
                "asked": [as_json(one[number]) for one in asked.values()],
            }
            for number, probe in enumerate(probes())
        ],
        "kinds": drawn,
        "blank": BLANK,
        "lang": language(),
        "words": labels("learning"),
        "stepper": labels("stepper"),
    }


def gains(asked: Sequence[Learned], kind: str) -> list[Gain]:
    """Return how far the right words of a kind have risen over the wrong ones, at each moment."""
    mine = [asked[number] for number in kinds()[kind]]
    return [gain(mine, moment) for moment in range(len(mine[0].logprobs))]


def right(asked: Sequence[Learned], kind: str, moment: int) -> int:
    """Return how many probes of a kind a model gets right at a moment."""
    return sum(asked[number].correct(moment) for number in kinds()[kind])


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


def prediction() -> Prediction:
    """After how many steps has the loss of the GPT fallen by half of its whole fall?"""
    name = pair()[1]
    seen = recorded(name).moments
    first, last = seen[0], seen[-1]
    half = next(i for i, m in enumerate(seen) if m.loss <= (first.loss + last.loss) / 2)
    later = [i for i in (len(seen) - 3, len(seen) - 2) if i > half]
    options = [f"{seen[i].step:,}" for i in (half, *later)]
    return Prediction(
        t("learning", "predict", model=name, steps=f"{last.step:,}", first=f"{first.loss:.2f}", last=f"{last.loss:.2f}"),
        options,
        0,
        t("learning", "predict_why", step=options[0], loss=f"{seen[half].loss:.2f}"),
        {"moment": len(seen) - 1},
    )  # fmt: skip


def caption(now: LearningView) -> str:
    """The line under the board: models, moment, probes."""
    parts = []
    for name in pair():
        step, tokens = times(name)[now.moment]
        parts.append(
            t(
                "learning",
                "caption_model",
                model=name,
                revision=recorded(name).revision.removeprefix("sha256:")[:10],
                step=f"{step:,}",
                tokens=f"{tokens:,}",
            )
        )
    return " · ".join((*parts, t("learning", "caption_probes", n=len(probes()))))


def aid(asked: Mapping[str, Sequence[Learned]], now: LearningView) -> str:
    """What the numbers of this kind at this moment are worth, beside their start and beside guessing; HTML."""
    probe = probes()[now.probe]
    rises = {name: gain([one[n] for n in kinds()[probe.kind]], now.moment) for name, one in asked.items()}
    learned_it = [name for name in asked if now.moment and rises[name].clear]
    chance, low, high = guessing(probe.kind)
    counts = {name: right(one, probe.kind, now.moment) for name, one in asked.items()}
    start = {name: right(one, probe.kind, 0) for name, one in asked.items()}
    above = [name for name in asked if counts[name] > high]
    below = [name for name in asked if counts[name] < low]
    said = [
        t(
            "learning",
            "aid_gain" if now.moment else "aid_before",
            kind=t("learning", f"kind_{probe.kind}"),
            gains=", ".join(f"{name} {_signed(g.mean)} ± {g.error:.1f}" for name, g in rises.items()),
        ),
        *([t("learning", "aid_clear", models=", ".join(learned_it))] if learned_it else []),
        *([t("learning", "aid_unclear")] if now.moment and not learned_it else []),
        t(
            "learning",
            "aid",
            scores=_named(counts),
            total=len(kinds()[probe.kind]),
            chance=f"{chance:.1f}",
            low=low,
            high=high,
        ),
    ]
    if above:
        said.append(t("learning", "aid_above" if len(above) == 1 else "aid_both", model=above[0]))
    if below:
        said.append(t("learning", "aid_below", models=", ".join(below)))
    if not above and not below:
        said.append(t("learning", "aid_within"))
    if now.moment:
        said.append(t("learning", "aid_start", scores=_named(start)))
    uneven = [name for name, one in asked.items() if len({len(p) for p in one[now.probe].pieces}) > 1]
    if uneven:
        said.append(t("learning", "aid_pieces", models=", ".join(uneven)))
    return html.escape(" ".join(said))


# -- the foot --------------------------------------------------------------------------------------------------------


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """Prepared states: a fact of a book at the end of training, counting before it, the heads, and the bias panel."""
    first = {kind: numbers[0] for kind, numbers in kinds().items()}
    last = MOMENTS - 1
    return [
        (t("learning", "try_trivia"), {"probe": first["trivia"], "moment": last}),
        (t("learning", "try_counting"), {"probe": first["counting"], "moment": 0}),
        (t("learning", "try_heads"), {"learn_look": "heads", "moment": last}),
        (t("learning", "try_bias"), {"learn_look": "bias", "moment": last}),
    ]


def loss_rows() -> list[dict[str, Any]]:
    """Return the held-out loss at every moment as a table for the export."""
    return [
        {"model_asked": name, "step": m.step, "tokens": m.tokens, "held_out_loss_nats": m.loss}
        for name in pair()
        for m in recorded(name).moments
    ]


def kind_rows(asked: Mapping[str, Sequence[Learned]]) -> list[dict[str, Any]]:
    """Return how many probes of each kind each model gets right at each moment, as a table for the export."""
    rows = []
    for name, one in asked.items():
        for moment, (step, tokens) in enumerate(times(name)):
            for kind, numbers in kinds().items():
                chance, low, high = guessing(kind)
                rise = gain([one[number] for number in numbers], moment)
                rows.append(
                    {
                        "model_asked": name,
                        "step": step,
                        "tokens": tokens,
                        "kind": kind,
                        "right": right(one, kind, moment),
                        "probes": len(numbers),
                        "guessing": round(chance, 3),
                        "guessing_low": low,
                        "guessing_high": high,
                        "margin_gain_nats": rise.mean,
                        "margin_gain_standard_error": rise.error,
                    }
                )
    return rows


def probe_rows(
    asked: Mapping[str, Learned], at: Mapping[str, Sequence[Sequence[int]]]
) -> list[dict[str, Any]]:
    """Return every candidate of one sentence at every moment, as a table for the export.

    ``at``: [step, tokens read] of each moment, for each model."""
    return [
        {
            "model_asked": name,
            "step": step,
            "tokens": tokens,
            "sentence": one.probe.sentence,
            "candidate": word,
            "pieces": " ".join(one.pieces[c]),
            "logprob": one.logprobs[moment][c],
            "share": shares(one.logprobs[moment])[c],
        }
        for name, one in asked.items()
        for moment, (step, tokens) in enumerate(at[name])
        for c, word in enumerate(one.probe.candidates)
    ]
