"""State, data and panels of the page "Watching a model learn"."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.gpt.candidate_curves import candidate_curves
from components.elements.gpt.learning_board import LearningData, LearningKind, LearningView
from components.elements.gpt.moment_lines import MomentLine, moment_lines
from components.elements.gpt.pair_bars import PairRow, pair_bars
from components.elements.predict_first import Prediction
from components.lessons.known_language import other_letters
from components.lessons.probabilities import short
from components.lessons.recorded import trace_file
from components.lm import checkpoints
from components.lm.gpt.decoding import SamplingSettings
from components.lm.training.cloze import BLANK, load_probes
from components.lm.training.learning import (
    Gain,
    Learned,
    UnusableProbe,
    as_json,
    from_json,
    gain,
    guess_band,
    moments,
    read_probe,
    shares,
)
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, note_line, panel_choice, working
from components.shell.layout import caption as caption_line
from components.shell.loading import load_model
from components.words import labels, language, t, told

if TYPE_CHECKING:
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.training.cloze import ClozeProbe
    from components.lm.training.learning import Learned, Snapshots


MODELS = ("nano-bert", "nano-gpt")
"""The models with snapshots; the second one writes."""
LARGE = ("pocket-bert", "pocket-gpt")
LOOKS = ("writes", "own", "bias", "nothing")
NUM_TOKENS = 40
MOST_LINES = 8
GREEDY, DICE = SamplingSettings(False), SamplingSettings(True, 0.7, 0, 1.0, 1)

# Sentences of our own.
PROMPT = "Once upon a time"
OWN, OWN_WORDS = "The little girl put on ___ shoes and went out.", "her, his, their"
BIAS_WORDS = "he, she"
BIAS = "\n".join(
    f"The {who} said ___ was tired." for who in ("king", "queen", "doctor", "nurse", "farmer", "teacher")
)
FIRST_PROBE = 10  # an article: the model needs no knowledge of the world
PARAMS = (
    links.Integer("probe", 0, len(load_probes()) - 1, FIRST_PROBE),
    links.Integer("moment", 0, max(len(moments(name)) for name in MODELS) - 1, 0),
    links.Choice("learn_look", LOOKS, "writes"),
    links.Text("learn_prompt", PROMPT),
    links.Flag("learn_dice"),
    links.Text("own", OWN),
    links.Text("own_words", OWN_WORDS, max_chars=400),
    links.Text("bias", BIAS),
    links.Text("bias_words", BIAS_WORDS, max_chars=400),
)


# -- what was computed before ----------------------------------------------------------------------------------------


def revisions() -> dict[str, str]:
    """Return the revision of each model of this page. Raises ``ModelRefused``."""
    return {name: checkpoints.card(name).revision for name in (*MODELS, *LARGE)}


def times(name: str) -> list[list[int]]:
    """Return step and tokens read at each moment of a model."""
    return [[m.step, m.tokens] for m in moments(name)]


def made_from() -> dict[str, Any]:
    """Return everything a first view depends on: models, moments, probes."""
    return {
        "models": revisions(),
        "moments": {name: times(name) for name in MODELS},
        "asked": [[p.kind, p.sentence, *p.candidates] for p in load_probes()],
    }


def _trace() -> Any:
    return trace_file("gpt/learning")


def first_view() -> dict[str, Any] | None:
    """Return the file of ``assets/traces/make.py`` if its models, moments and probes are still these, else None."""
    trace = _trace()
    return trace if trace is not None and trace["of"] == made_from() else None


def computed_view() -> dict[str, Any]:
    """Compute the first view: every probe, and the default state of each panel. Takes some twenty seconds."""
    kept = revisions()
    own = read_probe(OWN, OWN_WORDS)
    lines = BIAS.splitlines()
    return {
        "of": made_from(),
        "probes": {name: [as_json(found) for found in learned_probes(name, kept[name])] for name in MODELS},
        "writes": {
            "prompt": PROMPT,
            **{
                how: snapshot_texts(MODELS[1], kept[MODELS[1]], PROMPT, settings, NUM_TOKENS)
                for how, settings in (("greedy", GREEDY), ("dice", DICE))
            },
        },
        "own": {
            "asked": [own.sentence, *own.candidates],
            **{name: as_json(learned_sentence(name, kept[name], own)) for name in MODELS},
        },
        "bias": {
            "asked": [lines, BIAS_WORDS],
            **{
                name: [probe_scores(name, kept[name], read_probe(line, BIAS_WORDS)) for line in lines]
                for name in LARGE
            },
        },
    }


def learned(name: str) -> tuple[Learned, ...]:
    """Return all probes, put to every snapshot of a model: from the file, or computed."""
    trace = first_view()
    if trace is not None:
        pairs = zip(load_probes(), trace["probes"][name], strict=True)
        return tuple(from_json(probe, found) for probe, found in pairs)
    with working(t("learning", "computing")):
        return learned_probes(name, revisions()[name])


# -- the board -------------------------------------------------------------------------------------------------------


def view() -> LearningView:
    """Where the reader is, from the link."""
    return LearningView(st.session_state["probe"], st.session_state["moment"])


def keep(now: LearningView) -> None:
    """Hand what the element holds to the link."""
    links.put("probe", now.probe)
    links.put("moment", now.moment)


def kinds() -> dict[str, list[int]]:
    """Return the numbers of the probes of each kind."""
    found: dict[str, list[int]] = {}
    for number, probe in enumerate(load_probes()):
        found.setdefault(probe.kind, []).append(number)
    return found


def guessing(kind: str) -> tuple[float, int, int]:
    """Return how many probes of a kind guessing gets right on average, and between which numbers in 95 of 100 cases."""
    probes = load_probes()
    chances = [1 / len(probes[number].candidates) for number in kinds()[kind]]
    return sum(chances), *guess_band(chances)


def board(found: dict[str, tuple[Learned, ...]]) -> LearningData:
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
                    [[round(g.mean, 4), round(g.error, 4)] for g in gains(found[name], kind)]
                    for name in MODELS
                ],
            }
        )
    return {
        "models": [
            {"name": name, "moments": times(name), "losses": [m.loss for m in moments(name)]}
            for name in MODELS
        ],
        "probes": [
            {
                "kind": probe.kind,
                "sentence": probe.sentence,
                "candidates": probe.candidates,
                "asked": [as_json(found[name][number]) for name in MODELS],
            }
            for number, probe in enumerate(load_probes())
        ],
        "kinds": drawn,
        "blank": BLANK,
        "lang": language(),
        "words": labels("learning"),
        "stepper": labels("stepper"),
    }


def gains(found: Sequence[Learned], kind: str) -> list[Gain]:
    """Return how far the right words of a kind have risen over the wrong ones, at each moment."""
    mine = [found[number] for number in kinds()[kind]]
    return [gain(mine, moment) for moment in range(len(mine[0].logprobs))]


def right(found: Sequence[Learned], kind: str, moment: int) -> int:
    """Return how many probes of a kind a model gets right at a moment."""
    return sum(found[number].correct(_at(found[number], moment)) for number in kinds()[kind])


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


def _at(found: Learned, moment: int) -> int:
    return min(moment, len(found.logprobs) - 1)


def prediction() -> Prediction:
    """After how many steps has the loss of the GPT fallen by half of its whole fall?"""
    seen = moments(MODELS[1])
    first, last = seen[0], seen[-1]
    half = next(i for i, m in enumerate(seen) if m.loss <= (first.loss + last.loss) / 2)
    later = [i for i in (len(seen) - 3, len(seen) - 2) if i > half]
    options = [f"{seen[i].step:,}" for i in (half, *later)]
    return Prediction(
        t("learning", "predict", model=MODELS[1], steps=f"{last.step:,}", first=f"{first.loss:.2f}", last=f"{last.loss:.2f}"),
        options,
        0,
        t("learning", "predict_why", step=options[0], loss=f"{seen[half].loss:.2f}"),
        {"moment": len(seen) - 1},
    )  # fmt: skip


def caption(now: LearningView) -> str:
    """The line under the board: models, moment, probes."""
    parts = []
    for name, revision in revisions().items():
        if name in MODELS:
            when = times(name)
            step, tokens = when[min(now.moment, len(when) - 1)]
            parts.append(
                t(
                    "learning",
                    "caption_model",
                    model=name,
                    revision=revision.removeprefix("sha256:")[:10],
                    step=f"{step:,}",
                    tokens=f"{tokens:,}",
                )
            )
    return " · ".join((*parts, t("learning", "caption_probes", n=len(load_probes()))))


def aid(found: dict[str, tuple[Learned, ...]], now: LearningView) -> str:
    """What the numbers of this kind at this moment are worth, beside their start and beside guessing; HTML."""
    probe = load_probes()[now.probe]
    rises = {name: gain([found[name][n] for n in kinds()[probe.kind]], now.moment) for name in MODELS}
    learned_it = [name for name in MODELS if now.moment and rises[name].clear]
    chance, low, high = guessing(probe.kind)
    counts = {name: right(found[name], probe.kind, now.moment) for name in MODELS}
    start = {name: right(found[name], probe.kind, 0) for name in MODELS}
    above = [name for name in MODELS if counts[name] > high]
    below = [name for name in MODELS if counts[name] < low]
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
    uneven = [name for name in MODELS if len({len(p) for p in found[name][now.probe].pieces}) > 1]
    if uneven:
        said.append(t("learning", "aid_pieces", models=", ".join(uneven)))
    return html.escape(" ".join(said))


# -- the panels ------------------------------------------------------------------------------------------------------


def look_further(now: LearningView) -> None:
    """What the reader chose below the board."""
    look = panel_choice("learning", LOOKS, key="learn_look")
    if look == "nothing":
        return
    st.markdown(f"#### {t('learning', f'{look}_title')}")
    {"writes": writes, "own": own_sentence, "bias": bias}[look](now)


def _english_only(*texts: str) -> None:
    """Say it when what was typed is not in letters these models have learned."""
    if other_letters(*texts):
        note_line(t("learning", "english_only"))


def written() -> list[MomentLine]:
    """Return what each snapshot of the GPT writes after the reader's beginning."""
    s = st.session_state
    name, how = MODELS[1], "dice" if s["learn_dice"] else "greedy"
    trace = first_view()
    if trace is not None and trace["writes"]["prompt"] == s["learn_prompt"]:
        texts = trace["writes"][how]
    else:
        settings = DICE if s["learn_dice"] else GREEDY
        texts = snapshot_texts(name, revisions()[name], s["learn_prompt"], settings, NUM_TOKENS)
    return [
        {"step": step, "tokens": tokens, "text": text}
        for (step, tokens), text in zip(times(name), texts, strict=True)
    ]


