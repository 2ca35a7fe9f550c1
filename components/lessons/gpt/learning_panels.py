"""What stands below the board of "Watching a model learn": texts, heads, a sentence of the reader's, bias; and its export."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.gpt.candidate_curves import candidate_curves
from components.elements.gpt.head_moments import head_moments
from components.elements.gpt.learning_board import LearningView
from components.elements.gpt.moment_lines import MomentLine, moment_lines
from components.elements.gpt.pair_bars import PairRow, pair_bars
from components.lessons.gpt import learning as page
from components.lessons.known_language import other_letters
from components.lessons.probabilities import short
from components.lm.gpt.decoding import SamplingSettings
from components.lm.training.cloze import BLANK
from components.lm.training.learning import (
    Learned,
    UnusableProbe,
    as_json,
    from_json,
    moments,
    read_probe,
    shares,
)
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, note_line, panel_choice, working
from components.shell.layout import caption as caption_line
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import labels, language, t, told

if TYPE_CHECKING:
    from components.lm.training.cloze import ClozeProbe
    from components.lm.training.learning import Snapshots

WRITER = page.TWINS["nano"][1]
"""The model whose snapshots all ship: it can be asked to write at every moment."""
LARGE = page.TWINS["pocket"]
NUM_TOKENS = 40
MOST_LINES = 8
GREEDY, DICE = SamplingSettings(False), SamplingSettings(True, 0.7, 0, 1.0, 1)


def computed_view() -> dict[str, Any]:
    """Compute what the panels show first with the models that ship."""
    kept = page.revisions(*page.MODELS)
    own = read_probe(page.OWN, page.OWN_WORDS)
    lines = page.BIAS.splitlines()
    return {
        "of": kept,
        "writes": {
            "prompt": page.PROMPT,
            **{
                how: snapshot_texts(WRITER, kept[WRITER], page.PROMPT, settings, NUM_TOKENS)
                for how, settings in (("greedy", GREEDY), ("dice", DICE))
            },
        },
        "own": {
            "asked": [own.sentence, *own.candidates],
            **{name: as_json(learned_sentence(name, kept[name], own)) for name in page.MODELS},
        },
        "bias": {
            "asked": [lines, page.BIAS_WORDS],
            **{
                name: [probe_scores(name, kept[name], read_probe(line, page.BIAS_WORDS)) for line in lines]
                for name in LARGE
            },
        },
    }


def look_further(now: LearningView) -> None:
    """What the reader chose below the board."""
    look = panel_choice("learning", page.LOOKS, key="learn_look")
    if look == "nothing":
        return
    st.markdown(f"#### {t('learning', f'{look}_title')}")
    {"writes": writes, "heads": heads, "own": own_sentence, "bias": bias}[look](now)


def _english_only(*texts: str) -> None:
    """Say it when what was typed is not in letters these models have learned."""
    if other_letters(*texts):
        note_line(t("learning", "english_only"))


# -- what it writes --------------------------------------------------------------------------------------------------


def sampled() -> tuple[str, list[MomentLine]]:
    """Return the chosen beginning, and what its model made of it at each moment, as recorded."""
    bert, gpt = page.pair()
    number = st.session_state["learn_sample"]
    name = gpt if number < len(page.recorded(gpt).given) else bert
    one = page.recorded(name)
    number -= 0 if name == gpt else len(page.recorded(gpt).given)
    lines: list[MomentLine] = []
    for (step, tokens), made in zip(page.times(name), one.samples, strict=True):
        sample = made[number]
        guesses = ", ".join(f"{token} {p:.0%}" for token, p in sample.guesses)
        lines.append({"step": step, "tokens": tokens, "text": f" → {guesses}" if guesses else sample.text})
    return one.given[number], lines


def written() -> list[MomentLine]:
    """Return what each snapshot of the nano GPT writes after the reader's beginning."""
    s = st.session_state
    how = "dice" if s["learn_dice"] else "greedy"
    trace = page.first_view()
    if trace is not None and trace["writes"]["prompt"] == s["learn_prompt"]:
        texts = trace["writes"][how]
    else:
        settings = DICE if s["learn_dice"] else GREEDY
        revision = page.revisions(WRITER)[WRITER]
        texts = snapshot_texts(WRITER, revision, s["learn_prompt"], settings, NUM_TOKENS)
    return [
        {"step": step, "tokens": tokens, "text": text}
        for (step, tokens), text in zip(page.times(WRITER), texts, strict=True)
    ]


