"""``make run``: the app with compression, warm-up and a readiness route.

Streamlit serves its own bundle uncompressed (3.15 MB for a first visit); thirty laptops on one
classroom network feel that. Importing torch and loading the first model takes seconds; that
happens in a thread, after the first page was drawn (or after a while without a visitor), so it
never stands in the way of it.
"""

import argparse
import asyncio
import gc
import logging
import os
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from components.shell.compression import CachedGzip, KeptByName
from components.shell.server_events import first_page_drawn

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds without a visitor after which the warm-up starts by itself."""

_LOG = logging.getLogger(__name__)
_warm = threading.Event()
_asked = threading.Event()
_framed = threading.Event()


class FrameFirst:
    """Lets no browser in before the frame ran once: only then does Streamlit know the pages behind the addresses.

    A link opened earlier would stand under its "page not found" dialog, which also takes every key.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on; a browser's connection waits."""
        while scope["type"] == "websocket" and not _framed.is_set():
            await asyncio.sleep(0.02)
        await self.app(scope, receive, send)


def warm_up(port: int) -> None:
    """Run the frame once, wait for the first page (or for somebody who asks), then load torch and the first model."""
    address = f"http://127.0.0.1:{port}/_stcore/script-health-check"
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=10):
                break
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            threading.Event().wait(0.1)
    _framed.set()
    first_page_drawn.clear()  # the check itself drew a page
    if not _asked.is_set():
        first_page_drawn.wait(PATIENCE)
        _asked.wait(0.5)
    loaded = False
    try:
        from components.shell.loading import warm_models

        warm_models()
        loaded = True
    except Exception:  # a page that needs the model will say what is wrong
        _LOG.exception("warm-up failed")
    gc.collect()
    gc.freeze()
    if loaded:
        _warm.set()


async def _ready(request: Request) -> Response:
    """Whether the first model is loaded: 200, or 503 until then. Whoever asks first starts the warm-up."""
    _asked.set()
    first_page_drawn.set()  # the warm-up waits for one of the two
    warm = _warm.is_set()
    return JSONResponse({"serving": True, "warm": warm}, status_code=200 if warm else 503)


def addresses(port: int) -> list[str]:
    """Return the addresses of this server: GLASSBOX_URL if set, then the local network's, then localhost."""
    found = [os.environ["GLASSBOX_URL"]] if os.environ.get("GLASSBOX_URL") else []
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(
                ("192.0.2.1", 9)
            )  # a documentation address: nothing is sent, the system names its own side
            found.append(f"http://{probe.getsockname()[0]}:{port}")
    except OSError:  # no network at all
        pass
    return [*found, f"http://localhost:{port}"]


def make_app(port: int) -> Any:
    """Return the ASGI application."""

    @asynccontextmanager
    async def life(app: Any) -> AsyncIterator[dict[str, Any]]:
        threading.Thread(target=warm_up, args=(port,), daemon=True, name="warm-up").start()
        yield {}

    return st.App(
        str(ROOT / "app.py"),
        lifespan=life,
        routes=[Route("/api/ready", _ready)],
        middleware=[Middleware(FrameFirst), Middleware(KeptByName), Middleware(CachedGzip)],
    )


def main() -> None:
    """Start the server and print where it can be reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8501")))
    port = parser.parse_args().port
    os.chdir(ROOT)  # .streamlit/config.toml is read from here
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads that contend are slower than one
    shown = addresses(port)
    os.environ.setdefault("GLASSBOX_URL", shown[0])
    print("Glassbox: " + "\n          ".join(shown), flush=True)
    make_app(port).run(config={"server.port": port})


if __name__ == "__main__":
    main()
