"""One line for each moment of a training: what the model wrote then."""

from collections.abc import Callable, Mapping, Sequence

from components.elements.mount import element

_mount = element("gpt/moment_lines")


def moment_lines(
    lines: Sequence[Mapping[str, object]],
    *,
    prompt: str,
    current: int,
    words: Mapping[str, str],
    on_pick: Callable[[], None],
    key: str,
) -> None:
    """Draw the lines; a click on one leaves ``{"moment": k}`` as ``pick`` of the element and calls ``on_pick``.

    Args:
        lines: step, tokens, text (the continuation alone), earliest first.
        prompt: what every line begins with.
        current: the line that is marked.
        words: labels of the element.
    """
    data = {"lines": list(lines), "prompt": prompt, "current": current, "words": dict(words)}
    _mount(key=key, data=data, on_pick_change=on_pick)
