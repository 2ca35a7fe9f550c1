"""A class that writes in its own browsers: what the server still does, and what 30 browsers on this machine do to each other."""

from __future__ import annotations

import time
from collections.abc import Iterator

from playwright.sync_api import Page, WebSocket, expect, sync_playwright

from tests.bench.bench_app import GPT, ROOT, Row, _server, _warm, ours
from tests.bench.bench_engine import SETUP, TOKENS
from tests.bench.rows import Failed, each, one
from tests.browser.engine.files import file_server
from tests.browser.find_chromium import find_chromium

CLASS, WRITTEN = 30, 100
HERE = "computed in your browser"
IDS = [(i * 937 + 11) % 8192 for i in range(120)]
# Press for the next token as soon as the last one is drawn.
WRITE = """async (tokens) => {
  const deep = (root) => root.querySelector(".gb-scrub") ?? [...root.querySelectorAll("*")].map((node) => node.shadowRoot && deep(node.shadowRoot)).find(Boolean);
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let step = 1; step <= tokens; step++) {
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    for (const late = performance.now() + 20_000; Number(deep(document).value) < step; await frame()) {
      if (performance.now() > late) throw new Error(`token ${step} did not come`);
    }
  }
}"""


def _ready(page: Page) -> None:
    """Do what needs the model, and wait until the browser computes."""
    box = page.get_by_role("spinbutton", name="Seed")
    box.fill("1234")
    box.press("Enter")
    page.locator(".gb-head h1").click()
    expect(page.locator(".gb-writer .where")).to_contain_text(HERE, timeout=600_000)


def write(browsers: int = CLASS, tokens: int = WRITTEN) -> tuple[float, int, int]:
    """Return (processor seconds of the server, page runs it was asked for, errors on pages) while all write.

    Counted from when every browser has its model until two seconds after the last token. The browsers are tabs of one
    Chromium, each with a process, a session and a model of its own; they share the files it keeps, so that thirty are open
    in time. They write in turn, each as fast as its page draws, because they share this machine, and a page that waits a
    second for its neighbours would tell the server of its rest.
    """
    import psutil

    runs, errors = [0], [0]

    def sent(data: bytes | str) -> None:
        runs[0] += b"__events" in (data if isinstance(data, bytes) else data.encode())

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", sent)

    def failed(error: object) -> None:
        errors[0] += 1

    with _server(ours, ROOT) as (port, pid), sync_playwright() as playwright:
        _warm(port)
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        context, pages = chromium.new_context(reduced_motion="reduce"), []
        for _ in range(browsers):
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.on("websocket", listen)
            page.on("pageerror", failed)
            page.goto(f"http://127.0.0.1:{port}/{GPT}?lang=en&seed=9")
            page.locator(".candidates table").wait_for()
            _ready(page)
            pages.append(page)
        pages[-1].wait_for_timeout(3000)  # until what each had to tell is told
        server = psutil.Process(pid)
        runs[0], before = 0, sum(server.cpu_times()[:2])
        for page in pages:
            page.evaluate(WRITE, tokens)
        pages[-1].wait_for_timeout(2000)
        spent = sum(server.cpu_times()[:2]) - before
        for page in pages:
            expect(page.locator(".gb-scrub")).to_have_value(str(tokens))
            expect(page.locator(".gb-writer .where")).to_contain_text(HERE)
        chromium.close()
    return spent, runs[0], errors[0]


def crowded(browsers: int = CLASS, tokens: int = WRITTEN) -> float:
    """Return how much longer a token takes where ``browsers`` compute at once on this machine than where one does."""
    with file_server() as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        pages = [chromium.new_context().new_page() for _ in range(browsers)]
        for page in pages:
            page.set_default_timeout(60_000)
            page.goto(url)
            page.evaluate(SETUP)
        alone = min(pages[0].evaluate(TOKENS, [IDS, 10, tokens]) for _ in range(5))
        start = 1000 * time.time() + 2000
        for page in pages:  # told one after the other, begun by all at the same time of the clock
            page.evaluate(
                f"([start, ...given]) => {{ window.took = new Promise((done) => setTimeout(() => done(({TOKENS})(given)), start - Date.now())); }}",
                [start, IDS, 10, tokens],
            )
        together = [page.evaluate("window.took") for page in pages]
        chromium.close()
    return sum(together) / len(together) / alone


def _written() -> list[Row]:
    spent, runs, errors = write()
    return [
        (f"server CPU while {CLASS} browsers write {WRITTEN} tokens each", spent, 2.0, "s"),
        (f"page runs while {CLASS} browsers write {WRITTEN} tokens each", runs, 60, ""),
        ("errors in that", errors, 0, ""),
    ]


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    what = f"one new token, {CLASS} browsers at once on this machine / 1"
    yield from each(one(what, crowded, CLASS, "x"), _written)
