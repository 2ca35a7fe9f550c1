"""State and numbers of the page "Attention heads"."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.elements.bert.attention_view import PAIRS, Drawn, OfModel, ViewFrame
from components.elements.engine import model_files
from components.elements.page_fields import Field
from components.elements.predict_first import Prediction
from components.lessons import tuned
from components.lessons.attention_models import default_model
from components.lessons.bert import attention_recorded
from components.lessons.known_language import reads_korean
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import CannotRead
from components.lm.transformer.attention import ALL_LAYERS_UP_TO, Attention, Unreadable, as_rows, pack_weights
from components.lm.transformer.head_scores import KINDS, HeadScores
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, working
from components.shell.loading import FIRST_MODEL, load_model
from components.shell.refusals import cannot_read
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel
    from components.lm.transformer.attention import Attention, Floats
    from components.lm.transformer.head_scores import HeadScores, Induction


REPEATED = "The cat saw the dog and the cat saw the dog and the cat"
TEXT = "The little girl gave her brother the red ball because he was sad."
KOREAN = {"text": "어머니는 아이를 안고 노래를 부르고 아이는 잠이 들었다.", "attention_model": KOREAN_BERT}
"""What the page begins with in Korean."""
REPEATED_KO = "고양이는 개를 보고 강아지는 새를 보고 고양이는 개를 보고 강아지는 새를"
MEASURES = ("weights", "value_weighted", "rollout")
PANELS = ("nothing", "ablation", "bertviz", "numbers")
SORTS = ("grid", *KINDS)
HEADS_PER_LAYER = 1000
"""A head travels in a link as layer * 1000 + head."""


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds."""
    return (
        links.Text("text", TEXT, max_chars=4000),
        links.Text("second", "", max_chars=4000),
        links.Text("attention_model", default_model(), max_chars=120, example="nano-bert"),
        links.Choice("attention_weights", tuned.WEIGHTS, "pretrained"),
        links.Choice("measure", MEASURES, "weights"),
        links.Integer("layer", 0, 199, 0),
        links.Numbers("heads", (0,), most=8, high=999, example=(1,)),
        links.Numbers("reading", (0,), most=2, high=1, example=(1,)),
        links.Integer("token", -1, 4095, -1),
        links.Choice("sort", SORTS, "grid"),
        links.Number("least", 0, 1, 0),
        links.Flag("no_special"),
        links.Flag("no_punctuation"),
        links.Choice("pair", PAIRS, "all"),
        links.Number("hide_below", 0, 0.5, 0),
        links.Choice("panel", PANELS, "nothing"),
        links.Choice("bertviz_view", ("head", "model", "neuron"), "head"),
        links.Numbers("off", (), most=64, high=199 * HEADS_PER_LAYER, example=(1001,)),
        links.Integer("at", -1, 4095, -1, example=5),
        links.Flag("tried"),
    )


MOVED = (
    "text",
    "second",
    "measure",
    "layer",
    "heads",
    "reading",
    "token",
    "sort",
    "least",
    "no_special",
    "no_punctuation",
    "pair",
    "hide_below",
    "off",
    "at",
    "tried",
)
"""What the browser moves by itself."""
VIEW = "attention"
"""The name that the elements of the page share."""


@dataclass(frozen=True)
class AttentionChoice:
    """What is open in the picture: one layer, some of its columns (heads, or other readings), a pinned token (-1: none).

    To start with no heads means the first head of the order.
    """

    layer: int
    heads: tuple[int, ...]
    token: int


def typed() -> None:
    """Callback: another model. Its tokens are others, so none stays pinned or asked for; layer and heads stay."""
    links.put("token", -1)
    links.put("at", -1)
    links.put("tried", False)
    links.moved()


def weights_in_use(card: ModelCard) -> ModelCard:
    """Draw the choice of weights where the model has two; return the card of those in use."""
    if card.name != tuned.BASE:
        return card
    weights = held().segmented_control(
        t("attention", "weights_of"),
        tuned.WEIGHTS,
        key="attention_weights",
        required=True,
        format_func=lambda name: t("attention", f"weights_{name}"),
        on_change=links.moved,
    )
    if weights == tuned.WEIGHTS[0]:
        return card
    st.caption(told("attention", "weights_note", model=card.name, n=tuned.SIZE))
    return tuned.tuned_card()


def state() -> dict[str, Any]:
    """What the browser moves, as the link holds it."""
    return {key: list(value) if isinstance(value := st.session_state[key], tuple) else value for key in MOVED}


def start() -> dict[str, Any]:
    """The state that the element starts from: what the session held when the link last moved it.

    It stays the same between two such moments, so that the weights do not travel again.
    """
    rev = links.revision()
    held = st.session_state.get("_attention_start")
    if held is None or held[0] != rev:
        held = st.session_state["_attention_start"] = (rev, state())
    begun: dict[str, Any] = held[1]
    return begun


