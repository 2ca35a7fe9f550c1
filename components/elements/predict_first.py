"""One prepared question, asked before the answer is seen: the same on every page.

A page asks about a view it knows the answer of, and draws what would give the answer away inside :func:`answer`::

    page_header(NAME)
    prediction(Prediction(t("masks", "predict"), ("bird", "tree"), 0, t("masks", "predict_why"), {"word": 5}))
    with controls():
        ...
    with answer():
        two_readers(...)
        reading_aid(...)

(:func:`components.shell.layout.prediction` is :func:`predict_first` for a page: it shows the state that is asked about.)
Closed, it is one small button at the right of the title and takes no room. Pressed, the page moves to ``state``, the
question stands under the title, and everything inside :func:`answer` is hidden in its place until a choice is made.
Then the verdict and ``why`` stand there, and the picture is seen. ``answer`` is computed by the page (never typed in),
from the same function that draws the picture, so that a new model cannot make it false.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.elements.mount import element
from components.words import labels

_mount = element("predict_first", isolate_styles=False)


@dataclass(frozen=True)
class Prediction:
    """A question with its choices.

    Attributes:
        question: one sentence.
        options: two to six choices, in an order that gives nothing away; tokens are shown as they are.
        answer: place of the right one in ``options``.
        why: one or two sentences with the numbers, said after the guess.
        state: link parameters of the view that is asked about; the others take their defaults.
        tokens: the choices are tokens or words of a text, set in the face of tokens.
        order: the choices are cards to be put in order: their places in ``options`` from the first to the last; ``answer`` is the first.
    """

    question: str
    options: Sequence[str]
    answer: int
    why: str
    state: Mapping[str, Any] = field(default_factory=dict)
    tokens: bool = False
    order: Sequence[int] = ()


def predict_first(asked: Prediction, *, on_begin: Callable[[], None], key: str) -> None:
    """Draw the button and, when it is pressed, the question.

    Args:
        asked: the question.
        on_begin: told when the reader wants to be asked, before the page runs again; it shows ``asked.state``.
        key: the page; another page begins closed.

    Raises:
        ValueError: ``answer`` is no place in ``options``, two choices look the same, or ``order`` is none.
    """
    if not 0 <= asked.answer < len(asked.options) or len(set(asked.options)) != len(asked.options):
        raise ValueError(f"{asked.options!r} has no single right choice at {asked.answer}")
    if asked.order and (
        sorted(asked.order) != list(range(len(asked.options))) or asked.order[0] != asked.answer
    ):
        raise ValueError(f"{asked.order!r} is no order of {asked.options!r} that begins with {asked.answer}")
    with st.container(key="gb-predict"):
        _mount(
            key=f"predict-{key}",
            data={
                "page": key,
                "question": asked.question,
                "options": list(asked.options),
                "answer": asked.answer,
                "why": asked.why,
                "tokens": asked.tokens,
                "order": list(asked.order),
                "words": labels("predict"),
            },
            on_begin_change=on_begin,
        )


def answer(part: str = "") -> DeltaGenerator:
    """Return the container of what would give the answer away; it stays hidden while the question is open.

    A page whose controls stand between two of them on a phone names the second ``part``.
    """
    return st.container(key=f"gb-answer-{part}" if part else "gb-answer")
