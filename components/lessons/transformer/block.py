"""State and numbers of the page "One block from inside"."""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.transformer.block_flow import (
    BOUNDS,
    STEPS,
    BlockArrays,
    BlockHeader,
    BlockView,
    block_flow,
)
from components.elements.transformer.layer_lanes import layer_lanes
from components.elements.view import reported, started
from components.lessons.attention_models import beginning
from components.lessons.recorded import TRACES
from components.lessons.transformer import norm_depth
from components.lm import checkpoints
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import CannotRead
from components.lm.transformer.attention import Unreadable
from components.lm.transformer.block import ORDER, TAKEN, Inside, Taken, path
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, note_line, reading_aid, working
from components.shell.loading import load_model
from components.shell.refusals import cannot_read
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.transformer.block import Floats, Followed

WORDS = "block"
TRACE = TRACES / "transformer" / "block.npz"
MODEL, TEXT, LAYER = "pocket-gpt", "Once upon a time there was a little", 4
BERT_TEXT = "The little girl gave her [MASK] a red ball."
TOKEN, DIM = 7, 0
MOST_TOKENS = 24
"""Lanes that can still be told apart."""
LOOKS = ("nothing", "blocks", "norms")
MOST_SEED = 99
PARAMS = (
    links.Text("block_text", TEXT, max_chars=400),
    links.Text("attention_model", MODEL, max_chars=120, example="nano-bert"),
    links.Integer("block_layer", 0, 199, LAYER, example=2),
    links.Choice("block_taken", TAKEN, "none"),
    links.Integer("block_step", 0, STEPS - 1, 0),
    links.Integer("block_token", 0, 63, TOKEN),
    links.Integer("block_dim", 0, 65_535, DIM),
    links.Numbers("block_off", most=16, high=262_143, example=(5,)),
    links.Choice("block_look", LOOKS, "nothing"),
    links.Text("block_words", "", max_chars=60, example="bird boy"),
    links.Integer("norm_seed", 0, MOST_SEED, 0),
)
MOST_WORDS = 3
_FIELDS = {"block_step": "step", "block_token": "token", "block_dim": "dim", "block_off": "off"}


# -- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Known:
    """A model's block on a text, and the words for its numbers: all that the page draws, without the model.

    ``said`` names tokens by id, ``pushes`` the words a neuron pushes for and against, ``norms`` is (2, 2, width):
    weight and bias of both normalisations.
    """

    tokens: tuple[str, ...]
    inside: Inside
    said: Mapping[int, str]
    pushes: Mapping[int, tuple[list[str], list[str]]]
    norms: "Floats"
    epsilon: tuple[float, float]
    centred: bool
    activation: str
    gated: bool


def compute(name: str, text: str, layer: int, taken: Taken = "none", neurons: tuple[int, ...] = ()) -> Known:
    """Run the model and put its numbers into words. Raises ``CannotRead``, ``Unreadable``."""
    from components.lm.reading import read
    from components.lm.tokens.token_text import token_info
    from components.lm.transformer import block

    loaded = load_model(name, "attention")
    reading = read(loaded, text)
    inside = block.look_inside(loaded, reading, layer, taken=taken, neurons=neurons)
    strongest = sorted({n for token in range(len(reading)) for n in inside.strongest(token)})
    first, second = block.norms(loaded, layer)
    return Known(
        tuple(reading.texts),
        inside,
        {int(i): token_info(loaded.tokenizer, int(i)).text for i in np.unique(inside.guesses)},
        block.pushes(loaded, layer, strongest),
        np.stack([[norm.weight, norm.bias] for norm in (first, second)]),
        (first.epsilon, second.epsilon),
        first.centred,
        block.activation(loaded),
        block.gated(loaded),
    )


