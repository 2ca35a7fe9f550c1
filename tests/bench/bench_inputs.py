"""Measurements of "Token + segment + position": a new sentence against the least a page can do, and bytes sent."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from find_chromium import find_chromium  # noqa: E402

from components.lm import checkpoints  # noqa: E402
from tests.bench.bench_app import _free_port  # noqa: E402
from tests.bench.rows import Failed, Row, each, one, show  # noqa: E402

WORDS = (
    *("river", "house", "old", "tree", "man", "water", "night", "door"),
    *("bird", "fish", "hand", "bed", "cat", "sun", "king", "road"),
)

# From the Enter key until the word stands in the picture and one more frame was painted. The shadow roots are looked
# up before, so that looking costs both pages the same.
WATCH = """([word, inside]) => { window.__took = new Promise((done) => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((n) => n.shadowRoot).filter(Boolean)];
  const find = () => roots.some((root) => [...root.querySelectorAll(inside)].some((n) => n.textContent.includes(word)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const begin = performance.now();
    const look = () => find() ? requestAnimationFrame(() => done(performance.now() - begin)) : requestAnimationFrame(look);
    look();
  }, { capture: true, once: true });
}); }"""


@contextlib.contextmanager
def _server(script: Path) -> Iterator[str]:
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(script)),
            *("--server.port", str(port), "--server.headless", "true", "--server.address", "localhost"),
        ],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        # One run of the script before the first visitor, so that no page stands under Streamlit's "not found" dialog.
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/_stcore/script-health-check", timeout=60).close()
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _open(page: Page, address: str, ready: str) -> None:
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector(ready)
    page.wait_for_timeout(2000)


def _took(page: Page, label: str, word: str, inside: str) -> float:
    page.evaluate(WATCH, [word, inside])
    box = page.get_by_label(label, exact=True)
    box.fill(f"my {word} is cute")
    box.press("Enter")
    took = float(page.evaluate("window.__took"))
    page.wait_for_timeout(600)
    return took


def _bytes_sent() -> float:
    """kB for a 32-token pair at width 768, with the English labels."""
    from components.elements.bert.embedding_sum import message
    from components.lm.bert.embeddings import InputEmbeddings, ModelInput, layer_norm
    from components.words import _words

    rows = np.random.default_rng(0).normal(size=(32, 768)).astype(np.float32)
    one, zero, places = np.ones(768, np.float32), np.zeros(768, np.float32), np.arange(32)
    normed = layer_norm(3 * rows, one, zero, 1e-12)
    parts = InputEmbeddings(rows, rows[:2], rows, rows, 3 * rows, normed, one, zero, 1e-12, 0.0, None)
    given = ModelInput(("##token",) * 32, places, places % 2, places, places, places < 0)
    header = {"rev": 1, "text": "", "start": {}, "words": _words("en")["sum_words"], "stepper": {}}
    return len(message(parts, given, header)) / 1000


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    yield from each(one("data sent for a 32-token pair at width 768", _bytes_sent, 250, "kB"))
    path = find_chromium()
    if path is None or "pocket-bert" not in checkpoints.store().bundled_names():
        return
    bare_app = ROOT / "tests" / "bench" / "inputs_app.py"
    with _server(ROOT / "app.py") as ours, _server(bare_app) as bare, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page, other = browser.new_page(viewport={"width": 1366, "height": 768}), browser.new_page()
        _open(page, f"{ours}/bert-inputs?lang=en&in_step=6", ".grid .chip")
        _open(other, bare, ".bare")
        found: dict[str, list[float]] = {"ours": [], "bare": []}
        for word in WORDS:  # in alternation, on the same machine
            found["ours"].append(_took(page, "Sentence A", word, ".chip"))
            found["bare"].append(_took(other, "text", word, ".bare"))
        browser.close()
    middle = {name: statistics.median(times[1:]) for name, times in found.items()}
    ratio = middle["ours"] / middle["bare"]
    yield ("new sentence to new picture / one forward pass in a bare rerun", ratio, 2, "x")
    yield ("new sentence to new picture", middle["ours"], 1000, "ms")


if __name__ == "__main__":
    show(measure())
