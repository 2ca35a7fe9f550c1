"""A prompt of pairs with what a model answers after each number of demonstrations, and accuracy against k."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.elements.mount import element

_mount = element("gpt/prompt_board")


@dataclass(frozen=True)
class PromptView:
    """``k`` demonstrations are read, ``ask`` is the number of the question, ``off`` the heads switched off (``1.2``)."""

    k: int
    ask: int
    off: tuple[str, ...]


def prompt_board(
    data: Mapping[str, Any], view: PromptView, *, rev: int, on_view: Callable[[], None], key: str
) -> None:
    """Draw the board. What the reader changes in it becomes ``view`` of the element, and ``on_view`` is called.

    Args:
        data: pairs, questions, answers, attention, curves, heads and words as the lesson makes them.
        view: the state to begin with; the element follows it when ``rev`` changes.
        rev: raised when Python moved the state.
        on_view: reads ``st.session_state[key]["view"]``; see :func:`checked`.
        key: the element's key in the session.
    """
    start = {"k": view.k, "ask": view.ask, "off": list(view.off)}
    _mount(key=key, data={**data, "rev": rev, "start": start}, on_view_change=on_view)


def checked(value: Any, rev: int, pairs: int, questions: int, heads: list[str]) -> PromptView | None:
    """Return what a browser sent under this ``rev``, within bounds; None for anything else."""
    if not isinstance(value, Mapping) or value.get("rev") != rev:
        return None
    k, ask, off = value.get("k"), value.get("ask"), value.get("off")
    if not isinstance(k, int) or not isinstance(ask, int) or not isinstance(off, list):
        return None
    return PromptView(
        min(max(k, 0), pairs), min(max(ask, 0), questions - 1), tuple(h for h in heads if h in off)
    )
