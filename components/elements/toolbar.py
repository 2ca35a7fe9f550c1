"""The frame's own controls: language, text size, projector, copy link, keys."""

import os

import streamlit as st

from components.elements.mount import element
from components.words import labels, language

_mount = element("toolbar")


def _take(key: str) -> None:
    """Callback: what the toolbar holds becomes the session's, before the next run draws a word."""
    value = st.session_state["toolbar"].get(key)
    if value:
        st.session_state[key] = value


def toolbar() -> None:
    """Draw the toolbar; its choices are ``st.session_state["lang"]`` and ``["size"]``."""
    _mount(
        key="toolbar",
        data={
            "lang": language(),
            "size": st.session_state.get("size", "normal"),
            "base": os.environ.get("GLASSBOX_URL", ""),
            "words": labels("toolbar"),
        },
        on_lang_change=lambda: _take("lang"),
        on_size_change=lambda: _take("size"),
        on_again_change=lambda: None,  # the connection was lost and is back: run the page again
    )