def writes(now: LearningView) -> None:
    """The same beginning, continued by every snapshot."""
    first, second = st.columns([4, 1.4], vertical_alignment="bottom")
    held(first).text_input(t("learning", "prompt"), key="learn_prompt", help=t("learning", "prompt_help"))
    held(second).toggle(t("learning", "dice"), key="learn_dice", help=t("learning", "dice_help"))
    prompt = st.session_state["learn_prompt"]
    _english_only(prompt)
    with working(t("learning", "computing_texts")):
        lines = written()
    moment_lines(
        lines,
        prompt=prompt if len(prompt) <= 400 else f"… {prompt[-400:]}",
        current=min(now.moment, len(lines) - 1),
        words=labels("learning"),
        on_pick=_jump,
        key="moment_lines",
    )
    st.caption(told("learning", "writes_text", model=MODELS[1], n=NUM_TOKENS))


def _jump() -> None:
    """Callback: a line was pressed; the board goes to its moment."""
    picked = st.session_state["moment_lines"].get("pick")
    try:
        links.put("moment", min(max(int(picked["moment"]), 0), len(moments(MODELS[1])) - 1))
    except (TypeError, KeyError, ValueError, OverflowError):
        return
    links.moved()


def refused(error: UnusableProbe) -> str:
    """Return why a typed sentence cannot be asked."""
    return told("learning", f"bad_{error.code}", **error.slots)


