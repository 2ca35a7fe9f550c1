"""State and numbers of the page "Who may look at whom"."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.engine import model_files
from components.elements.page_fields import Field
from components.elements.predict_first import Prediction
from components.elements.transformer.mask_patterns import MaskPanel
from components.elements.transformer.two_readers import Found, TwoReaders
from components.lessons import attention_models
from components.lessons.attention_models import beginning
from components.lessons.known_language import reads_korean
from components.lessons.transformer import masks_recorded
from components.lessons.transformer.notebooks import FirstGuess
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import CannotRead
from components.lm.transformer import attention_patterns as patterns
from components.lm.transformer.attention import Unreadable
from components.lm.transformer.word_context import NoGuess, word_spans
from components.shell import links
from components.shell.layout import working
from components.shell.loading import FIRST_MODEL, load_model
from components.shell.models import model_in_use
from components.shell.refusals import cannot_read
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.transformer.word_context import WordGuess


SENTENCE = "The little girl saw a bird in the tree."
WORD = 3
"""The word to begin with, chosen by :func:`~components.lm.transformer.word_context.word_for_both_sides`; a test says when
other models need another."""
KOREAN: dict[str, Any] = {
    "sentence": "아이는 아버지의 손을 잡고 길을 건넌다.",
    "left_model": KOREAN_BERT,
    "right_model": KOREAN_GPT,
    "word": 2,  # chosen by the same rule
}
"""What the page begins with in Korean."""
OWN = (SENTENCE, str(KOREAN["sentence"]))
LAYER = 0
MOST_TOKENS = 40
"""Rows of a matrix whose names can still be read beside it."""
PARAMS = (
    links.Text("sentence", SENTENCE, max_chars=300),
    links.Text("left_model", attention_models.default_model(), max_chars=120, example="nano-bert"),
    links.Text("right_model", FIRST_MODEL, max_chars=120, example="nano-gpt"),
    links.Integer("mask_layer", 0, 199, LAYER),
    links.Integer("word", 0, 200, WORD, example=5),
    links.Numbers("flips", (), most=60, high=399, example=(1,)),
)
VIEW, MOVED = "masks", ("sentence", "mask_layer", "word", "flips")
"""The name that the elements of the page share, and what the browser moves by itself."""

LOUDER = 1.5
"""From this factor on one probability counts as larger than another."""
_TOKENS = ("The", "fox", "saw", "a", "bird", ".")
_PADDED = ("The", "fox", "saw", "it", "[PAD]", "[PAD]")
_TARGET, _ENCODED = ("Der", "Fuchs", "sah", "es"), ("The", "fox", "saw", "it", ".")
# Scores of the example, whole numbers made by a rule so that the same key differs from row to row.
SCORES = [[(3 * q + 5 * k + q * k) % 4 for k in range(6)] for q in range(6)]
PANELS = (
    MaskPanel("padding", patterns.padding(6, 4), _PADDED, _PADDED, 1),
    MaskPanel("causal", patterns.causal(6), _TOKENS, _TOKENS, 2),
    MaskPanel("prefix", patterns.prefix_lm(6, 3), _TOKENS, _TOKENS, 1),
    MaskPanel("cross", patterns.cross(4, 5), _TARGET, _ENCODED, 1),
)


def models() -> list[ModelCard]:
    """The models on screen: two, or one where both names mean the same."""
    cards = [model_in_use("attention", default=FIRST_MODEL, key=key) for key in ("left_model", "right_model")]
    return list({card.name: card for card in cards}.values())


def own(cards: list[ModelCard]) -> str:
    """The sentence of the page in a language that all its models know."""
    return OWN[all(reads_korean(card) for card in cards)]


def sentence(cards: list[ModelCard]) -> str:
    """The text that both models read: the reader's, or its beginning."""
    given = str(st.session_state["sentence"]).strip()
    if not given or given in OWN:
        return given or own(cards)
    return min((beginning(card.name, card.revision, given, MOST_TOKENS) for card in cards), key=len)


def clamp_layer(cards: list[ModelCard]) -> int:
    """Keep the layer within the models before its field is drawn; returns the last one there is."""
    last = max(card.num_layers for card in cards) - 1
    if (st.session_state["mask_layer"] or 0) > last:
        links.put("mask_layer", last)
    return last


def state() -> dict[str, Any]:
    """What the browser moves, as the link holds it."""
    s = st.session_state
    return {
        "sentence": str(s["sentence"]),
        "mask_layer": int(s["mask_layer"] or 0),
        "word": int(s["word"]),
        "flips": list(s["flips"]),
    }


def fields(last_layer: int) -> list[Field]:
    """The sentence and the layer, as fields of the browser."""
    for key in ("sentence", "layer"):
        links.name_field({"layer": "mask_layer"}.get(key, key), t("masks", key))
    return [
        {"key": "sentence", "label": t("masks", "sentence"), "wide": 5, "high": 300},
        {"key": "mask_layer", "label": t("masks", "layer"), "wide": 1.2, "low": 0, "high": last_layer},
    ]


def files(cards: list[ModelCard]) -> dict[str, Any] | None:
    """The files of the models for the browser, or None if one of them is not bundled."""
    found = [model_files(card.name) for card in cards]
    models = [{**one, "name": card.name} for card, one in zip(cards, found, strict=True) if one]
    if len(models) < len(cards):
        return None
    return {"folder": " ".join(one["folder"] for one in found if one), "models": models}