def now() -> AttentionChoice:
    """The choice that the link holds. Heads, and the readings that rollout shows in their place, are kept apart."""
    s = st.session_state
    heads = tuple(s["reading" if s["measure"] == "rollout" else "heads"])
    return AttentionChoice(int(s["layer"]), heads, int(s["token"]))


def fields() -> list[Field]:
    """The texts and what is measured, as fields of the browser."""
    resets = {"token": -1, "at": -1, "tried": False}
    for key in ("text", "second", "measure"):
        links.name_field(key, t("attention", key))
    return [
        {"key": "text", "label": t("attention", "text"), "wide": 4, "high": 4000, "resets": resets},
        {
            "key": "second",
            "label": t("attention", "second"),
            "wide": 3,
            "high": 4000,
            "placeholder": t("attention", "second_hint"),
            "resets": resets,
        },
        {
            "key": "measure",
            "label": t("attention", "measure"),
            "wide": 2.4,
            "options": [(measure, t("attention", measure)) for measure in MEASURES],
            "help": t("attention", "measure_help"),
        },
    ]


def took_view() -> None:
    """Callback: the reader moved the view; the browser sends the whole state, and who computed what it shows."""
    report = links.heard("attention_view")
    if report is None:
        return
    s = st.session_state
    s["_attention_browser"] = report.get("browser")
    s["_attention_failed"] = bool(report.get("failed"))
    tokens = report.get("tokens")
    s["_attention_tokens"] = tokens if isinstance(tokens, int) else 0
    s["_attention_reads"] = _reads(report.get("reads"))


def _reads(report: Any) -> tuple[int, int, int, int, float] | None:
    """The place that the browser told of, as (layer, head, query, key, weight); None if it is of another shape."""
    try:
        layer, head, query, key, weight = report
        return int(layer), int(head), int(query), int(key), float(weight)
    except (TypeError, ValueError):
        return None


def in_browser(card: ModelCard) -> bool:
    """Whether the browser computes with this model, so that nothing need be computed here."""
    return model_files(card.name) is not None and st.session_state.get("_attention_browser") == card.name


def could_be_in_browser(card: ModelCard) -> bool:
    """Whether the browser may compute with this model: it has not said that it cannot."""
    return model_files(card.name) is not None and not st.session_state.get("_attention_failed")


def frame(card: ModelCard) -> ViewFrame:
    """What the view is of."""
    s = st.session_state
    return {
        "rev": links.revision(),
        "state": start(),
        "asked": {key: str(s[key]) for key in ("text", "second", "measure")},
        "params": links.described(*MOVED),
        "files": model_files(card.name),
        "model": card.name,
        "revision": card.revision,
    }


def of_model(card: ModelCard) -> OfModel:
    """What no text changes. Where one has to ask the model, it is asked once."""
    try:
        found = induction_of(card.name, card.revision)
    except Unreadable:
        return {"induction": None, "even": 0.0}
    plain = [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in found.scores]
    known = any(value is not None for row in plain for value in row)
    return {"induction": plain if known else None, "even": found.even}


def read(card: ModelCard) -> Attention | None:
    """The attention of the texts on screen, or None after saying why there is none."""
    s = st.session_state
    try:
        with working(told("attention", "computing", model=card.name)):
            return attention_of(card.name, card.revision, s["text"], s["second"], None)
    except CannotRead as error:
        st.error(cannot_read(error))
    except Unreadable:
        st.error(told("attention", "no_weights", model=card.name))
    return None


@dataclass(frozen=True, eq=False)
class Shown:
    """What stands on screen: ``measure`` of ``num_tokens`` tokens in ``columns``; ``drawn`` and ``attention``, the chosen
    measure as (layer, column, query, key), only where it was computed here."""

    measure: str
    columns: list[str]
    num_tokens: int
    attention: Attention | None
    drawn: Drawn | None


def columns(card: ModelCard, measure: str) -> list[str]:
    """The names of the heads, or of the readings that stand in their place."""
    if measure == "rollout":
        return [t("attention", "mean"), t("attention", "rolled")]
    return [str(i) for i in range(card.num_heads)]


def browsers(card: ModelCard) -> Shown:
    """What stands on screen where the browser computed it."""
    measure = str(st.session_state["measure"])
    return Shown(measure, columns(card, measure), st.session_state.get("_attention_tokens") or 0, None, None)