def save(known: Known, of: tuple[str, ...]) -> None:
    """Write what was computed for the page's own text to the trace."""
    inside = {field.name: getattr(known.inside, field.name) for field in fields(Inside)}
    about = {
        "tokens": known.tokens,
        "said": {str(i): text for i, text in known.said.items()},
        "pushes": {str(i): found for i, found in known.pushes.items()},
        "epsilon": known.epsilon,
        "centred": known.centred,
        "activation": known.activation,
        "gated": known.gated,
        "wiring": inside.pop("wiring"),
        "layer": inside.pop("layer"),
    }
    TRACE.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        TRACE, of=np.array(of), about=np.array(json.dumps(about)), norms=known.norms, **inside
    )


@cache
def _trace() -> tuple[list[str], Known] | None:
    if not TRACE.exists():
        return None
    with np.load(TRACE) as file:
        of = [str(part) for part in file["of"]]
        about = json.loads(str(file["about"]))
        arrays = {name: file[name] for name in file.files if name not in ("of", "about", "norms")}
        known = Known(
            tuple(about["tokens"]),
            Inside(about["wiring"], about["layer"], **arrays),
            {int(i): text for i, text in about["said"].items()},
            {int(i): (found[0], found[1]) for i, found in about["pushes"].items()},
            file["norms"],
            (about["epsilon"][0], about["epsilon"][1]),
            about["centred"],
            about["activation"],
            about["gated"],
        )
    return of, known


def first_view(name: str, revision: str, text: str, layer: int) -> Known | None:
    """The recorded block of the page's own text by this revision of the model, or None for anything else."""
    trace = _trace()
    return trace[1] if trace is not None and trace[0] == [name, revision, text, str(layer)] else None


# A block of pocket-gpt on 24 tokens holds some 2 MB with its logits; shared by all sessions.
@st.cache_resource(max_entries=60, show_spinner=False)
def _known(name: str, revision: str, text: str, layer: int, taken: Taken, neurons: tuple[int, ...]) -> Known:
    if taken == "none" and not neurons and (found := first_view(name, revision, text, layer)):
        return found
    return compute(name, text, layer, taken, neurons)


@dataclass(frozen=True, eq=False)
class Shown:
    """The whole model and the changed one (the same if nothing was taken out)."""

    card: ModelCard
    text: str
    whole: Known
    now: Known
    taken: Taken
    off: tuple[int, ...]

    @property
    def identity(self) -> str:
        """Names what is on screen."""
        return f"{self.card.name} {self.card.revision[-12:]} {self.now.inside.layer} {self.taken} {self.off} {self.text}"

    @property
    def changed(self) -> bool:
        return self.taken != "none" or bool(self.off)

    @property
    def finite(self) -> bool:
        """Whether the changed model still gives numbers."""
        return bool(np.isfinite(self.now.inside.logits).all())


def _off() -> tuple[int, ...]:
    """The neurons that are off: the element knows first, the link right after it moved."""
    held = (st.session_state.get("block_flow") or {}).get("view")
    return tuple(reported(held, _linked(), links.revision(), BOUNDS).off)[:16]


def _linked() -> BlockView:
    s = st.session_state
    return BlockView(**{field: s[key] for key, field in _FIELDS.items()})


def clamp_layer(card: ModelCard) -> None:
    """Keep the layer within the model before its widget is drawn."""
    st.session_state["block_layer"] = min(st.session_state["block_layer"], card.num_layers - 1)


def shown(card: ModelCard) -> Shown | None:
    """What the link asks for, or None after saying why not; a long text is read up to the last word that fits."""
    s = st.session_state
    text, layer = str(s["block_text"] or ""), int(s["block_layer"])
    taken: Taken = s["block_taken"] or "none"
    try:
        with working(told(WORDS, "computing", model=card.name)):
            if first_view(card.name, card.revision, text, layer) is None:
                text = beginning(card.name, card.revision, text, MOST_TOKENS)
            whole = _known(card.name, card.revision, text, layer, "none", ())
            size = whole.inside.active.shape[1]
            off = tuple(sorted({n for n in _off() if n < size}))
            now = (
                _known(card.name, card.revision, text, layer, taken, off) if off or taken != "none" else whole
            )
    except CannotRead as error:
        st.error(cannot_read(error))
        return None
    except Unreadable:
        st.error(told(WORDS, "unreadable", family=card.family))
        return None
    if text != str(s["block_text"] or ""):
        note_line(t(WORDS, "cut", limit=MOST_TOKENS))
    return Shown(card, text, whole, now, taken, off)


