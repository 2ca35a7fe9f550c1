"""A prompt of pairs with what a model answers after each number of demonstrations, and accuracy against k."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Bound, Members, Whole, reported

_mount = element("gpt/prompt_board")


@dataclass(frozen=True)
class PromptView:
    """``k`` demonstrations are read, ``ask`` is the number of the question, ``off`` the heads switched off (``1.2``)."""

    k: int
    ask: int
    off: tuple[str, ...]


class PromptAnswers(TypedDict):
    """The likeliest answers (k, question, rank): numbers of words, and their probabilities."""

    words: list[list[list[int]]]
    probs: list[list[list[float]]]


class PromptAttention(TypedDict):
    """What the answering position looks at, one byte a weight (255 is 1), in base64."""

    bytes: str
    shape: list[int]


class PromptLock(TypedDict):
    """Digests of the weights before and after the model was asked."""

    before: str
    after: str


class PromptHeads(TypedDict):
    """The heads as ``layer.head``, how much each looks at the right earlier answers (0…1), those off, those above the
    limit, strongest first."""

    names: list[str]
    match: list[float]
    off: list[str]
    matching: list[str]


class Shares(TypedDict):
    """Share right by k, with its 95% interval; None where nothing was asked."""

    share: list[float | None]
    low: list[float]
    high: list[float]


class PromptLine(Shares):
    """One line of a chart."""

    name: str


class PromptCurve(TypedDict):
    """Accuracy against k, up to ``most`` demonstrations; ``best`` is what is possible."""

    kind: str
    title: str
    sub: str
    most: int
    lines: list[PromptLine]
    best: list[float]


class PromptData(TypedDict):
    """What the board is sent. ``pairs`` and ``questions`` are numbers of ``vocabulary``; ``description`` are words with
    whether they reach the model; ``right`` (k, question) is the probability of the right answer."""

    pairs: list[list[int]]
    questions: list[list[int | None]]
    vocabulary: Sequence[str]
    description: list[tuple[str, bool]]
    answers: PromptAnswers
    right: list[list[float | None]]
    attention: PromptAttention
    lock: PromptLock
    heads: PromptHeads
    curves: list[PromptCurve]
    curves_text: str
    lang: str
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def prompt_board(
    data: PromptData, view: PromptView, *, rev: int, on_view: Callable[[], None], key: str
) -> None:
    """Draw the board. What the reader changes in it becomes ``view`` of the element, and ``on_view`` is called.

    Args:
        data: the prompt, what the model made of it, and its words.
        view: the state to begin with; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        on_view: reads ``st.session_state[key]["view"]``; see :func:`moved`.
        key: the element's key in the session.
    """
    start = asdict(view) | {"off": list(view.off)}
    _mount(key=key, data={**data, "rev": rev, "start": start}, on_view_change=on_view)


def moved(
    value: object, otherwise: PromptView, rev: int, *, pairs: int, questions: int, heads: Sequence[str]
) -> PromptView:
    """Return what a browser sent under this ``rev``, or ``otherwise``; both within ``pairs``, ``questions`` and ``heads``."""
    bounds: dict[str, Bound] = {"k": Whole(0, pairs), "ask": Whole(0, questions - 1), "off": Members(heads)}
    return reported(value, otherwise, rev, bounds)
