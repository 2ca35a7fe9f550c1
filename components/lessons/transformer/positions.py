"""State, data and panels of the page "Positions"."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.transformer.position_tables import VIEWS, Look, Panel
from components.elements.transformer.shuffle_board import shuffle_board
from components.lessons.known_language import reads_korean
from components.lessons.recorded import trace_file
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT, best_bert
from components.lm.checkpoints.model_card import ModelCard, ModelRefused
from components.lm.reading import CannotRead
from components.lm.transformer.positions import (
    NoTable,
    TooFewWords,
    angular_frequencies,
    sinusoids,
    wavelengths,
)
from components.shell import links
from components.shell.layout import Export, caption, reading_aid, working
from components.shell.loading import FIRST_MODEL, load_model, mask_name
from components.shell.refusals import cannot_read, refusal
from components.shell.results import shared
from components.words import labels, t, told, with_mask

if TYPE_CHECKING:
    from components.lm.transformer.positions import Floats, PositionTable, Shuffle


GPT_SENTENCE = "The old woman opened the door and looked at the"
BERT_SENTENCE = "the old woman opened the [MASK] and looked out of the house"
SEED = 3
"""The shuffle to begin with. A test holds what the page says of it: with positions another word becomes the first guess,
with one position for all nothing changes."""
KOREAN: dict[str, Any] = {
    "pos_sentence": "아이가 공을 [MASK] 친구에게 던진다",  # of those tried, its guess is the clearest that is lost in most shuffles
    "pos_model": KOREAN_BERT,
    "pos_seed": 0,  # the first that loses it
}
"""What the page begins with in Korean."""
KOREAN_GPT_SENTENCE = "아이는 아침에 일어나 밥을 먹고 학교에"
UNCHANGED = 1e-4
"""Final vectors that differ by less are the same: float32 adds in another order."""
WIDTHS, COUNTS, MEASURES = ("8", "32", "128", "512"), ("64", "128", "256"), ("dot", "cosine")


def default_model() -> str:
    """BERT where it is bundled; before that the only model there is."""
    return best_bert(FIRST_MODEL)


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds."""
    return (
        links.Text("pos_model", default_model(), max_chars=120, example="nano-bert"),
        links.Choice("pos_width", WIDTHS, "128"),
        links.Choice("pos_count", COUNTS, "64"),
        links.Choice("pos_measure", MEASURES, "dot"),
        links.Integer("pos_at", 0, 255, 7),
        links.Integer("pos_dim", 0, 4095, 10),
        links.Choice("pos_view", VIEWS, "curve"),
        links.Text("pos_sentence", BERT_SENTENCE, max_chars=400),
        links.Integer("pos_seed", 0, 99, SEED),
    )


def width() -> int:
    """``d_model`` of the waves."""
    return int(st.session_state["pos_width"])


def look() -> Look:
    """Where the reader points, from the link."""
    s = st.session_state
    return Look(s["pos_at"], s["pos_dim"], s["pos_view"])


def keep(now: Look) -> None:
    """Hand what the element holds to the link."""
    for key, value in (("pos_at", now.position), ("pos_dim", now.dim), ("pos_view", now.view)):
        links.put(key, value)


def panels(card: ModelCard) -> list[Panel]:
    """The waves, a formula, and the table the model learned, read from its file without torch."""
    shown = int(st.session_state["pos_count"])
    about = t("positions", "sinusoids_about", width=width())
    found = [
        Panel(
            "sinusoids", sinusoids(shown, width()), t("positions", "sinusoids_title"), about, value_range=1.0
        )
    ]
    try:
        rows = position_table(card.name, card.revision).rows
    except NoTable:
        st.info(told("positions", "no_table", model=card.name, family=card.family))
        return found
    about = t("positions", "learned_about", rows=len(rows), width=rows.shape[1])
    title = t("positions", "learned_title", model=card.name)
    # How the bundled BERTs began is told in their cards: components/pretraining/architectures.py, start_attention.
    note = "learned_note_waves" if card.source == "bundled" and card.family == "bert" else "learned_note"
    return [*found, Panel("learned", rows[:shown], title, about, t("positions", note))]


