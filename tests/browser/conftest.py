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
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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
def serving(port: int) -> Iterator[str]:
    """Start the app as ``make run`` does and give its address; stop it in the end."""
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
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the app that most tests share."""
    with serving(free_port()) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        reason = "no Chromium or Chrome found; `make test` tries to install one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def outside() -> list[str]:
    """Addresses that were asked for outside this machine (each was refused)."""
    return []


@contextmanager
def reader(browser: Browser, outside: list[str]) -> Iterator[BrowserContext]:
    """A reader's browser; what it asks outside this machine is refused, and written down in ``outside``."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="en-US", accept_downloads=True
    )

    def only_here(route) -> None:  # type: ignore[no-untyped-def]  # Playwright's Route
        host = urlsplit(route.request.url).hostname
        if host in ("localhost", "127.0.0.1", None):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route("**/*", only_here)
    try:
        yield context
    finally:
        context.close()


@pytest.fixture
def context(browser: Browser, outside: list[str]) -> Iterator[BrowserContext]:
    with reader(browser, outside) as context:
        yield context


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
