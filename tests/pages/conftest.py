"""Page tests go through app.py, in both languages, starting from a link."""

import html
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "app.py")

Open = Callable[..., AppTest]


def said(at: AppTest) -> str:
    """What the page says in its own HTML."""
    return " ".join(block.proto.body for block in at.get("html"))


def notes(at: AppTest) -> list[str]:
    """The lines that say that something is not as it looks (``layout.note_line``)."""
    found = re.findall(r'<p class="gb-note[^"]*"[^>]*>(.*?)</p>', said(at), re.DOTALL)
    return [html.unescape(text) for text in found]


def on_page(at: AppTest, element: str) -> bool:
    """Whether an element stands on the page."""
    return any(block.proto.component_name == f"glassbox.{element}" for block in at.get("bidi_component"))


def data_of(at: AppTest, element: str) -> dict[str, Any]:
    """What an element was given, as JSON."""
    for block in at.get("bidi_component"):
        if block.proto.component_name == f"glassbox.{element}":
            found: dict[str, Any] = json.loads(block.proto.json)
            return found
    raise AssertionError(f"no {element} on the page")


def widget(at: AppTest, key: str) -> Any:
    """The widget that holds a parameter of the link (``components/shell/held.py``)."""
    name = at.session_state["_held"][key][1]
    return next(w for w in at.main if getattr(w, "key", None) == name)


def modules_after(name: str, element: str) -> str:
    """Return which of torch and transformers a new process has imported after drawing the first view of a page."""
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_file({APP!r}, default_timeout=60)\n"
        "at.run()\n"
        f"at.switch_page('pages/{name}.py').run()\n"
        "assert not at.exception and not at.error\n"
        f"assert any(b.proto.component_name == 'glassbox.{element}' for b in at.get('bidi_component'))\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


@pytest.fixture(params=["en", "ko"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_page() -> Open:
    """Return a function that opens a page by name (``gpt/generation``) from a link's query."""

    def open_(name: str, **query: str) -> AppTest:
        at = AppTest.from_file(APP, default_timeout=60)
        at.query_params.update({"lang": "en"} | query)
        at.run()
        assert not at.exception, at.exception
        at.query_params.update(query)
        try:
            at.switch_page(f"pages/{name}.py")
        except ValueError:  # seen twice, cause not found: after the first run only app.py was known
            at.run()
            at.switch_page(f"pages/{name}.py")
        at.run()
        assert not at.exception, at.exception
        assert not at.error, [error.value for error in at.error]
        return at

    return open_
