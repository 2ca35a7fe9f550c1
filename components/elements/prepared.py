"""Prepared states of a page as buttons: the browser goes there by itself where it keeps all that changes."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

import streamlit as st

from components.elements.mount import element
from components.elements.view import sent, whole

_mount = element("prepared")


class PreparedState(TypedDict):
    """A button: what it says, and the ``state`` by keys of the link that the browser goes to; None where Python has to."""

    label: str
    state: Mapping[str, object] | None


def prepared(
    view: str,
    states: Sequence[PreparedState],
    *,
    rev: int,
    key: str,
    on_go: Callable[[int], None],
    title: str = "",
) -> None:
    """Draw the buttons. Where the browser goes by itself, the element of the page that keeps the view reports it.

    Args:
        view: the name that the elements of the page share (``lib/view.js``).
        states: in their order.
        rev: raised by Python when it moved the view.
        key: the element's key in the session.
        on_go: called with the number of a state that Python has to go to.
        title: what stands before the buttons.
    """

    def went() -> None:
        said = sent(st.session_state[key].get("go"), rev)
        if said is None:
            return
        try:
            at = whole(said.get("at"))
        except (TypeError, ValueError, OverflowError):
            return
        if 0 <= at < len(states):
            on_go(at)

    _mount(
        key=key,
        data={"view": view, "rev": rev, "states": list(states), "title": title},
        on_go_change=went,
    )