def writes(now: LearningView) -> None:
    """The same beginning, continued at every moment: recorded of the pocket models, live of the nano ones."""
    if st.session_state["twins"] == "pocket":
        bert, gpt = page.pair()
        given = [(name, text) for name in (gpt, bert) for text in page.recorded(name).given]
        held().selectbox(
            t("learning", "sample"),
            range(len(given)),
            key="learn_sample",
            format_func=lambda number: f"{given[number][0]}: {given[number][1]}",
        )
        prompt, lines = sampled()
        said = told("learning", "sampled_text", gpt=gpt, bert=bert, n=NUM_TOKENS)
    else:
        first, second = st.columns([4, 1.4], vertical_alignment="bottom")
        held(first).text_input(t("learning", "prompt"), key="learn_prompt", help=t("learning", "prompt_help"))
        held(second).toggle(t("learning", "dice"), key="learn_dice", help=t("learning", "dice_help"))
        prompt = st.session_state["learn_prompt"]
        _english_only(prompt)
        with working(t("learning", "computing_texts")):
            lines = written()
        said = told("learning", "writes_text", model=WRITER, n=NUM_TOKENS)
    moment_lines(
        lines,
        prompt=prompt if len(prompt) <= 400 else f"… {prompt[-400:]}",
        current=now.moment,
        words=labels("learning"),
        on_pick=lambda: _jump("moment_lines"),
        key="moment_lines",
    )
    st.caption(said)


def _jump(element: str) -> None:
    """Callback: a moment was pressed in an element; the board goes there. A head that was pressed is kept too."""
    picked = st.session_state[element].get("pick")
    try:
        places = {
            param: int(picked[name])
            for name, param in (("moment", "moment"), ("head", "learn_head"))
            if name in picked
        }
    except (TypeError, KeyError, ValueError, OverflowError):
        return
    bounds = {param.key: param for param in page.PARAMS if isinstance(param, links.Integer)}
    for key, place in places.items():
        links.put(key, min(max(place, bounds[key].low), bounds[key].high))
    links.moved()


# -- its heads -------------------------------------------------------------------------------------------------------


def _spaced(tokens: Sequence[str]) -> list[str]:
    """Tokens with the space that a byte-level tokenizer writes as Ġ."""
    return [token.replace("Ġ", " ") for token in tokens]


def _text_of(tokens: Sequence[str]) -> str:
    """The text that was read, without what a model frames it with."""
    own = [token for token in tokens if not token.startswith(("<|", "["))]
    between = "" if any("Ġ" in token for token in own) else " "
    return between.join(_spaced(own)).strip()


def heads(now: LearningView) -> None:
    """What every head looks at in a fixed text, and one head at every moment."""
    s = st.session_state
    bert, gpt = page.pair()
    names = {"gpt": gpt, "bert": bert}
    first, second = st.columns([1.2, 3], vertical_alignment="bottom")
    held(first).segmented_control(
        t("learning", "head_model"),
        tuple(names),
        key="learn_model",
        required=True,
        format_func=names.__getitem__,
    )
    one = page.recorded(names[s["learn_model"]])
    held(second).selectbox(
        t("learning", "head_text"),
        range(len(one.tokens)),
        key="learn_text",
        format_func=lambda number: _text_of(one.tokens[number]),
    )
    weights = one.attention[s["learn_text"]]
    num_layers, num_heads = weights.shape[1:3]
    head = min(s["learn_head"], num_layers * num_heads - 1)
    layer, column = divmod(head, num_heads)
    step, tokens = page.times(one.model)[now.moment]
    head_moments(
        {
            "tokens": _spaced(one.tokens[s["learn_text"]]),
            "layers": num_layers,
            "heads": num_heads,
            "head": head,
            "moments": page.times(one.model),
            "moment": now.moment,
            "now": base64.b64encode(weights[now.moment].tobytes()).decode(),
            "through": base64.b64encode(weights[:, layer, column].tobytes()).decode(),
            "lang": language(),
            "words": labels("learning"),
        },
        on_pick=lambda: _jump("head_moments"),
        key="head_moments",
    )
    caption_line(
        t(
            "learning",
            "heads_caption",
            model=one.model,
            revision=one.revision.removeprefix("sha256:")[:10],
            layer=layer,
            head=column,
            step=f"{step:,}",
            tokens=f"{tokens:,}",
        )
    )
    st.caption(t("learning", "heads_text"))


# -- the reader's own sentence ---------------------------------------------------------------------------------------


def refused(error: UnusableProbe) -> str:
    """Return why a typed sentence cannot be asked."""
    return told("learning", f"bad_{error.code}", **error.slots)


def own_times(name: str) -> list[list[int]]:
    """Return step and tokens read of every snapshot of a model that ships."""
    return [[m.step, m.tokens] for m in moments(name)]


def own_learned() -> dict[str, Learned]:
    """Return the reader's sentence, asked of every snapshot of both models that ships. Raises ``UnusableProbe``."""
    probe = read_probe(st.session_state["own"], st.session_state["own_words"])
    trace = page.first_view()
    if trace is not None and trace["own"]["asked"] == [probe.sentence, *probe.candidates]:
        return {name: from_json(probe, trace["own"][name]) for name in page.pair()}
    kept = page.revisions(*page.pair())
    return {name: learned_sentence(name, kept[name], probe) for name in page.pair()}


