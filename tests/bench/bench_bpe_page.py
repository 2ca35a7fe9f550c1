"""One step on the page "BPE, merge by merge": with a run of 1,000 merges and of 10, on the same 195 kB of text."""

from __future__ import annotations

import random
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from find_chromium import find_chromium  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.bench.bench_app import _server, ours  # noqa: E402
from tests.bench.rows import Row  # noqa: E402

BOARD = ".gb-bpe_board"
SHORT, LONG = 10, 1_000
TURNS = 3

# From the key event until layout is done, and until the next but one frame, for steps between 0 and 5.
_STEPS = """
async (presses) => {
  const deep = (root) => root.querySelector('.gb-bpe_board') ?? [...root.querySelectorAll('*')].map((n) => n.shadowRoot && deep(n.shadowRoot)).find(Boolean);
  const board = deep(document), times = [];
  for (let i = 0; i < presses; i += 1) {
    const start = performance.now();
    window.dispatchEvent(new KeyboardEvent('keydown', { key: i % 10 < 5 ? 'ArrowRight' : 'ArrowLeft', bubbles: true }));
    board.getBoundingClientRect();
    times.push(performance.now() - start);
    await new Promise((r) => setTimeout(r, 400));
  }
  return times;
}
"""


def text() -> str:
    """195 kB of made-up words whose counts fall as in a natural text."""
    chance = random.Random(1)
    parts = [
        "ka",
        "lo",
        "mi",
        "ren",
        "st",
        "ing",
        "er",
        "bo",
        "tu",
        "wa",
        "del",
        "fra",
        "gu",
        "hy",
        "jo",
        "ne",
    ]
    words = ["".join(chance.choices(parts, k=chance.randint(1, 4))) for _ in range(6_000)]
    return " ".join(chance.choices(words, [1 / (i + 3) for i in range(6_000)], k=60_000))[:195_000]


def _steps(page: Page, num_merges: int) -> float:
    """Median milliseconds of a step in a run of that length."""
    box = page.locator('[class*="st-key-num_merges"] input').first
    if box.input_value() != str(num_merges):
        box.fill(str(num_merges))
        box.press("Enter")
    page.wait_for_selector(f'{BOARD}[data-last="{num_merges}"][data-step="0"]')
    page.locator(".gb-head h1").click()  # out of the box, so that the keys step
    page.wait_for_timeout(1_500)
    return statistics.median(page.evaluate(_STEPS, 20))


def measure() -> list[Row]:
    """The ratio, and the step itself."""
    with _server(ours, ROOT) as (port, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(120_000)
        page.goto(
            f"http://localhost:{port}/tokens-bpe?lang=en&bpe_source=tongue_twister_en&num_merges={SHORT}"
        )
        page.wait_for_selector(BOARD)
        page.locator(".st-key-bpe_paste button").click()
        page.locator(".st-key-bpe_typed textarea").fill(text())
        page.locator(".st-key-bpe_use button").click()
        page.wait_for_selector(f'{BOARD}[data-last="200"]')
        short, long = [], []
        for _ in range(TURNS):
            short.append(_steps(page, SHORT))
            long.append(_steps(page, LONG))
        browser.close()
    ratio = statistics.median(one / other for one, other in zip(long, short, strict=True))
    return [("one step in the page, 1,000 merges / 10 merges (195 kB text)", ratio, 1.5, "x")]
