"""A piece of code run line by line, with what is in memory at that moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Whole, reported, started
from components.lm.bert.embeddings import Line

_mount = element("bert/code_steps")


@dataclass(frozen=True)
class Done:
    """How many lines are done."""

    step: int


class CodeLine(TypedDict):
    """A line as the browser shows it; its values travel as an array."""

    code: str
    name: str
    shape: tuple[int, ...]


def code_steps(
    lines: Sequence[Line],
    given: Sequence[Line],
    *,
    call: str,
    token: int,
    name: str,
    step: int,
    words: Mapping[str, str],
    stepper: Mapping[str, str],
    rev: int,
    key: str,
) -> int:
    """Draw the run and return how many lines are done.

    Args:
        lines: the lines in order. ``given``: what is in memory before the first.
        call: the line above the first, with the arguments.
        token: the place whose values are shown; ``name``: the token there.
        step: the state of the link; the element follows it when ``rev`` changes.
        words: labels of the element; ``stepper``: those of the stepper.
        rev: raised when a link moved the state.
        key: the element's key in the session.
    """
    start = started(key, step, rev)

    def plain(line: Line) -> CodeLine:
        return {"code": line.code, "name": line.name, "shape": line.shape}

    every = [*given, *lines]
    header = {
        "rev": rev,
        "start": start,
        "call": call,
        "token": token,
        "name": name,
        "given": len(given),
        "lines": [plain(line) for line in every],
        "words": dict(words),
        "stepper": dict(stepper),
    }
    arrays = {str(i): np.array(line.values) for i, line in enumerate(every)}
    result = _mount(key=key, data=packed(header, arrays), on_step_change=lambda: None)
    return reported(result.get("step"), Done(step), rev, {"step": Whole(0, len(lines))}).step
