"""The text being written, the candidates for its next token, and the choice between them."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("gpt/writer")


def writer(
    data: Mapping[str, Any],
    *,
    on_step: Callable[[], None],
    on_want: Callable[[], None],
    on_pick: Callable[[], None],
    on_return: Callable[[], None],
) -> None:
    """Draw the text and its steps; all stepping happens in the browser.

    Triggers under the key ``writer``: ``step`` (tokens written so far), ``want`` (steps asked for beyond
    the known ones), ``pick`` ({step, id}: take this token instead), ``go`` ({branch, step}). They are
    triggers and not state because a state value equal to the last one sent is not sent again, and
    Python moves the step too.

    Args:
        data: see ``components/shell/gpt_page.py``, which builds it.
    """
    _mount(
        key="writer",
        data={**data, "words": labels("gpt") | labels("stepper")},
        on_step_change=on_step,
        on_want_change=on_want,
        on_pick_change=on_pick,
        on_go_change=on_return,
    )
