"""What the stops of the history run: each draws its scene and returns what goes home."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.elements.start.history_scene import Amount, Grid, LookedUp, Plane, history_scene
from components.elements.tokens.token_lanes import LaneOfTokens, token_lanes
from components.elements.transformer.variant_runs import variant_runs
from components.lessons.known_language import say_if_foreign
from components.lessons.recorded import TRACES, shipped
from components.lessons.start import history as page
from components.lessons.start import notebooks
from components.lessons.tokens.word_training import tokenizer_file
from components.lessons.transformer.variant_groups import length_groups, variants
from components.lm import checkpoints
from components.lm.reading import CannotRead
from components.lm.start.gradients import FORGETS, NETWORKS, STEPS, WIDTH, Forget, Recurrence, gradient_back
from components.lm.start.look_up import MOST, look_up, same_word, sentences
from components.lm.start.two_classes import WAYS, Doubles, Gaussian, Learned, agreement, first_of_each, learn
from components.lm.tokens.byte_level import from_byte_symbols
from components.lm.tokens.segments import group_tokens
from components.lm.tokens.tokenizations import Token, Tokenization
from components.shell.held import held
from components.shell.layout import caption, controls, reading_aid, small_table, working
from components.shell.loading import load_model
from components.shell.notebook import notebook
from components.shell.refusals import cannot_read
from components.shell.results import shared
from components.words import labels, language, literal, t, told

if TYPE_CHECKING:
    from components.lm.start.chain import Link

W = page.WORDS
GPT2_SIZE = 50_257
CLASS_NAMES = ("animal", "person")


@dataclass(frozen=True)
class Ran:
    """What a stop computed, for the export: the result, and its table."""

    result: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()


def _head(name: str) -> None:
    st.markdown(f"#### {t(W, f'{name}_title')}")


def say(text: str) -> None:
    """One or two sentences that change with the picture."""
    reading_aid(html.escape(text))


# -- RNN and LSTM ----------------------------------------------------------------------------------------------------


# Two lists of 100 numbers: some 4 kB.
@shared
def _gradients(setting: Recurrence) -> dict[str, list[float]]:
    if setting == Recurrence():
        found: dict[str, list[float]] = shipped(page.NAME)["gradients"]
        return found
    return {network: gradient_back(network, setting) for network in NETWORKS}


def gradients() -> Ran:
    """The gradient that arrives from k steps back, in both."""
    _head("gradients")
    with controls():
        row = st.columns([3, 4, 1.4], vertical_alignment="bottom")
        held(row[0]).slider(t(W, "radius"), 0.5, 2.0, step=0.1, key="rnn_radius", help=t(W, "radius_help"))
        held(row[1]).segmented_control(
            t(W, "forget"),
            FORGETS,
            key="lstm_forget",
            required=True,
            format_func=lambda x: t(W, "forget_none") if x == "none" else t(W, "forget_bias", b=x),
            help=t(W, "forget_help"),
        )
        held(row[2]).number_input(t(W, "seed"), 0, 99, key="gradient_seed")
    s = st.session_state
    forget: Forget = s["lstm_forget"]
    setting = Recurrence(float(s["rnn_radius"]), forget, int(s["gradient_seed"]))
    with working(told(W, "computing")):
        found = _gradients(setting)
    history_scene(
        {
            "kind": "curves",
            "title": t(W, "gradients_chart"),
            "x": t(W, "steps_back"),
            "less": t(W, "less"),
            "curves": [{"name": network.upper(), "values": found[network]} for network in NETWORKS],
        },
        name="gradients",
    )
    caption(t(W, "gradients_caption", width=WIDTH, steps=STEPS, seed=setting.seed))
    rnn, lstm = found["rnn"], found["lstm"]
    say(
        t(
            W,
            "gradients_aid",
            **{f"{name}{k}": f"{values[k]:.2g}" for name, values in (("rnn", rnn), ("lstm", lstm)) for k in (10, 50)},
        )
        + " "
        + t(W, "rnn_vanishes" if rnn[50] < 0.01 else "rnn_explodes" if rnn[50] > 10 else "rnn_stays")
        + " "
        + t(W, "lstm_keeps" if lstm[50] > 0.01 else "lstm_vanishes")
    )  # fmt: skip
    notebook(notebooks.gradient(setting, rnn[10]))
    rows = [{"steps_back": k, "rnn": rnn[k], "lstm": lstm[k]} for k in range(STEPS)]
    return Ran(asdict(setting) | {"gradients": found}, rows)


# -- Word2Vec against contextual -------------------------------------------------------------------------------------


@cache
def _senses() -> tuple[list[str], Grid, Grid]:
    """Which model and word, and the cosines of the word's occurrences in the token table and after the last layer."""
    from components.lm.bert.contextual import cosine_matrix

    with np.load(TRACES / "bert" / "contextual.npz") as file:
        model, revision, _, word = file["of"].tolist()
        chosen, lines = file["chosen"], file["sentences"].tolist()
        own, last = (cosine_matrix(rows[chosen]) for rows in (file["static"], file["layers"][-1]))
    names = [str(i + 1) for i in range(len(chosen))]
    table, layer = (
        Grid(title="", rows=lines, columns=names, values=found.tolist(), numbers=True)
        for found in (own, last)
    )
    return [model, revision, word], table, {**layer, "rows": names}


