"""A browser is let in once the frame ran; everything else is answered at once. Who asks whether it is warm makes it warm."""

import asyncio
import contextlib
import threading
from typing import Any

import pytest
from starlette.requests import Request

from components.shell import server
from tests import event_loop


@pytest.fixture
def framed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The server before its frame ran."""
    event = threading.Event()
    monkeypatch.setattr(server, "_framed", event)
    return event


def _passed(kind: str) -> bool:
    """Whether a request of this kind was passed on within a tenth of a second."""
    passed = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    async def ask() -> None:
        await asyncio.wait_for(server.FrameFirst(inner)({"type": kind}, None, None), 0.1)

    try:
        event_loop.run(ask())
    except TimeoutError:
        return False
    return passed == [kind]


def test_a_browser_waits_for_the_frame(framed: threading.Event) -> None:
    assert not _passed("websocket")
    framed.set()
    assert _passed("websocket")


@pytest.mark.usefixtures("framed")
def test_a_file_does_not_wait() -> None:
    assert _passed("http")


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A server that is not warm; the returned event is set when its model was loaded."""
    loaded = threading.Event()
    for name in ("_warm", "_asked", "_framed", "first_page_drawn"):
        monkeypatch.setattr(server, name, threading.Event())
    monkeypatch.setattr(server.urllib.request, "urlopen", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(server.gc, "freeze", lambda: None)
    monkeypatch.setattr("components.shell.loading.warm_models", loaded.set)
    return loaded


def _ready() -> int:
    return event_loop.run(server._ready(Request({"type": "http"}))).status_code


def test_the_first_question_starts_the_warm_up(cold: threading.Event) -> None:
    warming = threading.Thread(target=server.warm_up, args=(0,), daemon=True)
    warming.start()
    assert not cold.wait(0.3)  # no visitor, no question: not before PATIENCE
    assert _ready() == 503
    assert cold.wait(5)
    warming.join(5)
    assert _ready() == 200


def test_a_question_before_the_frame_ran_is_not_lost(cold: threading.Event) -> None:
    assert _ready() == 503
    warming = threading.Thread(target=server.warm_up, args=(0,), daemon=True)
    warming.start()
    warming.join(5)
    assert cold.is_set()
    assert _ready() == 200


def test_a_model_that_does_not_load_is_not_warm(
    cold: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr("components.shell.loading.warm_models", broken)
    assert _ready() == 503
    server.warm_up(0)
    assert _ready() == 503