def computed(card: ModelCard, attention: Attention) -> Shown:
    """The chosen measure of the text on screen: all layers up to 128 tokens, one above."""
    s = st.session_state
    texts = (card.name, card.revision, s["text"], s["second"])
    measure, weights, layers, only = str(s["measure"]), attention.weights, attention.layers, None
    if measure != "weights":
        try:
            weights = attention_measure(*texts, measure)
        except Unreadable:
            st.info(told("attention", "unreadable", family=card.family))
            measure = "weights"
    if len(attention.reading) > ALL_LAYERS_UP_TO:
        only = s["layer"] = min(int(s["layer"]), card.num_layers - 1)
        weights, layers = weights[only : only + 1], (only,)
        held().number_input(
            t("attention", "only_layer", tokens=len(attention.reading)),
            0,
            card.num_layers - 1,
            key="layer",
            on_change=links.moved,
        )
    scores = None if measure == "rollout" or only is not None else attention_scores(*texts)
    names = columns(card, measure)
    return Shown(
        measure=measure,
        columns=names,
        num_tokens=len(attention.reading),
        attention=replace(
            attention, weights=weights, layers=layers, windows=tuple(attention.windows[i] for i in layers)
        ),
        drawn=Drawn(
            key=f"{card.name} {card.revision[-8:]} {hash((texts, measure, only))}",
            packed=pack_weights(weights),
            reading=attention.reading,
            layers=layers,
            columns=names,
            scores=plain_scores(scores) if scores else {},
            strongest=strongest(scores) if scores else None,
        ),
    )


def where(shown: Shown, choice: AttentionChoice) -> str:
    """Layer, heads (or the reading that takes their place), measure and length."""
    names = ", ".join(shown.columns[head] for head in choice.heads if head < len(shown.columns))
    key = "caption_reading" if shown.measure == "rollout" else "caption_heads"
    of = t("attention", key, layer=choice.layer, heads=names)
    length = t("attention", "caption_tokens", n=shown.num_tokens)
    return f"{of} · {t('attention', shown.measure)} · {length}"


def reads(shown: Shown, choice: AttentionChoice) -> tuple[int, int, int, int, float] | None:
    """(layer, head, query, key, weight): what the pinned token, or the first, reads most in the first open head."""
    if shown.measure != "weights":
        return None
    if shown.attention is None:
        told_of: tuple[int, int, int, int, float] | None = st.session_state.get("_attention_reads")
        return told_of
    layer, head, query = choice.layer, (choice.heads or (0,))[0], max(choice.token, 0)
    if layer not in shown.attention.layers or query >= shown.num_tokens:
        return None
    row = shown.attention.weights[shown.attention.layers.index(layer), head, query]
    key = int(row.argmax())
    return layer, head, query, key, float(row[key])


def about(card: ModelCard, shown: Shown) -> dict[str, Any]:
    """Where the numbers come from, for every file that leaves the page."""
    s = st.session_state
    return {
        "model": card.name,
        "revision": card.revision,
        "text": s["text"],
        "second": s["second"],
        "measure": shown.measure,
    }


def export(
    card: ModelCard, shown: Shown, choice: AttentionChoice, about: Mapping[str, Any], where: str
) -> Export:
    """The weights of the chosen heads, exact; computed here when they are asked for."""
    caption = f"{about['model']} {about['revision']} · {where} · {about['text']} {about['second']}".rstrip()

    def exact() -> Attention | None:
        if shown.attention is not None:
            return shown.attention
        found = read(card)
        return None if found is None else computed(card, found).attention

    def rows() -> list[dict[str, Any]]:
        found = exact()
        return as_rows(found, [(choice.layer, head) for head in choice.heads]) if found else []

    def tokens() -> list[str]:
        found = exact()
        return list(found.reading.tokens) if found else []

    return Export(
        "attention",
        caption,
        about,
        {"weights": rows},
        lambda: {"weights": rows(), "tokens": tokens()},
        models=() if card.name == tuned.TUNED else (card.name,),
    )


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Three states worth a look. Induction is shown where it was first found: in a model that reads from the left."""
    common: dict[str, Any] = {"attention_model": card.name}
    korean = reads_korean(card)
    if korean:
        common["text"] = KOREAN["text"]
    reads_left = KOREAN_GPT if korean else FIRST_MODEL
    repeated = {
        "attention_model": card.name if card.can("generation") else reads_left,
        "text": REPEATED_KO if korean else REPEATED,
        "sort": "induction",
        "heads": (),
    }
    return [
        (t("attention", "try_previous"), {**common, "sort": "previous", "heads": ()}),
        (t("attention", "try_repeat"), {**common, **repeated}),
        (t("attention", "try_ablation"), {**common, "panel": "ablation"}),
    ]


def plain_scores(scores: HeadScores) -> dict[str, list[list[float | None]]]:
    """Scores for the browser: three digits, None where the text cannot tell; kinds it cannot tell at all are left out."""
    found: dict[str, list[list[float | None]]] = {}
    for kind in KINDS:
        values = scores.of(kind)
        if not np.isnan(values).all():
            found[kind] = [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in values]
    return found


def strongest(scores: HeadScores) -> list[list[str]]:
    """The kind of place each head gives most weight to."""
    layers, heads = scores.broad.shape
    return [[scores.strongest(layer, head) for head in range(heads)] for layer in range(layers)]


def prediction() -> Prediction:
    """To which place does the head of the first view give most weight?"""
    begins = KOREAN if st.session_state["attention_model"] == KOREAN_BERT else {}
    first = {**links.defaults(), **begins}
    card = checkpoints.card(str(first["attention_model"]))
    layer, head = int(first["layer"]), int(first["heads"][0])
    scores = attention_scores(card.name, card.revision, str(first["text"]), "")
    kinds = ("itself", "next", "previous", "same_word")
    means = [float(scores.of(kind)[layer, head]) for kind in kinds]
    best = int(np.nanargmax(means))
    options = [t("attention", f"predict_{kind}") for kind in kinds]
    return Prediction(
        t("attention", "predict", layer=layer, head=head),
        options,
        best,
        t("attention", "predict_why", share=f"{means[best]:.2f}", kind=options[best]),
        begins,
    )


def npz(attention: Attention, about: Mapping[str, Any]) -> bytes:
    """Everything exact, as a NumPy archive: weights (layer, head, query, key), tokens, ids, segments, where from."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        weights=attention.weights,
        layers=np.array(attention.layers),
        tokens=np.array(attention.reading.tokens),
        input_ids=attention.reading.input_ids,
        segments=attention.reading.segments,
        about=np.array([f"{key}: {value}" for key, value in about.items()]),
    )
    return file.getvalue()


