"""A page whose widgets hold parameters; run by ``test_held.py``."""

import streamlit as st

from components.shell import links
from components.shell.held import forget_gone, held

FRUIT = {"en": {"a": "apple", "b": "pear"}, "ko": {"a": "사과", "b": "배"}}

forget_gone()
links.open_frame()
links.open_view(
    "start/home",
    links.Choice("fruit", ("a", "b"), "a"),
    links.Integer("many", 1, 9, 3),
    links.Number("share", 0.0, 1.0, 0.5),
    links.Text("word", "low"),
    links.Flag("on"),
    links.Choice("part", ("x", "y"), "x"),
)
state = st.session_state


def changed() -> None:
    state["changes"] = state.get("changes", 0) + 1


def moved(**values: object) -> None:
    state.update(values)


st.button("korean", key="korean", on_click=moved, kwargs={"lang": "ko"})
st.button("move", key="move", on_click=moved, kwargs={"word": "new", "many": 7, "fruit": "b"})
labels = FRUIT[state["lang"]]
held().segmented_control("part", ["x", "y"], key="part", required=True)
held().selectbox("fruit", ["a", "b"], key="fruit", format_func=labels.__getitem__, on_change=changed)
held(st.container()).number_input("many", 1, 9, key="many", on_change=changed)
if state["part"] == "x":
    held().text_input("word", key="word")
    held().slider("share", 0.0, 1.0, step=0.1, key="share")
    held().toggle("on", key="on")
links.close_view()
