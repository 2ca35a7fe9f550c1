"""A widget shows what the view holds, whatever happened in between."""

import ast
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from components.shell.held import KINDS
from tests.pages.conftest import widget

ROOT = Path(__file__).parents[2]
FREE = {
    (
        "components/lessons/tokens/word_editor.py",
        "bpe_typed",
    ): "a draft in a dialog; its button makes it the text",
    (
        "components/lessons/fine_tuning/tasks_panels.py",
        "_glue_guess",
    ): "a guess before the answer: a link that carried it would give the answer away",
}
"""Widgets that hold no parameter of a link, and why."""


def open_app(**query: str) -> AppTest:
    at = AppTest.from_file(str(Path(__file__).with_name("held_app.py")), default_timeout=20)
    at.query_params.update({"lang": "en"} | query)
    at.run()
    assert not at.exception
    return at


def test_a_widget_begins_with_the_link() -> None:
    at = open_app(fruit="b", many="8", share="0.3", word="쌍", on="1")
    shown = [widget(at, key).value for key in ("fruit", "many", "share", "word", "on")]
    assert shown == ["b", 8, 0.3, "쌍", True]


def test_what_the_reader_sets_is_the_views() -> None:
    at = open_app()
    widget(at, "many").set_value(5)
    widget(at, "word").set_value("")
    at.run()
    assert (at.session_state["many"], at.session_state["word"], at.session_state["changes"]) == (5, "", 1)
    assert at.query_params["many"] == "5"


def test_a_widget_the_reader_moved_stays_the_same_widget() -> None:
    """It keeps the focus."""
    at = open_app()
    before = widget(at, "many").id
    widget(at, "many").set_value(5).run()
    assert widget(at, "many").id == before


def test_a_change_of_language_changes_no_choice() -> None:
    at = open_app(fruit="b")
    at.button(key="korean").click().run()
    for _ in range(2):
        assert (widget(at, "fruit").value, widget(at, "fruit").options) == ("b", ["사과", "배"])
        assert at.session_state["fruit"] == "b"
        assert "changes" not in at.session_state  # the page's own callback did not run
        widget(at, "on").set_value(True)
        at.run()


def test_what_python_moves_is_shown_by_a_new_widget() -> None:
    at = open_app()
    widget(at, "word").set_value("typed").run()
    before = widget(at, "word").id
    at.button(key="move").click().run()
    assert [widget(at, key).value for key in ("word", "many", "fruit")] == ["new", 7, "b"]
    assert widget(at, "word").id != before
    # A browser that has not drawn the new widget yet still reports the old one: nothing changes.
    at.run()
    assert [widget(at, key).value for key in ("word", "many", "fruit")] == ["new", 7, "b"]


def test_a_widget_begins_with_the_view_as_long_as_the_browser_has_not_drawn_it() -> None:
    """The value stands in the message itself, not in an order that is given once: a popover may open late."""
    at = open_app(word="lowest", many="8", share="0.3", on="1", fruit="b", part="x")
    for _ in range(3):
        at.run()
    assert widget(at, "word").proto.default == "lowest"
    assert widget(at, "many").proto.default == 8
    assert list(widget(at, "share").proto.default) == [0.3]
    assert widget(at, "on").proto.default is True
    assert widget(at, "fruit").proto.default == 1
    assert list(widget(at, "part").proto.default) == [0]


def test_a_part_that_comes_back_comes_back_as_it_was() -> None:
    at = open_app(share="0.3")
    widget(at, "word").set_value("kept").run()
    at.button_group[0].set_value(["y"]).run()
    at.run()
    assert at.query_params["word"] == "kept"
    at.button_group[0].set_value(["x"]).run()
    assert (widget(at, "word").value, widget(at, "share").value) == ("kept", 0.3)


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "components").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]),
    ids=lambda p: p.stem,
)
def test_every_widget_of_a_page_holds_its_value_so(path: Path) -> None:
    """Nobody has to remember it: a page that draws a widget of Streamlit's directly fails here."""
    name = path.relative_to(ROOT).as_posix()
    if name == "components/shell/held.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KINDS
        ):
            continue
        place = node.func.value
        if isinstance(place, ast.Call) and isinstance(place.func, ast.Name) and place.func.id == "held":
            continue
        key = next((k.value for k in node.keywords if k.arg == "key"), None)
        text = key.value if isinstance(key, ast.Constant) else ast.unparse(key) if key else ""
        assert (name, text) in FREE, f"{name}:{node.lineno}: use held(...).{node.func.attr}"


@pytest.mark.parametrize("forgets", [True, False])
def test_what_streamlit_keeps_of_widgets_that_are_gone(
    forgets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Level with every view that comes from elsewhere; without the cure it grows, so the cure is still needed."""
    if not forgets:
        monkeypatch.setattr("components.shell.held.forget_gone", lambda: None)
    at = open_app()

    def records() -> int:
        state: Any = at.session_state
        while not isinstance(state, SessionState):
            state = object.__getattribute__(state, "_state")
        return len(state._new_widget_state.widget_metadata)

    counts = []
    for turn in range(12):
        at.session_state["many"], at.session_state["word"] = turn % 9 + 1, f"w{turn}"
        at.run()
        counts.append(records())
    assert (counts[-1] == counts[3]) == forgets, counts
    widget(at, "many").set_value(5).run()
    assert at.session_state["many"] == 5
