"""The text being written, the candidates for its next token, and the choice between them."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("gpt/writer")


def writer(data: Mapping[str, Any], *, on_view: Callable[[], None], on_want: Callable[[], None]) -> None:
    """Draw the text and its steps; all stepping happens in the browser, and with a bundled model all computing.

    Triggers under the key ``writer``: ``view`` ({rev, state, browser}: where the reader is now, and the name of the model that
    the browser computes with, or None), ``want`` (steps asked for beyond the known ones). They are triggers and not state
    because a state value equal to the last one sent is not sent again, and Python moves the view too.

    Args:
        data: see ``components/lessons/gpt/generation.py``, which builds it.
    """
    _mount(
        key="writer",
        data={**data, "words": labels("gpt") | labels("stepper") | labels("engine")},
        on_view_change=on_view,
        on_want_change=on_want,
    )
