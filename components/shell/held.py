"""Widgets that show what the view holds, always.

Streamlit gives a widget a value in one of two ways, and with both the picture and the box beside it may come to disagree:
a value that Python sets is sent once, so that a box which is drawn later (in a popover that opens, in a part that comes
back) begins with its own first value and reports that as the reader's choice; and a select box is known by the label it
shows, so that after a change of language, or of what its options are called, its choice is no option any more and counts
as a change.

Here the value of a parameter lives in ``st.session_state[key]``, which belongs to no widget. A widget *begins* with it,
and hands over what the reader sets. When something else moves the value (a link, a prepared state, Back, another
control, the language), the widget of before is gone and a new one begins. So no widget is ever told a value, and none
can lose one.

>>> # held(column).slider(t("gpt", "temperature"), 0.0, 2.0, step=0.05, key="temperature")
"""

import html
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.shell import links
from components.words import language, t

_VALUE = ("slider", "number_input", "text_input", "text_area", "toggle", "checkbox")
_INDEX = ("selectbox", "radio")
_DEFAULT = ("segmented_control", "pills")
KINDS = (*_VALUE, *_INDEX, *_DEFAULT)
"""The widgets of Streamlit that can hold a parameter of the link."""


def held(place: Any = st) -> "Held":
    """Return the widgets of a place (a column, a container, or the page) that hold parameters of the link."""
    return Held(place)


class Held:
    """The methods are Streamlit's own, with a ``key`` that is a parameter of the open view, and without a value."""

    def __init__(self, place: Any) -> None:
        self._place = place

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        if kind not in KINDS:
            raise AttributeError(kind)

        def draw(
            label: str,
            *given: Any,
            key: str,
            on_change: Callable[..., None] | None = None,
            args: Sequence[Any] = (),
            **options: Any,
        ) -> Any:
            links.name_field(key, label)
            value = _possible(kind, st.session_state[key], given, options)
            st.session_state[key] = value
            name = _name_of(key, value, _shown(kind, given, options))
            getattr(self._place, kind)(
                label,
                *given,
                key=name,
                on_change=_took,
                args=(key, name, on_change, tuple(args)),
                **_start(kind, value, given, options),
                **options,
            )
            if kind in ("text_input", "text_area") and key in links.too_long():
                too_long_note(key, self._place)
            return value

        return draw


def forget_gone() -> None:
    """Let go of what Streamlit 1.67 keeps of widgets that are gone: at the start of a run, before any widget is drawn.

    Their values go at the end of a run, but the record of how a value is read stays as long as the session, and with it whatever
    ``format_func`` can reach: the names of a page's whole run, its text's attention among them (measured: 0.7 MB a text).
    """
    context = get_script_run_ctx()
    if context is None or context.fragment_ids_this_run:
        return
    state = context.session_state._state
    known = {*state._new_widget_state.states, *state._old_state}
    records = state._new_widget_state.widget_metadata
    for gone in [name for name in records if name not in known]:
        del records[gone]


def too_long_note(key: str, place: Any = st) -> None:
    """Say beside a text that it does not travel in the link; it goes when the text does."""
    field = links.field_name(key) or t("links", "setting")
    text = t("links", "too_long", field=field, most=f"{links.MAX_TEXT_IN_LINK:,}")
    # The Copy button of the toolbar looks for the class and asks before it copies a link without it.
    place.html(
        f'<p class="gb-note gb-too-long" data-field="{html.escape(field)}" role="status">{html.escape(text)}</p>'
    )


def _options(given: Sequence[Any], options: dict[str, Any]) -> list[Any]:
    return list(given[0] if given else options["options"])


def _possible(kind: str, value: Any, given: Sequence[Any], options: dict[str, Any]) -> Any:
    """Return the value, or the nearest one that the widget can show: the view never holds what no control can say."""
    if value is None:
        return None
    if kind in ("slider", "number_input"):
        low, high = (
            given[i] if len(given) > i else options.get(name)
            for i, name in enumerate(("min_value", "max_value"))
        )
        value = value if low is None else max(value, low)
        return value if high is None else min(value, high)
    if kind in _INDEX + _DEFAULT and not options.get("accept_new_options"):
        known = _options(given, options)
        return value if value in known or not known else known[0]
    return value


def _start(kind: str, value: Any, given: Sequence[Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the argument that makes a new widget begin with ``value``."""
    if kind in _VALUE:
        return {"value": value}
    if kind in _DEFAULT:
        return {"default": value}
    known = _options(given, options)
    return {"index": known.index(value) if value in known else None}


def _shown(kind: str, given: Sequence[Any], options: dict[str, Any]) -> str:
    """Return what a widget is known by, besides its value: the language, and the labels of its options."""
    if kind not in _INDEX + _DEFAULT:
        return language()
    label = options.get("format_func", str)
    return "\n".join([language(), *(str(label(option)) for option in _options(given, options))])


def _name_of(key: str, value: Any, shown: str) -> str:
    """Return the widget's name: the one it has, or a new one if that widget is not there or shows something else."""
    names: dict[str, tuple[str, str]] = st.session_state.setdefault("_held", {})
    before, name = names.get(key, ("", ""))
    if before != shown or name not in st.session_state or st.session_state[name] != value:
        # Not from 1 up: a browser that comes back to a new server still has the widgets of the old one.
        made = st.session_state.get("_held_made", secrets.randbelow(10**9)) + 1
        st.session_state["_held_made"], name = made, f"{key}~{made}"
        names[key] = (shown, name)
    return name


def _took(key: str, name: str, on_change: Callable[..., None] | None, args: Sequence[Any]) -> None:
    """Callback: what the reader set is the view's."""
    st.session_state[key] = st.session_state[name]
    if on_change is not None:
        on_change(*args)