def own_learned() -> dict[str, Learned]:
    """Return the reader's sentence at every moment of both models. Raises ``UnusableProbe``."""
    probe = read_probe(st.session_state["own"], st.session_state["own_words"])
    trace, kept = first_view(), revisions()
    if trace is not None and trace["own"]["asked"] == [probe.sentence, *probe.candidates]:
        return {name: from_json(probe, trace["own"][name]) for name in MODELS}
    return {name: learned_sentence(name, kept[name], probe) for name in MODELS}


def own_sentence(now: LearningView) -> None:
    """A sentence and candidates of the reader's."""
    first, second = st.columns([2.4, 1])
    held(first).text_input(t("learning", "own"), key="own", help=t("learning", "own_help"))
    held(second).text_input(t("learning", "own_words"), key="own_words", help=t("learning", "own_words_help"))
    try:
        with working(t("learning", "computing")):
            found = own_learned()
    except UnusableProbe as error:
        st.error(refused(error))
        return
    probe = found[MODELS[0]].probe
    _english_only(probe.sentence, *probe.candidates)
    before, after = probe.sentence.split(BLANK)
    candidate_curves(
        (before, after),
        probe.candidates,
        [
            {
                "name": name,
                "moments": times(name),
                "shares": [[short(p) for p in shares(row)] for row in one.logprobs],
                "pieces": one.pieces,
            }
            for name, one in found.items()
        ],
        current=now.moment,
        lang=language(),
        words=labels("learning"),
        key="candidate_curves",
    )
    st.caption(t("learning", "own_text"))


