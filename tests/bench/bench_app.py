"""Measurements of the running app: first page, one click, sessions, bytes. Both sides of a ratio in one run."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from find_chromium import find_chromium  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from tests.bench import sessions  # noqa: E402
from tests.bench.rows import Failed, Row, each, show  # noqa: E402

GPT = "gpt-generation"
ROUNDS = 20
SEED = 9
"""Its text has some twenty tokens: enough for the clicks, and for the steps that are counted from its beginning."""

BARE = """
import streamlit as st
import torch
st.set_page_config(layout="wide")
n = st.session_state.setdefault("n", 0)
if st.button("next"):
    st.session_state["n"] += 1
st.html(f"<p id='shown'>{st.session_state['n']}</p>")
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _server(command: Callable[[int], list[str]], cwd: Path) -> Iterator[tuple[int, int]]:
    port = _free_port()
    process = subprocess.Popen(
        command(port),
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1),
            ):
                break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def ours(port: int) -> list[str]:
    """Return the command of ``make run``."""
    return [sys.executable, "-m", "components.shell.server", "--port", str(port)]


def _streamlit(script: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]


def _warm(port: int) -> None:
    """Wait until torch and the first model are loaded."""
    for _ in range(600):
        with contextlib.suppress(OSError):
            answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/ready", timeout=5).read()
            if b'"warm":true' in answer.replace(b" ", b""):
                return
        time.sleep(0.2)


def _first_page(browser: Browser, command: Callable[[int], list[str]], cwd: Path, selector: str) -> float:
    """Seconds from the start of the process until the page stands."""
    context = browser.new_context()
    page = context.new_page()
    start = time.perf_counter()
    with _server(command, cwd) as (port, _):
        page.goto(f"http://localhost:{port}")
        page.wait_for_selector(selector, timeout=120_000)
        seconds = time.perf_counter() - start
        context.close()
    return seconds


# From the input event to the first frame with the new content, measured by the page itself.
_CLICK = """
([button, shown]) => new Promise((done) => {
  const deep = (root, selector) => root.querySelector(selector) ?? [...root.querySelectorAll('*')].map((n) => n.shadowRoot && deep(n.shadowRoot, selector)).find(Boolean);
  const target = deep(document, shown), before = target.textContent;
  const start = performance.now();
  const look = () => { const now = deep(document, shown); (now && now.textContent !== before) ? done(performance.now() - start) : requestAnimationFrame(look); };
  deep(document, button).click();
  requestAnimationFrame(look);
})
"""


def _click(page: Page, button: str, shown: str) -> float:
    seconds = []
    for _ in range(ROUNDS):
        seconds.append(page.evaluate(_CLICK, [button, shown]) / 1000)
        page.wait_for_timeout(350)
    return statistics.median(seconds)


