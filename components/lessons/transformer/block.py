"""State and numbers of the page "One block from inside"."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.elements.engine import model_files
from components.elements.page_fields import Field, page_fields
from components.elements.predict_first import Prediction
from components.elements.transformer.block_flow import STEPS, BlockArrays, BlockFound, BlockFrame, block_flow
from components.elements.transformer.layer_lanes import LanesArrays, LanesFound, LanesFrame, layer_lanes
from components.elements.view import started
from components.lessons.attention_models import beginning
from components.lessons.known_language import reads_korean
from components.lessons.recorded import TRACES
from components.lessons.transformer import norm_depth
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import CannotRead
from components.lm.transformer.attention import Unreadable
from components.lm.transformer.block import ORDER, TAKEN, Inside, Lens, Taken, path
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, reading_aid, working
from components.shell.loading import load_model
from components.shell.refusals import cannot_read
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.transformer.block import Floats, Followed

WORDS = "block"
TRACE, KOREAN_TRACE = (TRACES / "transformer" / f"block{ending}.npz" for ending in ("", "_ko"))
MODEL, TEXT, LAYER = "pocket-gpt", "Once upon a time there was a little", 4
BERT_TEXT = "The little girl gave her [MASK] a red ball."
TOKEN, DIM = 7, 0
KOREAN: dict[str, Any] = {
    "block_text": "아이가 어머니의 손을",  # chosen by ``choose_beginning`` in block_recorder
    "attention_model": KOREAN_GPT,
    "block_token": 3,
}
"""What the page begins with in Korean."""
KOREAN_BERT_TEXT = "어머니는 아이를 안고 노래를 [MASK]."
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
ASKED = ("block_text", "block_layer", "block_taken", "block_off")
"""What the numbers depend on."""
MOVED = (*ASKED, "block_step", "block_token", "block_dim", "block_words")
"""What the browser moves by itself."""
VIEW = "block"
"""The name that the elements of the page share."""


# -- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Known:
    """A model's block on a text, and the words for its numbers: all that the page draws, without the model.

    ``said`` names tokens by id: those of ``lens`` where it is known (the recorded view), else the likeliest of the last block.
    ``pushes`` are the words a neuron pushes for and against, as far as they are known; ``norms`` is (2, 2, width): weight and
    bias of both normalisations.
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
    lens: Lens | None = None


def compute(name: str, text: str, layer: int, taken: Taken = "none", neurons: tuple[int, ...] = ()) -> Known:
    """Run the model and put its numbers into words: one pass, and nothing that only shows when it is opened.

    Raises ``CannotRead``, ``Unreadable``.
    """
    from components.lm.reading import read
    from components.lm.tokens.token_text import token_info
    from components.lm.transformer import block

    loaded = load_model(name, "attention")
    reading = read(loaded, text)
    inside = block.look_inside(loaded, reading, layer, taken=taken, neurons=neurons)
    first, second = block.norms(loaded, layer)
    finite = bool(np.isfinite(inside.logits).all())
    best = {i for token in range(len(reading)) for i in inside.likeliest(token)} if finite else set()
    return Known(
        tuple(reading.texts),
        inside,
        {i: token_info(loaded.tokenizer, i).text for i in sorted(best)},
        {},
        np.stack([[norm.weight, norm.bias] for norm in (first, second)]),
        (first.epsilon, second.epsilon),
        first.centred,
        block.activation(loaded),
        block.gated(loaded),
    )


def complete(name: str, known: Known) -> Known:
    """The same with everything that can be opened: what would be said after each block, the words of all neurons."""
    found, words = _after_blocks(name, known.inside)
    neurons = sorted({n for token in range(len(known.tokens)) for n in known.inside.strongest(token)})
    return replace(
        known, lens=found, said={**known.said, **words}, pushes=_words_of(name, known.inside.layer, neurons)
    )


def _after_blocks(name: str, inside: Inside) -> tuple[Lens, dict[int, str]]:
    from components.lm.tokens.token_text import token_info
    from components.lm.transformer.block import lens

    loaded = load_model(name, "attention")
    found = lens(loaded, inside.streams)
    return found, {int(i): token_info(loaded.tokenizer, int(i)).text for i in np.unique(found.guesses)}


def _words_of(name: str, layer: int, neurons: list[int]) -> dict[int, tuple[list[str], list[str]]]:
    from components.lm.transformer.block import pushes

    return pushes(load_model(name, "attention"), layer, neurons)


