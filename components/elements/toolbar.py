"""The frame's own controls: language, text size, projector, copy link, keys."""

import os
import secrets
from collections.abc import Mapping

import streamlit as st

from components.elements.mount import element
from components.words import labels, language

_mount = element("toolbar")


def _take(key: str) -> None:
    """Callback: what the toolbar holds becomes the session's, before the next run draws a word."""
    value = st.session_state["toolbar"].get(key)
    if value:
        st.session_state[key] = value


def toolbar() -> str | None:
    """Draw the toolbar; its choices are ``st.session_state["lang"]`` and ``["size"]``.

    Returns:
        What stands in the address of a reader who comes back from a session that is gone, with its question mark; else None.
    """
    session = st.session_state.setdefault("_toolbar_session", secrets.token_hex(8))
    result = _mount(
        key="toolbar",
        data={
            "session": session,
            "lang": language(),
            "size": st.session_state.get("size", "normal"),
            "base": os.environ.get("GLASSBOX_URL", ""),
            "words": labels("toolbar"),
        },
        on_lang_change=lambda: _take("lang"),
        on_size_change=lambda: _take("size"),
        on_again_change=lambda: None,  # the connection was lost and is back: run the page again
    )
    again = result.get("again")
    return str(again["address"]) if isinstance(again, Mapping) and again["session"] != session else None
