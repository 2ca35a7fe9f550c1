"""One attention head as a chain of steps, with the numbers that made each one."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.elements.mount import element
from components.elements.view import Bound, Real, Whole, reported
from components.lm.transformer.attention_steps import HeadSteps, WorkedExample
from components.words import labels

_mount = element("transformer/attention_steps")
_OF_A_HEAD = ("x", "q", "k", "v", "scores", "scaled", "weights", "head_output")
_OF_A_LAYER = ("block_input", "joined", "projected", "residual", "normed")


@dataclass(frozen=True)
class StepsView:
    """Where the reader is: the step from 0, the chosen query and key, the divisor (0: √d, the model's)."""

    step: int
    query: int
    key: int
    divisor: float


def _message(header: Mapping[str, Any], arrays: Sequence[tuple[str, npt.ArrayLike]]) -> bytes:
    """Length of the header, the header as JSON, the arrays as float32 one after the other."""
    given = [(name, np.asarray(array, "<f4")) for name, array in arrays]
    text = json.dumps(
        {**header, "arrays": [[name, list(array.shape)] for name, array in given]}, ensure_ascii=False
    ).encode()
    text += b" " * (-(len(text) + 4) % 4)
    return struct.pack("<I", len(text)) + text + b"".join(array.tobytes() for _, array in given)


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
    header: dict[str, Any] = {
        "id": key,
        "rev": rev,
        "tokens": list(tokens),
        "start": {"step": start.step, "query": start.query, "key": start.key, "divisor": start.divisor},
        "words": labels("stepper") | labels("attention_steps"),
    }
    if isinstance(steps, WorkedExample):
        header |= {"toy": True, "causal": not bool(steps.allowed.all())}
        arrays = [(name, getattr(steps, "output" if name == "head_output" else name)) for name in _OF_A_HEAD]
    else:
        header |= {
            "toy": False,
            "causal": steps.causal,
            "pre_norm": steps.pre_norm,
            "head": steps.head,
            "difference": steps.difference,
        }
        arrays = [(name, getattr(steps, name)) for name in (*_OF_A_HEAD, *_OF_A_LAYER)]
    place = Whole(-1, len(tokens) - 1)
    result = _mount(key="attention_steps", data=_message(header, arrays), on_view_change=lambda: None)
    bounds: dict[str, Bound] = {"step": Whole(0, 64), "query": place, "key": place, "divisor": Real(0, 1e6)}
    return reported(result.view, start, rev, bounds)  # another text or head keeps the step