def save(path: Path, known: Known, of: tuple[str, ...]) -> None:
    """Write what was computed for a text of the page's own to a trace; ``known`` is complete."""
    inside = {field.name: getattr(known.inside, field.name) for field in fields_of(Inside)}
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
    after = {field.name: getattr(known.lens, field.name) for field in fields_of(Lens)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, of=np.array(of), about=np.array(json.dumps(about)), norms=known.norms, **inside, **after
    )


@cache
def _traces() -> tuple[tuple[list[str], Known], ...]:
    return tuple(_read_trace(path) for path in (TRACE, KOREAN_TRACE) if path.exists())


def _read_trace(path: Path) -> tuple[list[str], Known]:
    with np.load(path) as file:
        of = [str(part) for part in file["of"]]
        about = json.loads(str(file["about"]))
        arrays = {name: file[name] for name in file.files if name not in ("of", "about", "norms")}
        after = {field.name: arrays.pop(field.name) for field in fields_of(Lens)}
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
            Lens(**after),
        )
    return of, known


def first_view(name: str, revision: str, text: str, layer: int) -> Known | None:
    """The recorded block of a text of the page's own by this revision of its model, or None for anything else."""
    asked = [name, revision, text, str(layer)]
    return next((known for of, known in _traces() if of == asked), None)


# A block of pocket-gpt on 24 tokens holds some 2 MB with its logits; shared by all sessions.
@shared
def _known(name: str, revision: str, text: str, layer: int, taken: Taken, neurons: tuple[int, ...]) -> Known:
    if taken == "none" and not neurons and (found := first_view(name, revision, text, layer)):
        return found
    return compute(name, text, layer, taken, neurons)


# What would be said after each of 6 blocks at 24 tokens: 30 kB.
@shared
def _lens(
    name: str, revision: str, text: str, layer: int, taken: Taken, neurons: tuple[int, ...]
) -> tuple[Lens, dict[int, str]]:
    return _after_blocks(name, _known(name, revision, text, layer, taken, neurons).inside)


# The words of a block's neurons do not depend on a text: 3,072 of them are 1 MB.
@st.cache_resource(max_entries=16, show_spinner=False)
def _pushes(name: str, revision: str, layer: int) -> dict[int, tuple[list[str], list[str]]]:
    return {}


def pushes(now: "Shown", neurons: list[int]) -> dict[int, tuple[list[str], list[str]]]:
    """The words these neurons push for and against; only those that nobody has asked for yet are computed."""
    layer = now.whole.inside.layer
    known = _pushes(now.card.name, now.card.revision, layer)
    known.update(now.whole.pushes)
    if missing := [n for n in neurons if n not in known]:
        known.update(_words_of(now.card.name, layer, missing))
    return {n: known[n] for n in neurons}


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

    def after_blocks(self) -> tuple[Lens, Mapping[int, str]]:
        """What the model would say after each block, and the tokens' texts."""
        if self.now.lens is not None:
            return self.now.lens, self.now.said
        name, revision, layer = self.card.name, self.card.revision, self.now.inside.layer
        return _lens(name, revision, self.text, layer, self.taken, self.off)


def clamp_layer(card: ModelCard) -> int:
    """Keep the layer within the model before its field is drawn; returns the last one there is."""
    if st.session_state["block_layer"] > card.num_layers - 1:
        links.put("block_layer", card.num_layers - 1)
    return card.num_layers - 1


def state() -> dict[str, Any]:
    """What the browser moves, as the link holds it."""
    s = st.session_state
    return {key: list(value) if isinstance(value := s[key], tuple) else value for key in MOVED}


def fields(last_layer: int) -> list[Field]:
    """Text, block, and what is taken out, as fields of the browser."""
    for key in ("text", "layer", "taken"):
        links.name_field(f"block_{key}", t(WORDS, key))
    return [
        {
            "key": "block_text",
            "label": t(WORDS, "text"),
            "wide": 4.4,
            "high": 400,
            "help": t(WORDS, "text_help"),
        },
        {"key": "block_layer", "label": t(WORDS, "layer"), "wide": 1, "low": 0, "high": last_layer},
        {
            "key": "block_taken",
            "label": t(WORDS, "taken"),
            "wide": 1.9,
            "options": [(what, t(WORDS, f"taken_{what}")) for what in TAKEN],
            "help": t(WORDS, "taken_help"),
        },
    ]


def took_view() -> None:
    """Callback: the reader moved the view; the browser sends the whole state, and who computed what it shows."""
    report = links.heard("block_flow")
    if report is None:
        return
    s = st.session_state
    s["_block_browser"] = report.get("browser")
    s["_block_read"] = _read(report.get("read"))