def about(card: ModelCard, now: Look) -> str:
    """The caption: both tables, and where the reader points."""
    return t(
        "positions",
        "caption",
        width=width(),
        model=card.name,
        revision=card.revision[:14],
        p=now.position,
        d=now.dim,
    )


def aid(card: ModelCard, now: Look, learned: bool) -> str:
    """Written down or learned, and how fast the chosen pair of dimensions turns."""
    pair = min(now.dim, width() - 1) // 2
    wave = f"{wavelengths(width())[pair]:,.3g}"
    return t("positions", "aid" if learned else "aid_alone", i=pair, wave=wave, model=html.escape(card.name))


def own_sentence(card: ModelCard) -> str:
    """The page's sentence for a model: in a language that it knows, with the question that its kind answers."""
    korean = reads_korean(card)
    if card.can("generation"):
        return KOREAN_GPT_SENTENCE if korean else GPT_SENTENCE
    return with_mask(str(KOREAN["pos_sentence"]) if korean else BERT_SENTENCE, mask_name(card))


def fit_sentence(card: ModelCard) -> None:
    """Another kind of model asks another question: the page's own sentence changes with it, the reader's stays."""
    own, now = own_sentence(card), str(st.session_state["pos_sentence"])
    masked = [sentence.split("[MASK]") for sentence in (BERT_SENTENCE, str(KOREAN["pos_sentence"]))]
    ours = now in (GPT_SENTENCE, KOREAN_GPT_SENTENCE) or any(
        now.startswith(head) and now.endswith(tail) for head, tail in masked
    )
    if now != own and ours:
        links.put("pos_sentence", own)


def shuffle_help(card: ModelCard) -> str:
    """Where the question stands in the sentence."""
    return t("positions", "shuffle_help_gpt" if card.can("generation") else "shuffle_help_bert")


def shuffled(card: ModelCard) -> "Shuffle | None":
    """One sentence read four times: two orders, with positions and without; None after saying why not."""
    s = st.session_state
    try:
        with working(t("positions", "shuffle_running")):
            return two_orders(card.name, card.revision, str(s["pos_sentence"]).strip(), s["pos_seed"] or 0)
    except ModelRefused as error:
        st.warning(refusal(error))
    except NoTable:
        st.info(told("positions", "no_table", model=card.name, family=card.family))
    except CannotRead as error:
        st.error(cannot_read(error))
    except TooFewWords:
        st.info(t("positions", "shuffle_short"))
    return None


def shuffle_picture(card: ModelCard, shuffle: "Shuffle") -> None:
    """The four readings, and what they show."""
    gpt = card.can("generation")
    shuffle_board(shuffle, words=labels("shuffle_words"), key="shuffle_board")
    differences = {kind: f"{value:.2g}" for kind, value in shuffle.largest.items()}
    tops = {
        f"{kind}_{which}": html.escape(reading.top[0][0].replace("Ġ", ""))
        for kind, pair in shuffle.readings.items()
        for which, reading in zip(("written", "shuffled"), pair, strict=True)
    }
    moved = "changed" if tops["normal_written"] != tops["normal_shuffled"] else "kept"
    reading_aid(
        f"{t('positions', f'shuffle_{moved}', **tops)} "
        f"{t('positions', 'shuffle_aid_gpt' if gpt else 'shuffle_aid_bert', **differences)}"
    )
    seed = st.session_state["pos_seed"] or 0
    caption(t("positions", "shuffle_caption", model=card.name, revision=card.revision[:14], seed=seed))


def prediction() -> Prediction:
    """What does a shuffle change when every token has one position?"""
    begins = KOREAN if st.session_state["pos_model"] == KOREAN_BERT else {}
    card = checkpoints.card(KOREAN_BERT if begins else default_model())
    gpt = card.can("generation")
    text = str(begins.get("pos_sentence", GPT_SENTENCE if gpt else BERT_SENTENCE))
    shuffle = two_orders(card.name, card.revision, text, int(begins.get("pos_seed", SEED)))
    (one, two), differ = shuffle.readings["same"], shuffle.largest["same"]
    same = one.top[0][0] == two.top[0][0] and differ < UNCHANGED
    options = [t("positions", f"predict_{name}") for name in ("all", "little", "nothing")]
    why = t(
        "positions",
        "predict_why",
        token=one.top[0][0].replace("Ġ", ""),
        p=f"{100 * one.top[0][1]:.3g}%",
        difference=f"{differ:.1g}",
    )
    return Prediction(t("positions", "predict", model=card.name), options, 2 if same else 1, why, begins)