def senses() -> Ran:
    """One vector a word, against one for each place it stands in."""
    _head("senses")
    (model, revision, word), table, layer = _senses()
    numbered: Sequence[str] = [f"{i + 1}" for i in range(len(table["rows"]))]
    shown = [
        Grid(
            title=t(W, "senses_table"), rows=numbered, columns=numbered, values=table["values"], numbers=True
        ),
        Grid(
            title=t(W, "senses_layer"), rows=numbered, columns=numbered, values=layer["values"], numbers=True
        ),
    ]
    st.markdown("\n".join(f"{i + 1}. {literal(line)}" for i, line in enumerate(table["rows"])))
    history_scene({"kind": "grids", "grids": shown, "legend": t(W, "senses_legend")}, name="senses")
    caption(t(W, "senses_caption", model=model, revision=revision[:14], word=word))
    same, other = layer["values"][0][1], layer["values"][0][2]
    say(t(W, "senses_aid", word=word, same=f"{same:.2f}", other=f"{other:.2f}"))
    rows = [
        {
            "one": i + 1,
            "other": k + 1,
            "token_table": table["values"][i][k],
            "last_layer": layer["values"][i][k],
        }
        for i in range(len(numbered))
        for k in range(len(numbered))
    ]
    return Ran({"model": model, "revision": revision, "sentences": list(table["rows"])}, rows)


# -- Seq2Seq and attention -------------------------------------------------------------------------------------------


def bottleneck() -> Ran:
    """The same model with one vector, and with attention, by the length of the text."""
    names = {
        "full": t("encoder_decoder", "with_attention"),
        "one_vector": t("encoder_decoder", "with_one_vector"),
    }
    found = variants()
    exact = {name: found["variants"][name]["exact"] for name in names}
    groups = length_groups(names)
    variant_runs(
        {
            "title": t(W, "bottleneck_title"),
            "text": t(W, "bottleneck_text", one=f"{exact['one_vector']:.0%}", full=f"{exact['full']:.0%}"),
            "charts": [{"title": t("encoder_decoder", "one_vector_lengths"), "groups": groups}],
            "table": {
                "title": t("encoder_decoder", "samples"),
                "head": [t("encoder_decoder", "sample_in"), *(t("encoder_decoder", "sample_out", name=name) for name in names.values())],
                "rows": [
                    [given, *(found["variants"][variant]["samples"][i][1] for variant in names)]
                    for i, (given, _) in enumerate(found["variants"]["full"]["samples"])
                ],
            },
            "source": t(W, "bottleneck_source", tokens=f"{found['settings']['total_tokens']:,}", seed=found["settings"]["seed"]),
        },
        key="bottleneck",
    )  # fmt: skip
    rows = [
        {"length": label} | {bar["name"]: bar["shares"][i] for bar in groups["bars"]}
        for i, label in enumerate(groups["labels"])
    ]
    return Ran({"exact": exact}, rows)