# One text of 128 tokens in 12 layers of 12 heads has 9.4 MB of weights: seven of them fill the store of all readers.
@shared
def attention_of(name: str, revision: str, text: str, pair: str, layer: int | None) -> "Attention":
    """Return the attention weights of a text or pair; ``revision`` makes a replaced model a new entry."""
    from components.lm.reading import read
    from components.lm.transformer.attention import attend

    if layer is None and (known := attention_recorded.attention(name, revision, text, pair)):
        return known.attention
    loaded = load_model(name, "attention")
    return attend(loaded, read(loaded, text, pair), layer)


# As large as the weights themselves: up to 9.4 MB for 128 tokens in 12 layers of 12 heads.
@shared
def attention_measure(name: str, revision: str, text: str, pair: str, measure: str) -> "Floats":
    """Return another reading of the same text, as weights: ``value_weighted`` (layer, head, query, key) or
    ``rollout`` (layer, 2, query, key): the mean of the heads, and rollout."""
    from components.lm.transformer.attention import rollout, shares, value_weighted

    plain = attention_of(name, revision, text, pair, None)
    if measure == "value_weighted":
        return shares(value_weighted(load_model(name, "attention"), plain))
    return np.stack([plain.weights.mean(1), rollout(plain.weights)], axis=1).astype(np.float32)


# Eight scores for each of 144 heads: 9 kB.
@shared
def attention_scores(name: str, revision: str, text: str, pair: str) -> "HeadScores":
    """Return what each head does on this text."""
    from components.lm.reading import separator_ids
    from components.lm.transformer.head_scores import score_heads

    plain = attention_of(name, revision, text, pair, None)
    reading = plain.reading
    ids = reading.input_ids
    known = attention_recorded.attention(name, revision, text, pair)
    separators = known.separators if known else separator_ids(load_model(name, "attention"))
    # A token that stands for every unknown word is not the same word again.
    unknown = {int(i) for i, token in zip(ids, reading.tokens, strict=True) if token in ("[UNK]", "<unk>")}
    scores = score_heads(
        plain.weights,
        ids.tolist(),
        causal=plain.causal,
        separator_ids=separators,
        ignore_ids=set(ids[reading.special].tolist()) | unknown,
        seen=plain.visible,
    )
    return replace(scores, induction=induction_of(name, revision).scores)


# A few numbers for each head.
@shared
def induction_of(name: str, revision: str) -> "Induction":
    """Return induction of every head of a model, on random tokens said twice."""
    if known := attention_recorded.induction(name, revision):
        return known
    return measured_induction(load_model(name, "attention"))


def measured_induction(loaded: "LoadedModel") -> "Induction":
    """Return induction of every head of a loaded model, its texts framed as its tokenizer does."""
    from components.lm.reading import frame_ids, is_causal, segment_rows, table_rows
    from components.lm.transformer.head_scores import measure_induction

    tokenizer, card = loaded.tokenizer, loaded.card
    prefix, suffix = frame_ids(loaded)
    special = set(tokenizer.all_special_ids)
    return measure_induction(
        loaded.model,
        [i for i in range(min(table_rows(loaded), len(tokenizer))) if i not in special],
        causal=is_causal(card),
        prefix=prefix,
        suffix=suffix,
        segments=segment_rows(loaded) > 0,
        most=card.max_positions,
    )
