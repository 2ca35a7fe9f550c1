"""Measurements of the attention view against bertviz as it is shipped: same browser, same run, in alternation.

Each opens as it opens by itself: ours with one head and the thumbnails of all 144, bertviz with the twelve heads of a
layer. One more row turns on eight of our heads, the most it shows at once. Times include what else the machine does;
the ratios are of one run.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from find_chromium import find_chromium  # noqa: E402

from tests.bench.attention_app import shipped_bertviz, tokens, weights  # noqa: E402
from tests.bench.bench_app import _free_port  # noqa: E402
from tests.bench.rows import Failed, Row, each, one, show  # noqa: E402

ROUNDS = 3

# Milliseconds from a click on the button until the lines are there and one more frame was painted.
UNTIL_DRAWN = """async (ready) => {
  const there = new Function("return (" + ready + ")()");
  const begin = performance.now();
  [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "show").click();
  while (!there()) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = done; c.port2.postMessage(0); }));
  return performance.now() - begin;
}"""
OURS_READY = """() => {
  for (const host of document.querySelectorAll("*")) {
    const root = host.shadowRoot?.querySelector(".gb-attention_view[data-lines]");
    if (root) { window.ours = root; return true; }
  }
  return false;
}"""
THEIRS_READY = """() => {
  const inside = document.querySelector("iframe")?.contentDocument;
  const all = inside ? inside.querySelectorAll("#attention line").length : 0;
  return all >= EXPECTED;
}"""
# Milliseconds from pointing at a word until the browser has painted the frame that shows it, for some words. As with a
# real pointer, the event comes at the start of a frame; the message is delivered when that frame's work is done.
HOVER = """async ([ours, count]) => {
  const inside = ours ? null : document.querySelector("iframe").contentDocument;
  const words = ours ? [...window.ours.querySelectorAll(".left .token")] : [...inside.querySelectorAll("#left text")].map((node) => node.parentNode);
  const times = [];
  for (let i = 0; i < count; i++) {
    const word = words[(i * 7) % words.length];
    for (let wait = 0; wait < 3; wait++) await new Promise((done) => requestAnimationFrame(done));
    const begin = performance.now();
    word.dispatchEvent(ours ? new PointerEvent("pointerenter") : new MouseEvent("mouseover", { bubbles: true }));
    if (ours && window.ours.dataset.hover !== `q${word.dataset.i}`) throw new Error("not drawn in the frame of the event");
    await new Promise((done) => { const c = new MessageChannel(); c.port1.onmessage = done; c.port2.postMessage(0); });
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[Math.floor(count / 2)];
}"""


@contextlib.contextmanager
def _app() -> Iterator[str]:
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(ROOT / "tests" / "bench" / "attention_app.py")),
            *("--server.port", str(port), "--server.headless", "true", "--server.address", "localhost"),
        ],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _opened(browser: Browser, url: str, view: str, size: int, heads: int = 1) -> Page:
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.set_default_timeout(120_000)
    for attempt in range(60):  # the server may still be starting
        try:
            page.goto(f"{url}/?view={view}&n={size}&heads={heads}")
            break
        except Exception:
            if attempt == 59:
                raise
            page.wait_for_timeout(500)
    page.get_by_role("button", name="show").wait_for()
    page.wait_for_timeout(1500)
    return page


def _times(browser: Browser, url: str, view: str, size: int, heads: int = 1) -> dict[str, float]:
    page = _opened(browser, url, view, size, heads)
    ready = OURS_READY if view == "ours" else THEIRS_READY.replace("EXPECTED", str(12 * size * size))
    found = {"drawn": page.evaluate(UNTIL_DRAWN, ready)}
    page.wait_for_timeout(2000)  # thumbnails, and what else the browser still has to do
    found["hover"] = page.evaluate(HOVER, [view == "ours", 15])
    if view == "ours":
        found["thumbs"] = float(page.evaluate("window.ours.dataset.thumbsMs"))
        found["left"] = page.evaluate(
            """() => { const before = window.ours.dataset.state; window.ours.querySelector('.thumb[data-layer="7"][data-head="3"]').click();
            return window.ours.dataset.state === before ? 1 : 0; }"""
        )
    page.close()
    return found


def _bytes_sent(size: int) -> float:
    import json

    from components.lm.transformer.attention import message

    header = {"tokens": tokens(size)}
    ours = len(message(header, weights(size))) + len(json.dumps(header))
    return ours / len(shipped_bertviz(size).encode())


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    sent = "data sent, 12 x 12 x 128, our view / bertviz as shipped"
    yield from each(one(sent, lambda: _bytes_sent(128), 1 / 40, "x"), _drawn)


def _drawn() -> list[Row]:
    """What is seen of both in one browser."""
    path = find_chromium()
    if path is None:
        return []
    with _app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        _times(browser, url, "ours", 64)  # the first visit fetches the code of both
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_times(browser, url, "ours", 64))
            theirs.append(_times(browser, url, "bertviz", 64))
        many = [_times(browser, url, "ours", 64, 8) for _ in range(ROUNDS)]
        large = [_times(browser, url, "ours", 128) for _ in range(ROUNDS)]
        browser.close()

    def middle(found: list[dict[str, float]], what: str) -> float:
        return statistics.median(item[what] for item in found)

    return [
        (
            "time until the lines stand, 12 x 12 x 64 / bertviz",
            middle(ours, "drawn") / middle(theirs, "drawn"),
            1 / 8,
            "x",
        ),
        (
            "hover to redraw, 12 x 12 x 64 / bertviz",
            middle(ours, "hover") / middle(theirs, "hover"),
            1 / 4,
            "x",
        ),
        (
            "hover to redraw with eight heads on, 12 x 12 x 64 / bertviz",
            middle(many, "hover") / middle(theirs, "hover"),
            1 / 4,
            "x",
        ),
        ("hover to redraw, 128 tokens", middle(large, "hover"), 33.4, "ms"),
        ("clicks on a head whose drawing waited for the server", middle(ours, "left"), 0, ""),
        ("all thumbnails, 12 x 12 x 64, from the data's arrival", middle(ours, "thumbs"), 1000, "ms"),
    ]


if __name__ == "__main__":
    show(measure())