def own_sentence(now: LearningView) -> None:
    """A sentence and candidates of the reader's."""
    first, second = st.columns([2.4, 1])
    held(first).text_input(t("learning", "own"), key="own", help=t("learning", "own_help"))
    held(second).text_input(t("learning", "own_words"), key="own_words", help=t("learning", "own_words_help"))
    try:
        with working(t("learning", "computing")):
            asked = own_learned()
    except UnusableProbe as error:
        st.error(refused(error))
        return
    probe = next(iter(asked.values())).probe
    _english_only(probe.sentence, *probe.candidates)
    before, after = probe.sentence.split(BLANK)
    step = max(page.times(name)[now.moment][0] for name in page.pair())
    candidate_curves(
        (before, after),
        probe.candidates,
        [
            {
                "name": name,
                "moments": own_times(name),
                "shares": [[short(p) for p in shares(row)] for row in one.logprobs],
                "pieces": one.pieces,
            }
            for name, one in asked.items()
        ],
        current=max(sum(at <= step for at, _ in own_times(name)) for name in asked) - 1,
        lang=language(),
        words=labels("learning"),
        key="candidate_curves",
    )
    st.caption(t("learning", f"own_text_{st.session_state['twins']}"))


# -- bias ------------------------------------------------------------------------------------------------------------


def preferences() -> list[PairRow]:
    """Return each line of the bias panel with its shares. Raises ``UnusableProbe``."""
    s = st.session_state
    lines = [line for line in s["bias"].splitlines() if line.strip()][:MOST_LINES]
    asked = [read_probe(line, s["bias_words"]) for line in lines]
    if not asked:
        raise UnusableProbe("empty")
    trace, kept = page.first_view(), page.revisions(*LARGE)
    known = (
        trace["bias"] if trace is not None and trace["bias"]["asked"] == [lines, s["bias_words"]] else None
    )
    return [
        {
            "sentence": probe.sentence,
            "candidates": probe.candidates,
            "shares": [
                shares(known[name][number] if known else probe_scores(name, kept[name], probe))
                for name in LARGE
            ],
        }
        for number, probe in enumerate(asked)
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
        for name, revision in page.revisions(*LARGE).items()
    ]
    caption_line(t("learning", "bias_caption", models=", ".join(about)))
    st.markdown(t("learning", "bias_text"))


# -- the export ------------------------------------------------------------------------------------------------------


def export(asked: Mapping[str, tuple[Learned, ...]], now: LearningView) -> Export:
    """What the page gives away."""

    def one() -> list[dict[str, Any]]:
        chosen = {name: every[now.probe] for name, every in asked.items()}
        return page.probe_rows(chosen, {name: page.times(name) for name in chosen})

    def own() -> list[dict[str, Any]]:
        try:
            found = own_learned()
        except UnusableProbe:
            return []
        return page.probe_rows(found, {name: own_times(name) for name in found})

    def texts() -> list[dict[str, Any]]:
        if st.session_state["twins"] == "nano":
            return [dict(line) for line in written()]
        given, lines = sampled()
        return [{"given": given, **line} for line in lines]

    kept = {name: page.recorded(name).revision for name in asked}
    return Export(
        name="gpt-learning",
        caption=page.caption(now),
        about={"model": ", ".join(kept), "revision": ", ".join(kept.values())},
        tables={
            "losses": page.loss_rows,
            "kinds": lambda: page.kind_rows(asked),
            "probe": one,
            "own_sentence": own,
            "texts": texts,
        },
        result=lambda: {"kinds": page.kind_rows(asked), "probe": one(), "texts": texts()},
    )


# -- what is computed ------------------------------------------------------------------------------------------------


# Twelve copies of a model of 0.7 million parameters, or two of 4.3 million: some 34 MB.
@st.cache_resource(max_entries=4, show_spinner=False)
def snapshots(name: str, revision: str) -> Snapshots:
    """Return a model at every moment of its training."""
    from components.lm.training.learning import load_snapshots

    return load_snapshots(name)


# One sentence at twelve moments: 2 kB.
@shared
def learned_sentence(name: str, revision: str, probe: ClozeProbe) -> Learned:
    """Return one sentence, put to every snapshot of a model.

    Raises:
        UnusableProbe: it is too long for the model.
    """
    from components.lm.training.learning import learn

    return learn(snapshots(name, revision), probe)


# Twelve texts of 40 tokens: 3 kB.
@shared
def snapshot_texts(
    name: str, revision: str, prompt: str, sampling: SamplingSettings, num_tokens: int
) -> tuple[str, ...]:
    """Return how every snapshot of a model continues the same beginning."""
    from components.lm.training.learning import write_on

    return write_on(snapshots(name, revision), prompt, sampling, num_tokens)


# A few numbers for each sentence.
@shared
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
