"""State and numbers of the page "Self-attention, step by step"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.transformer.attention_steps import StepsView
from components.lessons import attention_models
from components.lessons.attention_models import beginning, head_steps
from components.lm.checkpoints.bundled import KOREAN_BERT
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import CannotRead
from components.lm.transformer.attention import Unreadable
from components.lm.transformer.attention_steps import HeadSteps, WorkedExample, worked_example
from components.lm.transformer.word_context import word_spans
from components.shell import links
from components.shell.layout import note_line, working
from components.shell.refusals import cannot_read
from components.words import t, told

WORDS = "self_attention"
MOST_TOKENS = 40
"""Rows of a matrix that can still be told apart."""
SENTENCE = "The fox sat on the stone."
FIRST_HEAD = (1, 1)
"""Layer and head to begin with in :data:`attention_models.default_model`, chosen by
:func:`~components.lm.transformer.attention_steps.head_that_shows_dividing`; a test says when another model needs another."""
KOREAN: dict[str, Any] = {
    "steps_text": "아이가 나무 아래에 앉았다.",
    "attention_model": KOREAN_BERT,
    "steps_layer": 3,  # with the head below chosen by the same rule
    "steps_head": 3,
}
"""What the page begins with in Korean."""
PARAMS = (
    links.Choice("example", ("numbers", "model"), "numbers"),
    links.Flag("causal"),
    links.Text("steps_text", SENTENCE, max_chars=400),
    links.Text("attention_model", attention_models.default_model(), max_chars=120, example="nano-bert"),
    links.Integer("steps_layer", 0, 199, FIRST_HEAD[0], example=2),
    links.Integer("steps_head", 0, 199, FIRST_HEAD[1]),
    links.Integer("step", 0, 9, 0),
    links.Integer("query", -1, MOST_TOKENS - 1, -1),
    links.Integer("key", -1, MOST_TOKENS - 1, -1),
    links.Number("divisor", 0.0, 100.0, 0.0),
)


@dataclass(frozen=True, eq=False)
class Shown:
    """What the picture shows: the quantities of every step, the tokens, and where they come from."""

    steps: HeadSteps | WorkedExample
    tokens: Sequence[str]
    key: str
    caption: str
    about: dict[str, Any]

    def as_rows(self) -> list[dict[str, Any]]:
        """Scores and weights of every pair as a table."""
        matrices = {name: getattr(self.steps, name) for name in ("scores", "scaled", "weights")}
        return [
            {
                "query": q,
                "query_token": self.tokens[q],
                "key": k,
                "key_token": self.tokens[k],
                **{name: float(matrix[q, k]) for name, matrix in matrices.items()},
            }
            for q in range(len(self.tokens))
            for k in range(len(self.tokens))
        ]


def number_tokens() -> tuple[str, ...]:
    """The three words of the worked example, in the language of the page; its numbers are made by hand for any three."""
    return tuple(t(WORDS, "number_tokens").split())


def by_hand() -> Shown:
    """The worked example in whole numbers."""
    causal = bool(st.session_state["causal"])
    mask = t(WORDS, "mask_causal" if causal else "mask_none")
    return Shown(
        worked_example(causal),
        number_tokens(),
        f"numbers {causal} {t(WORDS, 'number_tokens')}",
        t(WORDS, "caption_numbers", mask=mask),
        {"example": "whole numbers", "causal": causal},
    )


def clamp_head(card: ModelCard) -> None:
    """Keep layer and head within the model before their widgets are drawn."""
    state = st.session_state
    state["steps_layer"] = min(state["steps_layer"], card.num_layers - 1)
    state["steps_head"] = min(state["steps_head"], card.num_heads - 1)


def of_a_head(card: ModelCard) -> Shown | None:
    """A head of a loaded model on the reader's text, or None after saying why not.

    A text with too many tokens is read up to the last whole word that fits, and the reader is told.
    """
    state = st.session_state
    layer, head, text = state["steps_layer"], state["steps_head"], str(state["steps_text"])
    try:
        with working(told(WORDS, "computing", model=card.name)):
            read = beginning(card.name, card.revision, text, MOST_TOKENS)
            steps = head_steps(card.name, card.revision, read, "", layer, head)
    except CannotRead as error:
        st.error(cannot_read(error))
        return None
    except Unreadable:
        st.error(told(WORDS, "unreadable", family=card.family))
        return None
    if read != text:
        note_line(t(WORDS, "cut", limit=MOST_TOKENS, words=len(word_spans(read)), all=len(word_spans(text))))
    origin = {"model": card.name, "revision": card.revision, "text": read, "layer": layer, "head": head}
    scaling = f"{1 / steps.scaling:.3g}"
    return Shown(
        steps,
        steps.reading.texts,
        f"{card.name} {card.revision[-8:]} {layer} {head} {read}",
        t(WORDS, "caption_model", **{**origin, "revision": card.revision[:14]}, scaling=scaling),
        origin,
    )


def start() -> StepsView:
    """Where the element starts: what the session held when the link last moved it (the same until it moves again)."""
    state, rev = st.session_state, links.revision()
    held = state.get("_steps_start")
    if held is None or held[0] != rev:
        begun = StepsView(state["step"], state["query"], state["key"], state["divisor"])
        held = state["_steps_start"] = (rev, begun)
    view: StepsView = held[1]
    return view


def prediction() -> Prediction:
    """Where does the third token look most in the worked example, and how much?"""
    example = worked_example()
    row = example.weights[2]
    token = number_tokens()
    why = t(
        WORDS,
        "predict_why",
        scores=", ".join(f"{score:g}" for score in example.scores[2]),
        weights=", ".join(f"{weight:.3f}" for weight in row),
    )
    return Prediction(
        t(WORDS, "predict", token=token[2]),
        token,
        int(row.argmax()),
        why,
        {"step": 5, "query": 2, "key": 2},
        tokens=True,
    )


def keep(view: StepsView) -> None:
    """Hand what was chosen in the element to the link."""
    for name in ("step", "query", "key", "divisor"):
        links.put(name, getattr(view, name))


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look: two of the worked example, and a head of a model in a language that it knows."""
    begins = KOREAN if st.session_state["attention_model"] == KOREAN_BERT else {}
    return [
        (t(WORDS, "try_numbers"), {"step": 5, "query": 2, "key": 2}),
        (t(WORDS, "try_causal"), {"causal": True, "step": 4, "query": 1, "key": 2}),
        (t(WORDS, "try_model"), {**begins, "example": "model", "step": 5, "divisor": 1.0}),
    ]
