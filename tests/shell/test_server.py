"""A browser is let in once the frame ran; everything else is answered at once."""

import asyncio
import threading
from typing import Any

import pytest

from components.shell import server


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
        asyncio.run(ask())
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