def preferences() -> list[PairRow]:
    """Return each line of the bias panel with its shares. Raises ``UnusableProbe``."""
    s = st.session_state
    lines = [line for line in s["bias"].splitlines() if line.strip()][:MOST_LINES]
    probes = [read_probe(line, s["bias_words"]) for line in lines]
    if not probes:
        raise UnusableProbe("empty")
    trace, kept = first_view(), revisions()
    known = trace is not None and trace["bias"]["asked"] == [lines, s["bias_words"]]
    return [
        {
            "sentence": probe.sentence,
            "candidates": probe.candidates,
            "shares": [
                shares(
                    trace["bias"][name][number] if trace and known else probe_scores(name, kept[name], probe)
                )
                for name in LARGE
            ],
        }
        for number, probe in enumerate(probes)
    ]


def bias(now: LearningView) -> None:
    """Sentences that differ in one word, asked of the two larger models."""
    first, second = st.columns([2.4, 1])
    held(first).text_area(
        t("learning", "bias"), key="bias", height=172, help=t("learning", "bias_help", n=MOST_LINES)
    )
    held(second).text_input(
        t("learning", "own_words"), key="bias_words", help=t("learning", "own_words_help")
    )
    try:
        with working(t("learning", "computing")):
            rows = preferences()
    except UnusableProbe as error:
        st.error(refused(error))
        return
    candidates = rows[0]["candidates"]
    _english_only(*(row["sentence"] for row in rows), *candidates)
    pair_bars(rows, candidates=candidates, models=LARGE, words=labels("learning"), key="pair_bars")
    about = [
        f"{name} ({revision.removeprefix('sha256:')[:10]})"
        for name, revision in revisions().items()
        if name in LARGE
    ]
    caption_line(t("learning", "bias_caption", models=", ".join(about)))
    st.markdown(t("learning", "bias_text"))


# -- the foot --------------------------------------------------------------------------------------------------------


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """Prepared states: the end of training for a fact of a book, the end for counting, and the bias panel."""
    first = {kind: numbers[0] for kind, numbers in kinds().items()}
    last = PARAMS[1].high
    return [
        (t("learning", "try_trivia"), {"probe": first["trivia"], "moment": last}),
        (t("learning", "try_counting"), {"probe": first["counting"], "moment": 0}),
        (t("learning", "try_bias"), {"learn_look": "bias", "moment": last}),
    ]


def loss_rows() -> list[dict[str, Any]]:
    """Return the held-out loss of every snapshot as a table for the export."""
    return [
        {"model_asked": name, "step": m.step, "tokens": m.tokens, "held_out_loss_nats": m.loss}
        for name in MODELS
        for m in moments(name)
    ]