Example = tuple[str, str, int, int, tuple[float, ...]]
"""Text, wiring, layer, token, and the lengths of the token's vector before the block and after it."""


def _read(report: Any) -> Example | None:
    """What the browser told of the block; None if it is of another shape."""
    try:
        text, wiring, layer, token, lengths = report
        return str(text), str(wiring), int(layer), int(token), tuple(float(length) for length in lengths)
    except (TypeError, ValueError):
        return None


def in_browser(card: ModelCard) -> bool:
    """Whether the browser computes with this model, so that nothing need be computed here."""
    return model_files(card.name) is not None and st.session_state.get("_block_browser") == card.name


def shown(card: ModelCard) -> Shown | None:
    """What the link asks for, or None after saying why not; a long text is read up to the last word that fits."""
    s = st.session_state
    text, layer = str(s["block_text"] or ""), min(int(s["block_layer"]), card.num_layers - 1)
    taken: Taken = s["block_taken"] or "none"
    try:
        with working(told(WORDS, "computing", model=card.name)):
            if first_view(card.name, card.revision, text, layer) is None:
                text = beginning(card.name, card.revision, text, MOST_TOKENS)
            whole = _known(card.name, card.revision, text, layer, "none", ())
            size = whole.inside.active.shape[1]
            off = tuple(sorted({n for n in s["block_off"] if n < size}))
            now = (
                _known(card.name, card.revision, text, layer, taken, off) if off or taken != "none" else whole
            )
    except CannotRead as error:
        st.error(cannot_read(error))
        return None
    except Unreadable:
        st.error(told(WORDS, "unreadable", family=card.family))
        return None
    return Shown(card, text, whole, now, taken, off)


def prediction() -> Prediction | None:
    """After how many blocks is the model's word for once on top?"""
    begins = KOREAN if st.session_state["attention_model"] == KOREAN_GPT else {}
    model, text = (KOREAN_GPT, str(KOREAN["block_text"])) if begins else (MODEL, TEXT)
    known = first_view(model, checkpoints.card(model).revision, text, LAYER)
    if known is None or known.lens is None:
        return None
    lens, token = known.lens, len(known.tokens) - 1
    ranks = lens.ranks[:, token, 0]
    first = int(np.argmax(ranks == 1))
    options = [t(WORDS, "predict_after", n=n) for n in range(len(ranks) - 1)]
    word = known.said[int(lens.guesses[-1, token, 0])].strip()
    return Prediction(
        t(WORDS, "predict", word=word, text=text, model=model),
        options,
        first - 1,
        t(
            WORDS,
            "predict_why",
            word=word,
            n=first - 1,
            before=int(ranks[first - 1]),
            q=f"{lens.probs[-1, token, 0]:.0%}",
            p=f"{lens.probs[first, token, 0]:.0%}",
        ),
        {**begins, "block_look": "blocks"},
    )


# -- the pictures ----------------------------------------------------------------------------------------------------


def guesses(now: Shown) -> list[list[tuple[str, float, float]]]:
    """For each token the likeliest in the whole and the changed model: text, probability in each."""
    rows = []
    said = {**now.whole.said, **now.now.said}
    for token in range(len(now.whole.tokens)):
        both = [_softmax(known.inside.logits[token]) for known in (now.whole, now.now)]
        ids = list(dict.fromkeys(i for known in (now.whole, now.now) for i in known.inside.likeliest(token)))
        rows.append([(said[i], float(both[0][i]), float(both[1][i])) for i in ids])
    return rows


def _softmax(logits: Any) -> Any:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


def _asked() -> dict[str, Any]:
    return {key: value for key, value in state().items() if key in ASKED}


def draw(card: ModelCard, now: Shown | None) -> None:
    """The block, and where the reader is in it; ``now`` is None where the browser computes."""
    frame: BlockFrame = {
        "rev": links.revision(),
        "state": started("block_flow", state(), links.revision()),
        "params": links.described(*MOVED),
        "asked": _asked(),
        "files": model_files(card.name),
        "model": card.name,
        "revision": card.revision,
        "most": MOST_TOKENS,
        "layers": card.num_layers,
        "reads_on": card.can("generation"),
        "steps": {**links.frame_query(), "example": "model", "attention_model": card.name},
    }
    block_flow(frame, None if now is None else _found(now), on_view=took_view)