def prediction() -> Prediction | None:
    """After how many blocks is the model's word for once on top?"""
    card = checkpoints.card(MODEL)
    known = first_view(MODEL, card.revision, TEXT, LAYER)
    if known is None:
        return None
    ranks = known.inside.ranks[:, TOKEN, 0]
    first = int(np.argmax(ranks == 1))
    options = [t(WORDS, "predict_after", n=n) for n in range(len(ranks) - 1)]
    word = known.said[int(known.inside.guesses[-1, TOKEN, 0])].strip()
    return Prediction(
        t(WORDS, "predict", word=word, text=TEXT),
        options,
        first - 1,
        t(
            WORDS,
            "predict_why",
            word=word,
            n=first - 1,
            before=int(ranks[first - 1]),
            q=f"{known.inside.probs[-1, TOKEN, 0]:.0%}",
            p=f"{known.inside.probs[first, TOKEN, 0]:.0%}",
        ),
        {"block_look": "blocks"},
    )


# -- the pictures ----------------------------------------------------------------------------------------------------


def guesses(now: Shown) -> list[list[tuple[str, float, float]]]:
    """For each token the likeliest in the whole and the changed model: text, probability in each."""
    rows = []
    for token in range(len(now.whole.tokens)):
        both = [_softmax(known.inside.logits[token]) for known in (now.whole, now.now)]
        ids = list(
            dict.fromkeys(int(i) for known in (now.whole, now.now) for i in known.inside.guesses[-1, token])
        )
        said = {**now.whole.said, **now.now.said}
        rows.append([(said[i], float(both[0][i]), float(both[1][i])) for i in ids])
    return rows


def _softmax(logits: Any) -> Any:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


def draw(now: Shown) -> BlockView:
    """The block, and where the reader is in it."""
    inside, whole = now.now.inside, now.whole
    start = started("block_flow", _linked(), links.revision())
    header: BlockHeader = {
        "id": now.identity,
        "tokens": whole.tokens,
        "wiring": inside.wiring,
        "order": ORDER[inside.wiring],
        "layer": inside.layer,
        "layers": len(inside.lengths),
        "activation": whole.activation,
        "gated": whole.gated,
        "epsilon": whole.epsilon,
        "centred": whole.centred,
        "neurons": [whole.inside.strongest(token) for token in range(len(whole.tokens))],
        "pushes": {str(n): found for n, found in whole.pushes.items()},
        "guesses": guesses(now) if now.finite else [],
        "changed": now.changed,
        "taken": now.taken,
        "reads_on": now.card.can("generation"),
        "steps": {
            **links.frame_query(),
            "example": "model",
            "attention_model": now.card.name,
            "steps_text": now.text,
            "steps_layer": str(inside.layer),
        },
    }
    arrays: BlockArrays = {
        "states": inside.states,
        "attention": inside.attention,
        "before": whole.inside.before,
        "active": whole.inside.active,
        "norms": whole.norms,
    }
    return block_flow(header, arrays, start=start, rev=links.revision(), key="block_flow")


def keep(view: BlockView) -> None:
    """Hand what was chosen in the element to the link."""
    for key, field in _FIELDS.items():
        links.put(key, getattr(view, field))


def look_further(now: Shown, view: BlockView) -> None:
    """What the reader chose to see below the picture."""
    if st.session_state["block_look"] == "blocks" and not now.finite:
        reading_aid(t(WORDS, "no_blocks"))
    elif st.session_state["block_look"] == "blocks":
        draw_blocks(now, view.token)
    elif st.session_state["block_look"] == "norms":
        reading_aid(t(WORDS, "norms_intro"))
        held(st.columns([1.4, 8])[0]).number_input(t(WORDS, "norm_seed"), 0, MOST_SEED, key="norm_seed")
        norm_depth.draw(int(st.session_state["norm_seed"] or 0))


