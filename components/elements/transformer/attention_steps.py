"""One attention head as a chain of steps, with the numbers that made each one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Bound, Real, Whole, reported
from components.lm.transformer.attention_steps import HeadSteps, WorkedExample
from components.words import labels

_mount = element("transformer/attention_steps")
_WORD = re.compile(r"[^\W_]")
_SPECIAL = re.compile(r"[\[<].*[\]>]$")
_OF_A_HEAD = ("x", "q", "k", "v", "scores", "scaled", "weights", "head_output")
_OF_A_LAYER = ("block_input", "joined", "projected", "residual", "normed")


@dataclass(frozen=True)
class StepsView:
    """Where the reader is: the step from 0, the chosen query and key, the divisor (0: √d, the model's)."""

    step: int
    query: int
    key: int
    divisor: float


class StepsHeader(TypedDict):
    """What the chain says beside its numbers; ``toy`` is the worked example, and the rest belongs to a head of a model:
    ``difference`` is how far these steps and the
    model's own output are apart at most, by quantity."""

    id: str
    rev: int
    tokens: list[str]
    start: Mapping[str, float]
    first: int
    words: Mapping[str, str]
    toy: bool
    causal: bool
    pre_norm: NotRequired[bool]
    head: NotRequired[int]
    difference: NotRequired[Mapping[str, float]]


def first_query(tokens: Sequence[str]) -> int:
    """Return the place that is looked at before the reader chooses one: the last word, neither punctuation nor a special token.

    >>> first_query(["[CLS]", "The", "fox", ".", "[SEP]"])
    2
    """
    words = (
        i
        for i in reversed(range(len(tokens)))
        if _WORD.search(tokens[i]) and not _SPECIAL.match(tokens[i].strip())
    )
    return next(words, len(tokens) - 1)


def attention_steps(
    steps: HeadSteps | WorkedExample, tokens: Sequence[str], *, key: str, start: StepsView, rev: int
) -> StepsView:
    """Draw the chain of a worked example or of a head of a model; all stepping happens in the browser.

    Args:
        steps: the quantities of every step.
        tokens: one text per position.
        key: identity of what is shown.
        start: where to begin; taken over when ``rev`` changed. Must stay the same while ``rev`` does.
        rev: raised by Python when it moved the view.
    """
    header: StepsHeader = {
        "id": key,
        "rev": rev,
        "tokens": list(tokens),
        "start": vars(start),
        "first": first_query(tokens),
        "words": labels("stepper") | labels("attention_steps"),
        "toy": isinstance(steps, WorkedExample),
        "causal": not bool(steps.allowed.all()) if isinstance(steps, WorkedExample) else steps.causal,
    }
    if isinstance(steps, WorkedExample):
        arrays = {name: getattr(steps, "output" if name == "head_output" else name) for name in _OF_A_HEAD}
    else:
        header |= {"pre_norm": steps.pre_norm, "head": steps.head, "difference": steps.difference}
        arrays = {name: getattr(steps, name) for name in (*_OF_A_HEAD, *_OF_A_LAYER)}
    place = Whole(-1, len(tokens) - 1)
    result = _mount(key="attention_steps", data=packed(header, arrays), on_view_change=lambda: None)
    bounds: dict[str, Bound] = {"step": Whole(0, 64), "query": place, "key": place, "divisor": Real(0, 1e6)}
    return reported(result.view, start, rev, bounds)  # another text or head keeps the step
