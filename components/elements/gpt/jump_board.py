"""One training from its start: accuracy, where each head looks, the loss, and the moments one can go to."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element

_mount = element("gpt/jump_board")


def jump_board(
    data: Mapping[str, Any], moment: int, *, rev: int, key: str, on_view: Callable[[], None] | None = None
) -> None:
    """Draw the charts; with moments, the one the reader goes to becomes ``view`` of the element.

    Args:
        data: tokens, panels, moments and words as the lesson makes them.
        moment: the moment to begin with; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: called when the reader moved; reads ``st.session_state[key]["view"]``.
    """
    _mount(key=key, data={**data, "rev": rev, "start": moment}, on_view_change=on_view or (lambda: None))