def followed(now: Shown) -> "list[Followed]":
    """The reader's own words through the blocks, at most ``MOST_WORDS``; the rest is said."""
    words = str(st.session_state["block_words"] or "").split()
    held(st.columns([3, 5])[0]).text_input(
        t(WORDS, "own_words"), key="block_words", help=t(WORDS, "own_words_help", most=MOST_WORDS)
    )
    if not words:
        return []
    from components.lm.transformer.block import follow

    with working(told(WORDS, "computing", model=now.card.name)):
        loaded = load_model(now.card.name, "attention")
        found = [follow(loaded, now.now.inside.streams, word) for word in words[:MOST_WORDS]]
    own = [one for one in found if one is not None]
    if cut := [one for one in own if one.pieces > 1]:
        note_line(t(WORDS, "own_words_cut", tokens=", ".join(one.token.strip() for one in cut)))
    if len(words) > MOST_WORDS:
        note_line(t(WORDS, "own_words_many", most=MOST_WORDS))
    return own


def draw_blocks(now: Shown, token: int) -> None:
    """All blocks: what would be said after each, lengths, ranks, and the map."""
    known = now.now
    inside = known.inside
    own = followed(now)
    layer_lanes(
        {
            "id": now.identity,
            "tokens": known.tokens,
            "token": min(token, len(known.tokens) - 1),
            "guesses": [[[known.said[int(i)] for i in cell] for cell in row] for row in inside.guesses],
            "candidates": [[known.said[int(i)] for i in cell] for cell in inside.guesses[-1]],
            "own": [one.token for one in own],
            "reads_on": now.card.can("generation"),
            "lens": now.card.can("generation"),
        },
        {
            "probs": inside.probs,
            "ranks": inside.ranks,
            "lengths": inside.lengths,
            "path": path(inside.streams),
            "own_ranks": np.stack([one.ranks for one in own], -1).astype(np.int32)
            if own
            else np.zeros((*inside.streams.shape[:2], 0), np.int32),
        },
        key="layer_lanes",
    )


# -- in words and to take home ---------------------------------------------------------------------------------------


def caption(now: Shown) -> str:
    """Model, layer and text of the picture."""
    inside = now.now.inside
    line = t(
        WORDS,
        "caption",
        model=now.card.name,
        revision=now.card.revision[:14],
        layer=inside.layer,
        last=len(inside.lengths) - 1,
        width=inside.states.shape[2],
        neurons=inside.active.shape[1],
        wiring=t(WORDS, f"wiring_{inside.wiring}"),
        text=now.text,
    )
    return line + (f" · {t(WORDS, 'caption_taken', what=_what(now))}" if now.changed else "")


def _what(now: Shown) -> str:
    parts = [] if now.taken == "none" else [t(WORDS, f"taken_{now.taken}")]
    if now.off:
        parts.append(t(WORDS, "caption_neurons", numbers=", ".join(map(str, now.off))))
    return ", ".join(parts)


def verdict(now: Shown, view: BlockView) -> str:
    """What taking something out did to the prediction at the chosen token, as HTML."""
    if not now.changed:
        off, largest = difference(now.whole)
        return t(WORDS, "add_up", difference=f"{off:.1g}", largest=f"{largest:.3g}")
    if not now.finite:
        return t(WORDS, "overflow")
    token = min(view.token, len(now.whole.tokens) - 1)
    rows = guesses(now)[token]
    before, after = max(rows, key=lambda row: row[1]), max(rows, key=lambda row: row[2])
    return t(
        WORDS,
        "effect",
        what=html.escape(_what(now)),
        word=_mono(before[0]),
        before=_percent(before[1]),
        after=_percent(before[2]),
        first=_mono(after[0]),
        p=_percent(after[2]),
    )