def _found(now: Shown) -> tuple[BlockFound, BlockArrays]:
    inside, whole = now.now.inside, now.whole
    neurons = [whole.inside.strongest(token) for token in range(len(whole.tokens))]
    chosen = neurons[min(int(st.session_state["block_token"]), len(neurons) - 1)]
    pushes(now, chosen)
    known = _pushes(now.card.name, now.card.revision, inside.layer)
    off, largest = difference(whole)
    found: BlockFound = {
        "text": now.text,
        "cut": now.text != str(st.session_state["block_text"] or ""),
        "tokens": whole.tokens,
        "wiring": inside.wiring,
        "layer": inside.layer,
        "activation": whole.activation,
        "gated": whole.gated,
        "epsilon": whole.epsilon,
        "centred": whole.centred,
        "neurons": neurons,
        "pushes": {str(n): known[n] for n in sorted({n for row in neurons for n in row}) if n in known},
        "guesses": guesses(now) if now.finite else [],
        "changed": now.changed,
        "finite": now.finite,
        "taken": now.taken,
        "off": now.off,
        "difference": (float(f"{off:.3g}"), float(f"{largest:.6g}")),
    }
    return found, {
        "states": inside.states,
        "attention": inside.attention,
        "before": _of_neurons(whole.inside.before, neurons),
        "active": _of_neurons(whole.inside.active, neurons),
        "norms": whole.norms,
    }


def _of_neurons(values: "Floats", neurons: list[list[int]]) -> "Floats":
    """Keep the values of the neurons that are drawn, ``neurons`` of each token; all others are 0, so that they take no room in
    a file of the page, which holds a view in each language."""
    rows = np.arange(len(neurons))[:, None]
    kept = np.zeros_like(values)
    kept[rows, neurons] = values[rows, neurons]
    return kept


def look_further(card: ModelCard, now: Shown | None) -> None:
    """What the reader chose to see below the picture."""
    if st.session_state["block_look"] == "blocks":
        draw_blocks(card, now)
    elif st.session_state["block_look"] == "norms":
        reading_aid(t(WORDS, "norms_intro"))
        held(st.columns([1.4, 8])[0]).number_input(t(WORDS, "norm_seed"), 0, MOST_SEED, key="norm_seed")
        norm_depth.draw(int(st.session_state["norm_seed"] or 0))


def followed(now: Shown) -> "list[Followed]":
    """The reader's own words through the blocks, at most ``MOST_WORDS``."""
    words = str(st.session_state["block_words"] or "").split()
    if not words:
        return []
    from components.lm.transformer.block import follow

    with working(told(WORDS, "computing", model=now.card.name)):
        loaded = load_model(now.card.name, "attention")
        found = [follow(loaded, now.now.inside.streams, word) for word in words[:MOST_WORDS]]
    return [one for one in found if one is not None]


def draw_blocks(card: ModelCard, now: Shown | None) -> None:
    """All blocks: what would be said after each, lengths, ranks, and the map."""
    links.name_field("block_words", t(WORDS, "own_words"))
    with st.columns([3, 5])[0]:
        page_fields(
            VIEW,
            links.revision(),
            state(),
            [
                {
                    "key": "block_words",
                    "label": t(WORDS, "own_words"),
                    "wide": 1,
                    "high": 60,
                    "help": t(WORDS, "own_words_help", most=MOST_WORDS),
                }
            ],
            name="block-words",
        )
    frame: LanesFrame = {
        "asked": {**_asked(), "block_words": str(st.session_state["block_words"] or "")},
        "model": card.name,
        "most": MOST_TOKENS,
        "most_words": MOST_WORDS,
        "reads_on": card.can("generation"),
        "overflow": now is not None and not now.finite,
    }
    layer_lanes(frame, None if now is None or not now.finite else _lanes(now), key="layer_lanes")


def _lanes(now: Shown) -> tuple[LanesFound, LanesArrays]:
    (lens, said), inside, own = now.after_blocks(), now.now.inside, followed(now)
    found: LanesFound = {
        "tokens": now.now.tokens,
        "guesses": [[[said[int(i)] for i in cell] for cell in row] for row in lens.guesses],
        "candidates": [[said[int(i)] for i in cell] for cell in lens.guesses[-1]],
        "own": [one.token for one in own],
        "cut": [one.token for one in own if one.pieces > 1],
    }
    return found, {
        "probs": lens.probs,
        "ranks": lens.ranks,
        "lengths": inside.lengths,
        "path": path(inside.streams),
        "own_ranks": np.stack([one.ranks for one in own], -1).astype(np.int32)
        if own
        else np.zeros((*inside.streams.shape[:2], 0), np.int32),
    }