def kind_rows(found: dict[str, tuple[Learned, ...]]) -> list[dict[str, Any]]:
    """Return how many probes of each kind each model gets right at each moment, as a table for the export."""
    rows = []
    for name in MODELS:
        for moment, (step, tokens) in enumerate(times(name)):
            for kind, numbers in kinds().items():
                chance, low, high = guessing(kind)
                rise = gain([found[name][number] for number in numbers], moment)
                rows.append(
                    {
                        "model_asked": name,
                        "step": step,
                        "tokens": tokens,
                        "kind": kind,
                        "right": right(found[name], kind, moment),
                        "probes": len(numbers),
                        "guessing": round(chance, 3),
                        "guessing_low": low,
                        "guessing_high": high,
                        "margin_gain_nats": rise.mean,
                        "margin_gain_standard_error": rise.error,
                    }
                )
    return rows


def probe_rows(found: dict[str, Learned]) -> list[dict[str, Any]]:
    """Return every candidate of one sentence at every moment, as a table for the export."""
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
        for name, one in found.items()
        for moment, (step, tokens) in enumerate(times(name))
        for c, word in enumerate(one.probe.candidates)
    ]


def export(found: dict[str, tuple[Learned, ...]], now: LearningView) -> Export:
    """What the page gives away."""

    def one() -> list[dict[str, Any]]:
        return probe_rows({name: found[name][now.probe] for name in MODELS})

    def own() -> list[dict[str, Any]]:
        try:
            return probe_rows(own_learned())
        except UnusableProbe:
            return []

    kept = revisions()
    return Export(
        name="gpt-learning",
        caption=caption(now),
        about={"model": ", ".join(MODELS), "revision": ", ".join(kept[name] for name in MODELS)},
        tables={
            "losses": loss_rows,
            "kinds": lambda: kind_rows(found),
            "probe": one,
            "own_sentence": own,
            "texts": written,
        },
        result=lambda: {"kinds": kind_rows(found), "probe": one(), "texts": written()},
    )


# Twelve copies of a model of 0.7 million parameters: some 34 MB.
@st.cache_resource(max_entries=4, show_spinner=False)
def snapshots(name: str, revision: str) -> Snapshots:
    """Return a model at every moment of its training."""
    from components.lm.training.learning import load_snapshots

    return load_snapshots(name)


# Sixty probes at twelve moments: some 100 kB. Some ten seconds to compute.
@st.cache_resource(max_entries=4, show_spinner=False)
def learned_probes(name: str, revision: str) -> tuple[Learned, ...]:
    """Return every cloze probe of ours, put to every snapshot of a model."""
    from components.lm.training.cloze import load_probes
    from components.lm.training.learning import learn

    return tuple(learn(snapshots(name, revision), probe) for probe in load_probes())


# One sentence at twelve moments: 2 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def learned_sentence(name: str, revision: str, probe: ClozeProbe) -> Learned:
    """Return one sentence, put to every snapshot of a model.

    Raises:
        UnusableProbe: it is too long for the model.
    """
    from components.lm.training.learning import learn

    return learn(snapshots(name, revision), probe)


# Twelve texts of 40 tokens: 3 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def snapshot_texts(
    name: str, revision: str, prompt: str, sampling: SamplingSettings, num_tokens: int
) -> tuple[str, ...]:
    """Return how every snapshot of a model continues the same beginning."""
    from components.lm.training.learning import write_on

    return write_on(snapshots(name, revision), prompt, sampling, num_tokens)


# A few numbers for each sentence.
@st.cache_resource(max_entries=400, show_spinner=False)
def probe_scores(name: str, revision: str, probe: ClozeProbe) -> tuple[float, ...]:
    """Return the log-probability of each candidate under a whole model, in nats.

    Raises:
        UnusableProbe: it is too long for the model.
    """
    from components.lm.training.cloze import score_probe
    from components.lm.training.learning import check_length

    loaded = load_model(name)
    check_length(loaded, probe)
    return score_probe(loaded, probe).logprobs