LAYER = 1
"""Of the decoder; the one whose attention goes to the field that is written (a test of its page)."""


@cache
def _alignment() -> tuple[str, str, list[str], list[str], list[list[float]]]:
    """Model, revision, symbols written and read, and the mean weights of the heads."""
    from components.lm.transformer.text_to_text import from_arrays

    with np.load(TRACES / "transformer" / "encoder_decoder.npz") as file:
        of = file["of"].tolist()
        found = from_arrays({name: file[name] for name in file.files if name != "of"})
    return of[0], of[1], list(found.written), list(found.source), found.cross[LAYER].mean(0).tolist()


def alignment() -> Ran:
    """Which symbols of the input are read while each symbol is written."""
    _head("alignment")
    model, revision, written, source, weights = _alignment()
    grid = Grid(title=t(W, "alignment_grid"), rows=written, columns=source, values=weights, numbers=False)
    history_scene({"kind": "grids", "grids": [grid], "legend": t(W, "alignment_legend")}, name="alignment")
    caption(t(W, "alignment_caption", model=model, revision=revision[:14], layer=LAYER))
    say(t(W, "alignment_aid", read="".join(source[:-1]), written="".join(written[:-1])))
    rows = [
        {"step": q + 1, "written": written[q], "position": k, "read": source[k], "weight": w}
        for q, row in enumerate(weights)
        for k, w in enumerate(row)
    ]
    return Ran({"model": model, "revision": revision}, rows)


# -- a language model ------------------------------------------------------------------------------------------------


def _linked(row: Mapping[str, Any]) -> Link:
    from components.lm.start.chain import Link

    return Link(**row)


# At most 40 tokens with four numbers and words: some 8 kB.
@shared
def _chain(name: str, revision: str, text: str) -> tuple[Link, ...]:
    known = shipped(page.NAME)["chain"]
    if (known["model"], known["revision"], known["text"]) == (name, revision, text):
        return tuple(_linked(row) for row in known["links"])
    from components.lm.start.chain import chain

    return chain(load_model(name, "generation"), text)


def language_model() -> Ran:
    """The probability of a sentence, built token by token."""
    from components.lm.start.chain import MOST_TOKENS, TooMany

    _head("chain")
    with controls():
        held().text_input(t(W, "chain_text"), key="chain_text", help=t(W, "chain_help", most=MOST_TOKENS))
    card = checkpoints.card(page.MODEL, "generation")
    text = str(st.session_state["chain_text"] or "").strip()
    say_if_foreign(card, text, offer=False)
    found: tuple[Link, ...] = ()
    try:
        with working(told(W, "computing")):
            found = _chain(card.name, card.revision, text)
        if not found:
            st.info(t(W, "chain_empty"))
    except TooMany as error:
        st.info(told(W, "chain_long", count=error.count, most=MOST_TOKENS))
    except CannotRead as error:
        st.info(cannot_read(error))
    if not found:  # what was on screen stays
        text = st.session_state.get("_chain_fitted", page.TEXT)
        found = _chain(card.name, card.revision, text)
    st.session_state["_chain_fitted"] = text
    products = np.cumsum([one.log_prob for one in found]) / np.log(10)
    history_scene(
        {
            "kind": "chain",
            "links": [
                {
                    "text": one.text,
                    "p": float(np.exp(one.log_prob)),
                    "product": float(product),
                    "best": one.best,
                    "best_p": float(np.exp(one.best_log_prob)),
                }
                for one, product in zip(found, products, strict=True)
            ],
            "words": labels("history_chain"),
        },
        name="chain",
    )
    caption(t(W, "chain_caption", model=card.name, revision=card.revision[:14]))
    worst = min(found, key=lambda one: one.log_prob)
    power = float(products[-1])
    say(
        t(
            W,
            "chain_aid",
            n=len(found),
            power=f"{power:.1f}",
            mean=f"{np.exp(sum(one.log_prob for one in found) / len(found)):.1%}",
            worst=worst.text.strip() or "␣",
            p=f"{np.exp(worst.log_prob):.2g}",
        )
    )
    notebook(notebooks.chain(card, text, found))
    rows = [
        {"token": one.text, "log_probability": one.log_prob, "log10_of_product": float(product)}
        | {"likeliest": one.best, "log_probability_of_it": one.best_log_prob}
        for one, product in zip(found, products, strict=True)
    ]
    return Ran({"model": card.name, "revision": card.revision, "text": text, "log10": power}, rows)