def in_browser(cards: list[ModelCard]) -> bool:
    """Whether the browser computes with these models, so that nothing need be computed here."""
    held = st.session_state.get("_masks_browser")
    return held == [card.name for card in cards] and files(cards) is not None


def took_view() -> None:
    """Callback: the reader moved the view; the browser sends the whole state, and what it computed."""
    report = links.heard("two_readers")
    if report is None:
        return
    s = st.session_state
    s["_masks_browser"] = report.get("browser")
    s["_masks_text"] = str(report.get("text") or "")
    s["_masks_guesses"] = _first_guesses(report.get("guesses"))


def _first_guesses(report: Any) -> list[FirstGuess]:
    """What the browser told of its first guesses; nothing if it is of another shape."""
    try:
        return [
            FirstGuess(str(name), bool(causal), tuple(int(i) for i in places), str(said), float(prob))
            for name, causal, places, said, prob in report
        ]
    except (TypeError, ValueError):
        return []


def word(text: str) -> int:
    """The number of the chosen word."""
    return min(int(st.session_state["word"]), len(word_spans(text)) - 1)


def readers(cards: list[ModelCard], text: str, number: int) -> "list[tuple[str, WordGuess]]":
    """What each model may read for the word and what it guesses; a model that cannot says so instead."""
    found = []
    for card in cards:
        try:
            with working(told("masks", "computing", model=card.name)):
                layer = min(int(st.session_state["mask_layer"] or 0), card.num_layers - 1)
                found.append((card.name, word_guess(card.name, card.revision, text, number, layer)))
        except CannotRead as error:
            st.error(cannot_read(error))
        except Unreadable:
            st.info(told("attention", "no_weights", model=card.name))
        except NoGuess as error:
            said = "no_guess" if error.reason == "predicts_nothing" else "no_word"
            st.info(told("masks", said, model=card.name))
    return found


def shown(cards: list[ModelCard], found: Found | None) -> TwoReaders:
    """What the element is sent."""
    return {
        "rev": links.revision(),
        "state": state(),
        "params": links.described(*MOVED),
        "models": [{"name": card.name, "revision": card.revision} for card in cards],
        "files": files(cards),
        "own": own(cards),
        "most": MOST_TOKENS,
        "asked": state(),
        "found": found,
    }


def first_of(shown: "list[tuple[str, WordGuess]]", word: int) -> list[FirstGuess]:
    """The first guess of each model."""
    return [
        FirstGuess(
            name,
            guess.causal,
            tuple(i for i, of in enumerate(guess.word_of) if of == word),
            *guess.guesses[0],
        )
        for name, guess in shown
    ]


def prediction() -> Prediction:
    """Which of the two gives the real word more?"""
    begins = KOREAN if st.session_state["left_model"] == KOREAN_BERT else {}
    text = str(begins.get("sentence", SENTENCE))
    word = int(begins.get("word", WORD))
    words = [text[a:b] for a, b in word_spans(text)]
    names = (KOREAN_BERT, KOREAN_GPT) if begins else (attention_models.default_model(), FIRST_MODEL)
    cards = [checkpoints.card(name) for name in names]
    both, left = (word_guess(card.name, card.revision, text, word, LAYER) for card in cards)
    p_both, p_left = both.first_piece[1], left.first_piece[1]
    gap = " ".join([*words[:word], "___", *words[word + 1 :]])
    options = [t("masks", f"predict_{name}") for name in ("both", "left", "even")]
    answer = 0 if p_both > p_left * LOUDER else 1 if p_left > p_both * LOUDER else 2
    why = t(
        "masks",
        "predict_why",
        word=words[word],
        p_both=percent(p_both),
        p_left=percent(p_left),
        left=left.guesses[0][0].strip(),
    )
    return Prediction(
        t("masks", "predict", gap=gap, word=words[word]), options, answer, why, {**begins, "word": word}
    )


def prepared(cards: list[ModelCard]) -> list[tuple[str, dict[str, Any]]]:
    """The first and the last word, and a mask that lets the past see the future."""
    begins = KOREAN if all(reads_korean(card) for card in cards) else {}
    last = len(word_spans(str(begins.get("sentence", SENTENCE)))) - 1
    return [
        (t("masks", "try_first"), {**begins, "word": 0}),
        (t("masks", "try_last"), {**begins, "word": last}),
        (t("masks", "try_cheat"), {**begins, "flips": (101, 102, 103, 104, 105)}),
    ]


def percent(p: float) -> str:
    """A probability with three digits, as the picture prints it."""
    return f"{100 * p:.3g}%"


def as_rows(shown: "list[tuple[str, WordGuess]]") -> list[dict[str, Any]]:
    """The guesses as a table."""
    return [
        {"model": name, "rank": i + 1, "guess": token, "probability": p}
        for name, guess in shown
        for i, (token, p) in enumerate(guess.guesses)
    ]


# A sentence of 40 tokens: some 10 kB.
@shared
def word_guess(name: str, revision: str, text: str, word: int, layer: int) -> "WordGuess":
    """Return what a model may read for a word, and what it guesses there."""
    from components.lm.transformer.word_context import guess_word

    if known := masks_recorded.word_guess(name, revision, text, word, layer):
        return known
    return guess_word(load_model(name, "attention"), text, word, layer)
