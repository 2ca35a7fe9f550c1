"""One line for each moment of a training: what the model wrote then."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("gpt/moment_lines")


class MomentLine(TypedDict):
    """What a model wrote after ``step`` steps and ``tokens`` tokens of training; ``text`` is the continuation alone."""

    step: int
    tokens: int
    text: str


def moment_lines(
    lines: Sequence[MomentLine],
    *,
    prompt: str,
    current: int,
    words: Mapping[str, str],
    on_pick: Callable[[], None],
    key: str,
) -> None:
    """Draw the lines; a click on one leaves ``{"moment": k}`` as ``pick`` of the element and calls ``on_pick``.

    Args:
        lines: earliest first.
        prompt: what every line begins with.
        current: the line that is marked.
        words: labels of the element.
    """
    data = {"lines": list(lines), "prompt": prompt, "current": current, "words": dict(words)}
    _mount(key=key, data=data, on_pick_change=on_pick)