# -- two vocabularies ------------------------------------------------------------------------------------------------


@cache
def gpt2_tokens() -> Tokenization:
    """The page's Korean sentence as GPT-2's released vocabulary cuts it, recorded."""
    rows = page.table("gpt2_korean_tokens")
    ids = [int(row["token_id"]) for row in rows]
    data = [from_byte_symbols(row["token"]) for row in rows]
    tokens = tuple(
        Token(row["token"], number, piece.decode("utf-8", "replace"), False)
        for row, number, piece in zip(rows, ids, data, strict=True)
    )
    return Tokenization(page.KOREAN, tokens, group_tokens(ids, data), GPT2_SIZE)


def vocabularies() -> Ran:
    """One sentence under vocabularies that were learned from different languages."""
    _head("vocabularies")
    with controls():
        held().text_input(t(W, "vocabularies_text"), key="two_vocabularies", help=t(W, "vocabularies_help"))
    text = str(st.session_state["two_vocabularies"] or "").strip()
    if not text:
        st.info(t(W, "vocabularies_empty"))
        text = st.session_state.get("_vocabularies_fitted", page.KOREAN)
    st.session_state["_vocabularies_fitted"] = text
    lanes = []
    for name in ("pocket-gpt", "pocket-gpt-ko"):
        card = checkpoints.tokenizer_card(name)
        made = tokenizer_file(card.name, card.revision).tokenization(text)
        lanes.append(
            LaneOfTokens(name, name, t(W, f"about_{name.replace('-', '_')}", n=f"{made.vocab_size:,}"), made)
        )
    if text == page.KOREAN:
        lanes.insert(1, LaneOfTokens("gpt2", "GPT-2", t(W, "about_gpt2", n=f"{GPT2_SIZE:,}"), gpt2_tokens()))
    token_lanes(lanes)
    caption(t(W, "vocabularies_caption"))
    counts = {lane.key: lane.made.num_tokens for lane in lanes}
    said = t(W, "vocabularies_aid", english=counts["pocket-gpt"], korean=counts["pocket-gpt-ko"], bytes=lanes[0].made.num_bytes)  # fmt: skip
    say(
        f"{said} {t(W, 'vocabularies_gpt2', n=counts['gpt2']) if 'gpt2' in counts else t(W, 'vocabularies_only')}"
    )
    rows = [
        {"vocabulary": lane.name, "place": i, "token": one.token, "token_id": one.token_id}
        for lane in lanes
        for i, one in enumerate(lane.made.tokens)
    ]
    return Ran({"text": text, "tokens": counts}, rows)


# -- two kinds of models ---------------------------------------------------------------------------------------------


def _axes(part: Gaussian) -> list[list[float]]:
    """The two half axes of one standard deviation, as vectors."""
    sizes, vectors = np.linalg.eigh(part.cov)
    return [(np.sqrt(size) * vector).tolist() for size, vector in zip(sizes, vectors.T, strict=True)]


