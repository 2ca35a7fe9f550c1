"""A piece of code run line by line, with what is in memory at that moment."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import started
from components.lm.bert.embeddings import Line

_mount = element("bert/code_steps")


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

    def plain(line: Line) -> dict[str, Any]:
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
    return checked(result.get("step"), step, rev, len(lines))


def checked(value: Any, otherwise: int, rev: int, last: int) -> int:
    """Return what a browser sent under this ``rev``, within bounds, or ``otherwise``."""
    if isinstance(value, Mapping) and value.get("rev") == rev:
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            otherwise = int(value["step"])
    return min(max(otherwise, 0), last)
