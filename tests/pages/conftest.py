"""Page tests go through app.py, in both languages, starting from a link."""

import functools
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

from components.lessons.tokens import word_training
from components.shell.notebook import OPEN

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


def lines_of_code(at: AppTest) -> str:
    """Open the lines of plain transformers under a page; they are not drawn before: what colours code loads with the first."""
    assert not at.code
    at.session_state[OPEN] = True
    at.run()
    (code,) = [block.value for block in at.code]
    return str(code)


_OPEN_PAGES = f"""
import json, sys
from streamlit.testing.v1 import AppTest
for line in sys.stdin:
    name, element = json.loads(line)
    at = AppTest.from_file({APP!r}, default_timeout=60)
    at.run()
    at.switch_page(f'pages/{{name}}.py').run()
    assert not at.exception and not at.error
    assert any(b.proto.component_name == f'glassbox.{{element}}' for b in at.get('bidi_component'))
    print(json.dumps([module for module in ('torch', 'transformers') if module in sys.modules]), flush=True)
"""


@functools.cache
def _page_opener() -> subprocess.Popen[str]:
    """A process that draws first views, one a line, and has imported neither torch nor transformers so far."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN_PAGES], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )


def modules_after(name: str, element: str) -> list[str]:
    """Return which of torch and transformers are imported where first views alone were drawn, this page's among them."""
    opener = _page_opener()
    assert opener.stdin
    assert opener.stdout
    print(json.dumps([name, element]), file=opener.stdin, flush=True)
    answer = opener.stdout.readline()
    found: list[str] = json.loads(answer) if answer else [f"{name} was not drawn"]
    if found:  # the next page begins without them
        opener.kill()
        opener.wait()
        _page_opener.cache_clear()
    return found


@pytest.fixture(params=["en", "ko"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page waits for its training as long as a busy machine needs, and not a second, until it shows how far it is."""
    monkeypatch.setattr(word_training, "PATIENCE", 50.0)


@functools.cache
def _pages() -> Any:
    """The pages as AppTest knows them after a first run, which every test of a page would have to make."""
    return AppTest.from_file(APP, default_timeout=60).run()._registered_pages


@pytest.fixture
def open_page() -> Open:
    """Return a function that opens a page by name (``gpt/generation``) cold, from a link's query."""

    def open_(name: str, **query: str) -> AppTest:
        at = AppTest.from_file(APP, default_timeout=60)
        at._registered_pages = _pages()
        at.query_params.update({"lang": "en"} | query)
        at.switch_page(f"pages/{name}.py").run()
        assert not at.exception, at.exception
        assert not at.error, [error.value for error in at.error]
        return at

    return open_