def plane(way: str, count: int, title: str) -> tuple[Plane, int, int]:
    """What a way learns from ``count`` labels a class: the drawing, how many of the words without a label it gets right, of how many."""
    kept = shipped(page.NAME)["words"]
    points, classes = np.array(kept["places"], np.float64), np.array(kept["classes"])
    labelled = first_of_each(classes, 0 if way == "unlabelled" else count)
    found: Learned = learn(next(one for one in WAYS if one == way), points, classes, labelled)
    said = (found.second(points) > 0.5).astype(np.int64)
    if way == "unlabelled" and 2 * (said == classes).sum() < len(classes):  # nobody says which group is which
        found = Learned(None, (found.parts[1], found.parts[0]) if found.parts else None)
        said = 1 - said
    rest = np.setdiff1d(np.arange(len(classes)), labelled)
    right = agreement(said, classes) if way == "unlabelled" else int((said == classes)[rest].sum())
    low, high = points.min(0), points.max(0)
    (left, bottom), (edge, top) = low - 0.12 * (high - low), high + 0.12 * (high - low)
    across, down = np.meshgrid(np.linspace(left, edge, 42), np.linspace(top, bottom, 28))
    shade: Doubles = found.second(np.column_stack([across.ravel(), down.ravel()])).reshape(across.shape)
    data: Plane = {
        "kind": "plane",
        "title": title,
        "points": [
            {"word": word, "x": float(x), "y": float(y), "of": int(of), "said": int(k), "labelled": i in labelled}
            for i, (word, (x, y), of, k) in enumerate(zip(kept["words"], points, classes, said, strict=True))
        ],
        "box": [float(left), float(edge), float(bottom), float(top)],
        "shade": shade.round(3).tolist(),
        "ellipses": [{"mean": part.mean.tolist(), "axes": _axes(part)} for part in found.parts or ()],
        "drawn": [new.round(4).tolist() for new in found.draw(6, 0)],
        "names": [t(W, name) for name in CLASS_NAMES],
        "words": labels("history_plane"),
    }  # fmt: skip
    return data, right, len(rest)


def two_kinds() -> Ran:
    """Generative against discriminative, with labels and without, on one small data set."""
    _head("two_kinds")
    with controls():
        row = st.columns([5, 3], vertical_alignment="bottom")
        way = str(
            held(row[0]).segmented_control(
                t(W, "two_way"), WAYS, key="two_way", required=True, format_func=lambda x: t(W, f"way_{x}")
            )
        )
        count = int(
            held(row[1]).slider(t(W, "two_labels"), 2, 20, key="two_labels", disabled=way == "unlabelled")
        )
    kept = shipped(page.NAME)["words"]
    data, right, of = plane(way, count, t(W, f"plane_{way}"))
    history_scene(data, name="two-kinds")
    caption(t(W, "two_caption", model=kept["model"], revision=kept["revision"][:14], n=len(kept["words"]), share=f"{sum(kept['explained']):.0%}"))  # fmt: skip
    say(
        f"{t(W, f'aid_{way}')} {t(W, 'two_found' if way == 'unlabelled' else 'two_right', right=right, of=of)}"
    )
    st.markdown(t(W, "two_text"))
    rows = [
        {"word": one["word"], "x": one["x"], "y": one["y"], "class": CLASS_NAMES[one["of"]], "said": CLASS_NAMES[one["said"]], "label_given": one["labelled"]}
        for one in data["points"]
    ]  # fmt: skip
    return Ran({"model": kept["model"], "revision": kept["revision"], "way": way, "labels": count, "right": right}, rows)  # fmt: skip


# -- look up before answering ----------------------------------------------------------------------------------------


def _pieces(sentence: str, shared: Sequence[str]) -> list[tuple[str, bool]]:
    """A sentence cut at its words, with whether each is shared."""
    import re

    return [
        (piece, any(same_word(piece.lower(), word) for word in shared) and bool(re.match(r"\w", piece)))
        for piece in re.split(r"([^\W_]+)", sentence)
        if piece
    ]