def _home_bytes(browser: Browser, port: int) -> int:
    """Bytes over the wire for the home page with an empty cache, websocket included."""
    context = browser.new_context()
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    total = {"bytes": 0}
    client.on(
        "Network.loadingFinished",
        lambda e: total.__setitem__("bytes", total["bytes"] + int(e["encodedDataLength"])),
    )
    client.on(
        "Network.webSocketFrameReceived",
        lambda e: total.__setitem__("bytes", total["bytes"] + len(e["response"]["payloadData"]) * 3 // 4),
    )
    page.goto(f"http://localhost:{port}")
    page.wait_for_selector(".start")
    page.wait_for_timeout(2500)
    context.close()
    return total["bytes"]


def _start_rows(browser: Browser, folder: Path) -> list[Row]:
    def hello(port: int) -> list[str]:
        return [sys.executable, "-m", "streamlit", "hello", "--server.port", str(port)]

    starts: dict[str, list[float]] = {"ours": [], "hello": []}
    for _ in range(3):
        starts["hello"].append(_first_page(browser, hello, folder, "h1, [data-testid=stHeading]"))
        starts["ours"].append(_first_page(browser, ours, ROOT, ".gb-head h1"))
    ratio = statistics.median(starts["ours"]) / statistics.median(starts["hello"])
    return [("first page drawn, from process start: make run / streamlit hello", ratio, 2, "x")]


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit); the value should be at most the target."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        settings = Path(folder) / ".streamlit"
        settings.mkdir()
        (settings / "config.toml").write_text(
            (ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield from each(partial(_start_rows, browser, Path(folder)))
        with (
            _server(ours, ROOT) as (port, pid),
            _server(_streamlit(str(bare)), Path(folder)) as (bare_port, _),
        ):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10):
                pass
            yield from each(
                partial(_browser_rows, browser, port, bare_port), partial(_session_rows, port, pid)
            )
        browser.close()


def _step_bytes(page: Page) -> float:
    """Mean bytes that come over the websocket for one step, over two blocks of steps.

    Raises:
        RuntimeError: the text ended before the steps did, and the next press left for another page.
    """
    received: list[int] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: received.append(len(data))))
    page.goto(f"{page.url.partition('?')[0]}?seed={SEED}")
    page.reload()  # the same page in the tab before would only be moved
    page.wait_for_selector(".candidates table")
    page.wait_for_timeout(1500)
    steps = 16
    before = sum(received)
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(600)
    if GPT not in page.url:
        raise RuntimeError(f"the text ended: {page.url}")
    return (sum(received) - before) / steps


def _browser_rows(browser: Browser, port: int, bare_port: int) -> list[Row]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    bare, page = context.new_page(), context.new_page()
    page.goto(f"http://localhost:{port}/{GPT}?seed={SEED}")
    page.wait_for_selector(".candidates table", timeout=120_000)
    _warm(port)
    bare.goto(f"http://localhost:{bare_port}")
    bare.wait_for_selector("#shown", timeout=120_000)
    click: dict[str, Any] = {
        "bare": _click(bare, "[data-testid=stButton] button", "#shown"),
        "ours": _click(page, ".gb-step-next", ".text"),
    }
    weight = _step_bytes(page)
    context.close()
    return [
        ("page weight sent for one step", weight / 1e3, 30, "kB"),
        (
            "one 'next token' click on pocket-gpt / a click in a bare page",
            click["ours"] / click["bare"],
            2,
            "x",
        ),
        ("home page, cold cache, bytes over the wire", _home_bytes(browser, port) / 1e6, 1.5, "MB"),
    ]


def _session_rows(port: int, pid: int) -> list[Row]:
    first = f"lang=en&seed={SEED}"
    fresh = itertools.count()  # no text twice

    async def step(session: sessions.Session, who: int, number: int) -> float:
        data = session.data[session.name_of("writer")]
        state = {**data["state"], "step": number + 1}
        return await session.report(
            "writer", "view", {"rev": data["rev"], "state": state, "browser": None, "written": None}
        )

    async def ask(session: sessions.Session, who: int, number: int) -> float:
        return await session.view(f"lang=en&prompt=The+fox+and+{who}+{next(fresh)}&seed={number}&step=1")

    sessions.together(port, GPT, first, 1, 8, step)  # computed once, so that what follows is cached
    one, errors_one = sessions.together(port, GPT, first, 1, 8, step)
    thirty, errors = sessions.together(port, GPT, first, 30, 8, step)
    new_one, errors_new = sessions.together(port, GPT, first, 1, 4, ask)
    new_thirty, errors_new_thirty = sessions.together(port, GPT, first, 30, 4, ask)
    failed = len(errors_one + errors + errors_new + errors_new_thirty)
    return [
        ("30 sessions stepping on cached steps at once / 1, median", thirty / one, 5, "x"),
        ("30 sessions asking for a new token at once / 1, median", new_thirty / new_one, 15, "x"),
        ("errors in those sessions", failed, 0, ""),
        (
            "memory added per session, 2nd to 10th",
            sessions.memory_of_sessions(port, GPT, first, pid) / 1e6,
            15,
            "MB",
        ),
    ]


if __name__ == "__main__":
    show(measure())