def turns() -> list[dict[str, Any]]:
    """Every pair of dimensions of the waves and how fast it turns."""
    pairs = zip(angular_frequencies(width()), wavelengths(width()), strict=True)
    return [
        {"pair": i, "dims": f"{2 * i}, {2 * i + 1}", "frequency": float(f), "wavelength": float(n)}
        for i, (f, n) in enumerate(pairs)
    ]


def turns_in_words() -> list[dict[str, Any]]:
    """The same with the headings of the page."""
    return [{t("positions", f"col_{key}"): value for key, value in row.items()} for row in turns()]


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """Three states of the tables worth trying; the sentence above keeps its model and its shuffle."""
    kept = {key: st.session_state[key] for key in ("pos_model", "pos_seed")}
    return [
        (t("positions", "try_far"), kept | {"pos_at": 60}),
        (t("positions", "try_slow"), kept | {"pos_dim": 100, "pos_count": "256"}),
        (t("positions", "try_matrix"), kept | {"pos_view": "matrix", "pos_measure": "cosine"}),
    ]


def export(card: ModelCard, drawn: list[Panel], now: Look) -> Export:
    """What the page gives away."""
    return Export(
        name="transformer-positions",
        caption=about(card, now),
        about={"model": card.name, "revision": card.revision, "d_model": width()},
        tables={panel.name: lambda rows=panel.rows: rows_of(rows) for panel in drawn}
        | {"wavelengths": turns},
        result=lambda: {"wavelengths": turns(), "look": vars(now)},
    )


def rows_of(rows: "Sequence[Sequence[float]] | Floats") -> list[dict[str, float]]:
    """A table of positions as rows for a file."""
    return [{"position": p, **{f"dim{d}": float(x) for d, x in enumerate(row)}} for p, row in enumerate(rows)]


# A table of 512 positions at width 768: 1.6 MB.
@st.cache_resource(max_entries=8, show_spinner=False)
def position_table(name: str, revision: str) -> "PositionTable":
    """Return a model's learned positions, read from its file without torch.

    Raises:
        NoTable: the family has none.
    """
    from components.lm.transformer.positions import learned_table

    store = checkpoints.store()
    return learned_table(store.folder(store.parse_name(name)), checkpoints.card(name))


# A few numbers for each token: 1 kB.
@shared
def two_orders(name: str, revision: str, text: str, seed: int) -> "Shuffle":
    """Return one sentence read in two orders, with positions and without."""
    from components.lm.transformer.positions import shuffle_words

    if known := recorded_shuffle(name, revision, text, seed):
        return known
    return shuffle_words(load_model(name, "attention"), text, seed)


def recorded_shuffle(name: str, revision: str, text: str, seed: int) -> "Shuffle | None":
    """Return a first view of the page from its file (``positions_recorder.py``), or None for anything else."""
    from components.lm.transformer.positions import ReadOrder, Shuffle

    traces = (trace_file("transformer/positions"), trace_file("transformer/positions_ko"))
    asked = [name, revision, text, seed]
    trace = next((one for one in traces if one is not None and one["of"] == asked), None)
    if trace is None:
        return None
    readings = {
        kind: tuple(
            ReadOrder(tuple(r["words"]), tuple(r["tokens"]), tuple((token, p) for token, p in r["top"]))
            for r in pair
        )
        for kind, pair in trace["readings"].items()
    }
    return Shuffle(
        order=tuple(trace["order"]),
        readings={kind: (pair[0], pair[1]) for kind, pair in readings.items()},
        token_texts=tuple(trace["token_texts"]),
        cosines={kind: tuple(values) for kind, values in trace["cosines"].items()},
        largest=trace["largest"],
        causal=trace["causal"],
        mask=trace["mask"],
    )
