"""A real Chromium against the real app. Nothing may leave this machine; what tries is recorded."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, Request, expect, sync_playwright

from tests.browser.find_chromium import find_chromium
from tests.browser.waiting import settle

ROOT = Path(__file__).parents[2]
expect.set_options(timeout=60_000)  # a busy machine may load torch for half a minute


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.fspath).parents:
            item.add_marker("browser")


_seeds = count(11)


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    port: int, *, end: Callable[[subprocess.Popen[bytes]], None] = subprocess.Popen.terminate
) -> Iterator[str]:
    """Start the app as ``make run`` does and give its address; stop it in the end, or end it otherwise."""
    server = subprocess.Popen(
        [sys.executable, "-m", "components.shell.server", "--port", str(port)],
        cwd=ROOT,
        env=os.environ
        | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "GLASSBOX_URL": "http://lecture.example:8501"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://localhost:{port}"
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                    break
            except OSError as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()  # "not yet" is an answer, with a connection of its own
                time.sleep(0.25)
        yield url
    finally:
        end(server)
        server.wait(60)


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the app that most tests share."""
    with serving(free_port()) as url:
        yield url


HERE = ("localhost", "127.0.0.1")
OPTIONS: dict[str, Any] = {
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        # No other host has an address. A rule of routes would do it, too, but turns the browser's cache off.
        f"--host-resolver-rules=MAP * ~NOTFOUND, {', '.join(f'EXCLUDE {name}' for name in HERE)}",
    ],
}
"""What every Chromium of the tests is started with."""
READER: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}, "locale": "en-US"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    """Chromium, to be started with ``OPTIONS``."""
    path = find_chromium()
    if path is None:
        reason = "no Chromium or Chrome found; `make test` tries to install one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    OPTIONS["executable_path"] = path
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    browser = chromium.launch(**OPTIONS)
    yield browser
    browser.close()


@pytest.fixture
def outside() -> list[str]:
    """Addresses that were asked for outside this machine (each was refused)."""
    return []


# What Streamlit shows before a page's first run moves without end, and every picture of it is drawn without a graphics card.
_STILL = """
(() => {
  const still = new CSSStyleSheet();
  still.replaceSync('[data-testid=stAppSkeleton] *, [data-testid=stSkeleton], [data-testid=stSkeleton] * { animation: none !important; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
})();
"""


def newcomer(browser: Browser, **options: Any) -> BrowserContext:
    """A reader whose browser was never here, and shares nothing with another."""
    context = browser.new_context(**READER, **options)
    context.add_init_script(_STILL)
    return context


@pytest.fixture(scope="session")
def at_home(chromium: BrowserType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser that keeps the app's files, compiled, as one that was here before: a page opened anew costs half.

    Every tab is a session of its own all the same; ``context`` is this browser with all forgotten but the files.
    """
    folder = tmp_path_factory.mktemp("reader")
    context = chromium.launch_persistent_context(folder, **OPTIONS, **READER, accept_downloads=True)
    context.add_init_script(_STILL)
    yield context
    context.close()


FORGOTTEN = "cookies,local_storage,indexeddb,websql,service_workers,cache_storage,file_systems"


@pytest.fixture
def context(at_home: BrowserContext, outside: list[str]) -> Iterator[BrowserContext]:
    """A reader's browser with nothing in it but the app's files; what it asks outside this machine goes to ``outside``."""

    def failed(request: Request) -> None:
        if urlsplit(request.url).hostname not in (*HERE, None):
            outside.append(request.url)

    blank, *others = at_home.pages
    for page in others:
        page.close()
    session = at_home.new_cdp_session(blank)
    session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": FORGOTTEN})
    session.detach()
    at_home.clear_cookies()
    at_home.clear_permissions()
    at_home.on("requestfailed", failed)
    yield at_home
    at_home.remove_listener("requestfailed", failed)
    at_home.unroute_all()
    for page in at_home.pages[1:]:
        page.close()


@pytest.fixture
def unused_seed() -> int:
    """A seed that nobody has trained with on this server yet: a test that is run again finds nothing half done."""
    return next(_seeds)


@pytest.fixture
def open_at(app_url: str, context: BrowserContext) -> Callable[[str], Page]:
    """Return a function that opens an address of the app cold and waits until the page stands."""

    def open_(path: str, timeout: float = 90_000) -> Page:
        page = context.new_page()
        page.set_default_timeout(timeout)
        page.goto(f"{app_url}{path}")
        page.wait_for_selector(".gb-head h1")
        page.wait_for_selector(".gb-toolbar .bar")
        settle(page)
        return page

    return open_