def looked_up() -> Ran:
    """The sentences with most shared words go in front of the question."""
    _head("look_up")
    with controls():
        row = st.columns([2, 3])
        held(row[0]).text_input(t(W, "look_question"), key="look_question")
        held(row[1]).text_area(t(W, "look_text"), key="look_text", height=100)
    question, text = (str(st.session_state[key] or "").strip() for key in ("look_question", "look_text"))
    if not question or not text:
        st.info(t(W, "look_empty"))
        question, text = st.session_state.get("_looked_up", (page.QUESTION, page.NOTES))
    st.session_state["_looked_up"] = (question, text)
    found, lines = look_up(text, question), sentences(text)
    rank = {one.place: i + 1 for i, one in enumerate(found)}
    shared = {one.place: one.shared for one in found}
    prompt = [*(lines[place] for place in sorted(rank)), question]
    data: LookedUp = {
        "kind": "lookup",
        "sentences": [_pieces(line, shared.get(i, ())) for i, line in enumerate(lines)],
        "ranks": [rank.get(i, 0) for i in range(len(lines))],
        "prompt": prompt,
        "words": labels("history_lookup"),
    }
    history_scene(data, name="look-up")
    caption(t(W, "look_caption", most=MOST))
    say(t(W, "look_aid", n=len(found), of=len(lines)) if found else t(W, "look_none"))
    st.markdown(t(W, "look_up_text"))
    rows = [{"rank": i + 1, "place": one.place, "sentence": one.sentence, "shared": " ".join(one.shared)} for i, one in enumerate(found)]  # fmt: skip
    return Ran({"question": question, "text": text, "prompt": prompt}, rows)


# -- which stop runs what, and the data ------------------------------------------------------------------------------

SCENES: Mapping[str, Callable[[], Ran]] = {
    "rnn": gradients,
    "lstm": gradients,
    "word2vec": senses,
    "seq2seq": bottleneck,
    "attention": alignment,
    "bpe": vocabularies,
    "gpt1": two_kinds,
    "gpt2": language_model,
    page.OUTLOOK: looked_up,
}


def run(stop: str) -> Ran:
    """Draw what a stop runs, if anything."""
    scene = SCENES.get(stop)
    return scene() if scene else Ran()


def amounts(words: int) -> tuple[list[Amount], float]:
    """Every collection in words, and how many times the largest that is drawn GPT-3 has read; a labelled example is taken as ``words`` words."""
    found: list[Amount] = []
    beyond = 0.0
    for row in page.table("datasets"):
        count = float(row["count"])
        if row["unit"] == "tokens":
            beyond = count
            continue
        labelled = row["labelled"] == "yes"
        size = count * words if labelled else count
        note = t(W, "amount_labelled", n=f"{int(count):,}", unit=t(W, f"unit_{row['unit'].split()[-1].split('-')[0]}"), words=f"{int(size):,}") if labelled else t(W, "amount_plain", n=f"{int(count):,}")  # fmt: skip
        name = t(W, "amount_wikipedia") if row["dataset"].startswith("English Wikipedia") else row["dataset"]
        found.append({"name": name, "words": size, "labelled": labelled, "note": note})
    return found, beyond / max(one["words"] for one in found)


def look_further() -> None:
    """What the reader chose below."""
    look = st.session_state["history_look"]
    if look != "nothing":
        {"data": data_at_one_scale, "gpts": gpts}[look]()


def gpts() -> None:
    """The GPTs in a row: when, how large, how much they read at once."""
    st.markdown(f"#### {t(W, 'gpts_title')}")
    unknown = t(W, "fact_unpublished")
    head = [t(W, f"col_{name}") for name in ("model", "date", "parameters", "context")]
    rows = [
        [
            row["model"],
            row["date"],
            row["parameters"].removeprefix("about ") or unknown,
            row["context_tokens"] or "–",
        ]
        for row in page.table("gpt_history")
    ]
    small_table(head, rows)
    st.markdown(t(W, "gpts_text"))


def data_at_one_scale() -> None:
    """Unlabelled against labelled data, as squares."""
    st.markdown(f"#### {t(W, 'data_title')}")
    st.markdown(t(W, "data_text"))
    words = int(held().slider(t(W, "data_words"), 5, 100, key="history_words", help=t(W, "data_words_help")))
    found, beyond = amounts(words)
    history_scene(
        {
            "kind": "squares",
            "amounts": found,
            "beyond": t(W, "data_beyond", times=f"{beyond:.0f}"),
            "title": t(W, "data_chart"),
            "lang": language(),
        },
        name="data",
    )