def difference(known: Known) -> tuple[float, float]:
    """How far the block's output, added up again from its parts, is from the model's own, and the largest number of that."""
    inside = known.inside
    own = inside.streams[inside.layer + 1].astype(np.float64)
    parts = {
        name: state.astype(np.float64)
        for name, state in zip(ORDER[inside.wiring], inside.states, strict=True)
    }
    if inside.wiring == "pre":
        again = parts["stream"] + parts["attention"] + parts["feed_forward"]
    else:
        again = parts["norm1"] + parts["feed_forward"]
        again -= again.mean(-1, keepdims=True)
        again /= np.sqrt((again**2).mean(-1, keepdims=True) + known.epsilon[1])
        again = again * known.norms[1][0] + known.norms[1][1]
    return float(np.abs(again - own).max()), float(np.abs(own).max())


def _mono(text: str) -> str:
    return f'<span class="gb-mono">{html.escape(text)}</span>'


def _percent(p: float) -> str:
    return "<0.1%" if p < 0.001 else ">99.9%" if p > 0.999 else f"{p:.1%}"


def part_rows(now: Shown) -> list[dict[str, Any]]:
    """The length of every vector of the opened block, for each token."""
    inside = now.now.inside
    lengths = np.linalg.norm(inside.states.astype(np.float64), axis=-1)
    return [
        {
            "position": token,
            "token": now.now.tokens[token],
            "step": step + 1,
            "vector": name,
            "length": float(lengths[step, token]),
        }
        for token in range(len(now.now.tokens))
        for step, name in enumerate(ORDER[inside.wiring])
    ]


def neuron_rows(now: Shown) -> list[dict[str, Any]]:
    """The neurons that fire most for each token, and the words they push for."""
    whole = now.whole
    return [
        {
            "position": token,
            "token": whole.tokens[token],
            "neuron": neuron,
            "before": float(whole.inside.before[token, neuron]),
            "activation": float(whole.inside.active[token, neuron]),
            "for": " ".join(whole.pushes[neuron][0]),
            "against": " ".join(whole.pushes[neuron][1]),
        }
        for token in range(len(whole.tokens))
        for neuron in whole.inside.strongest(token)
    ]


def lens_rows(now: Shown) -> list[dict[str, Any]]:
    """What the model would say after each block."""
    known = now.now
    inside = known.inside
    return [
        {
            "blocks": row,
            "position": token,
            "token": known.tokens[token],
            "rank": k + 1,
            "guess": known.said[int(inside.guesses[row, token, k])],
            "probability": float(inside.probs[row, token, k]),
        }
        for row in range(len(inside.guesses))
        for token in range(len(known.tokens))
        for k in range(inside.guesses.shape[2])
    ]


def export(now: Shown) -> Export:
    """Everything of the picture, exact."""
    looks_at_norms, seed = st.session_state["block_look"] == "norms", int(st.session_state["norm_seed"] or 0)
    about = {
        "model": now.card.name,
        "revision": now.card.revision,
        "text": now.text,
        "layer": now.now.inside.layer,
        "taken_out": now.taken,
        "neurons_off": " ".join(map(str, now.off)),
    }
    return Export(
        "block",
        caption(now),
        about,
        {
            "parts": lambda: part_rows(now),
            "neurons": lambda: neuron_rows(now),
            "after-blocks": lambda: lens_rows(now),
            **({"gradients": lambda: norm_depth.rows(seed)} if looks_at_norms else {}),
        },
        lambda: {
            "tokens": now.now.tokens,
            "order": ORDER[now.now.inside.wiring],
            "states": now.now.inside.states.tolist(),
            "after_blocks": lens_rows(now),
        },
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    bert = {"attention_model": "pocket-bert", "block_text": BERT_TEXT, "block_token": 6, "block_layer": 5}
    return [
        (t(WORDS, "try_bert"), {**bert, "block_step": 3}),
        (t(WORDS, "try_first"), {"block_layer": 0, "block_step": 6}),
        (t(WORDS, "try_lens"), {"block_look": "blocks"}),
        (t(WORDS, "try_norms"), {"block_look": "norms"}),
        (t(WORDS, "try_bypass"), {"block_taken": "residual"}),
    ]