# -- in words and to take home ---------------------------------------------------------------------------------------


def example(now: Shown | None) -> Example | None:
    """What the chosen token's vector is before the block and after it; None if something is taken out, or if the browser has
    not told it."""
    if st.session_state["block_taken"] != "none" or st.session_state["block_off"]:
        return None
    if now is None:
        told_of: Example | None = st.session_state.get("_block_read")
        return told_of
    inside = now.whole.inside
    token = min(int(st.session_state["block_token"]), inside.states.shape[1] - 1)
    streams = inside.streams[inside.layer : inside.layer + 2, token].astype(np.float64)
    return (
        now.text,
        inside.wiring,
        inside.layer,
        token,
        tuple(float(x) for x in np.linalg.norm(streams, axis=-1)),
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
    words = pushes(
        now, sorted({n for token in range(len(whole.tokens)) for n in whole.inside.strongest(token)})
    )
    return [
        {
            "position": token,
            "token": whole.tokens[token],
            "neuron": neuron,
            "before": float(whole.inside.before[token, neuron]),
            "activation": float(whole.inside.active[token, neuron]),
            "for": " ".join(words[neuron][0]),
            "against": " ".join(words[neuron][1]),
        }
        for token in range(len(whole.tokens))
        for neuron in whole.inside.strongest(token)
    ]


def lens_rows(now: Shown) -> list[dict[str, Any]]:
    """What the model would say after each block."""
    lens, said = now.after_blocks()
    return [
        {
            "blocks": row,
            "position": token,
            "token": now.now.tokens[token],
            "rank": k + 1,
            "guess": said[int(lens.guesses[row, token, k])],
            "probability": float(lens.probs[row, token, k]),
        }
        for row in range(len(lens.guesses))
        for token in range(len(now.now.tokens))
        for k in range(lens.guesses.shape[2])
    ]


def export(card: ModelCard, now: Shown | None) -> Export:
    """Everything of the picture, exact; computed here when it is asked for."""
    s = st.session_state
    looks_at_norms, seed = s["block_look"] == "norms", int(s["norm_seed"] or 0)
    off = " ".join(map(str, s["block_off"]))
    about = {
        "model": card.name,
        "revision": card.revision,
        "text": now.text if now else s["block_text"],
        "layer": s["block_layer"],
        "taken_out": s["block_taken"],
        "neurons_off": off,
    }

    def rows(make: Callable[[Shown], list[dict[str, Any]]]) -> Callable[[], list[dict[str, Any]]]:
        return lambda: make(found) if (found := now or shown(card)) else []

    def everything() -> dict[str, Any]:
        found = now or shown(card)
        if found is None:
            return {}
        inside = found.now.inside
        return {
            "tokens": found.now.tokens,
            "order": ORDER[inside.wiring],
            "states": inside.states.tolist(),
            "after_blocks": lens_rows(found) if found.finite else [],
        }

    taken = [
        f"without {what}"
        for what in (*([s["block_taken"]] * (s["block_taken"] != "none")), *([f"neurons {off}"] * bool(off)))
    ]
    return Export(
        "block",
        " · ".join(
            [f"{card.name} {card.revision[:14]}", f"block {s['block_layer']}", str(about["text"]), *taken]
        ),
        about,
        {
            "parts": rows(part_rows),
            "neurons": rows(neuron_rows),
            "after-blocks": rows(lambda found: lens_rows(found) if found.finite else []),
            **({"gradients": lambda: norm_depth.rows(seed)} if looks_at_norms else {}),
        },
        everything,
        models=(card.name,),
    )


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """States worth a look, in a language that the model knows; BERT at its [MASK]."""
    begins: dict[str, Any] = {}
    bert = {"attention_model": "pocket-bert", "block_text": BERT_TEXT, "block_token": 6}
    if reads_korean(card):
        begins = KOREAN
        bert = {"attention_model": KOREAN_BERT, "block_text": KOREAN_BERT_TEXT, "block_token": 7}
    return [
        (t(WORDS, "try_bert"), {**bert, "block_layer": 5, "block_step": 3}),
        (t(WORDS, "try_first"), {**begins, "block_layer": 0, "block_step": 6}),
        (t(WORDS, "try_lens"), {**begins, "block_look": "blocks"}),
        (t(WORDS, "try_norms"), {**begins, "block_look": "norms"}),
        (t(WORDS, "try_bypass"), {**begins, "block_taken": "residual"}),
    ]
