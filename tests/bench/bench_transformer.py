"""Measurements of the block, of encoder and decoder, of the three ways and of the history.

Times of the browser are ratios within one run, both sides in alternation. ``OMP_NUM_THREADS=1``, as the app runs.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from find_chromium import find_chromium  # noqa: E402

from tests.bench import bench_app  # noqa: E402
from tests.bench.bench_inputs import WORDS, _open, _server, _took  # noqa: E402
from tests.bench.rows import Failed, Row, each, one, show  # noqa: E402

ROUNDS = 5
PAGES = {
    "transformer-block": ".gb-block_flow svg",
    "transformer-encoder_decoder": ".gb-encoder_decoder svg",
    "transformer-three_ways": ".gb-three_ways figure svg",
    "start-history": ".gb-history_scene svg",
}
"""Address -> what stands when the picture does."""
MASKING = ("bert-masking", ".gb-mask_lab .cards")
BARE = """
import html
import sys
import streamlit as st
sys.path.insert(0, {root!r})
from components.lm import checkpoints
text = st.text_input("text", "my dog is cute", key="text")
loaded = checkpoints.load("pocket-gpt", "attention")
loaded.forward(**loaded.tokenizer(text, return_tensors="pt"))
st.html(f'<p class="bare">{{html.escape(text)}}</p>')
"""


def _gradients() -> float:
    """CPU seconds for the gradients of every depth and both wirings."""
    import torch

    from components.lessons.transformer.norm_depth import TEXT
    from components.lm.transformer.norm_depth import DEPTHS, WIRINGS, gradients, sample_ids

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ids = sample_ids(TEXT.read_bytes())
        began = time.process_time()
        for layers in DEPTHS:
            for wiring in WIRINGS:
                gradients(layers, wiring, seed=1, ids=ids)
        return time.process_time() - began
    finally:
        torch.set_num_threads(threads)


def _curves() -> float:
    """CPU seconds for the gradients from k steps back, in both networks."""
    from components.lm.start.gradients import NETWORKS, Recurrence, gradient_back

    began = time.process_time()
    for network in NETWORKS:
        gradient_back(network, Recurrence(seed=1))
    return time.process_time() - began


def _cold(browser: Browser, address: str, ready: str) -> float:
    """Milliseconds from an address to its picture, for a reader who was never here."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.set_default_timeout(120_000)
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(ready)
    took = time.perf_counter() - began
    context.close()
    return 1000 * took


def _cold_rows(browser: Browser, url: str) -> list[Row]:
    found: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(ROUNDS + 1):
        for name, ready in PAGES.items():
            base = _cold(browser, f"{url}/{MASKING[0]}?lang=en", MASKING[1])
            found[name].append(_cold(browser, f"{url}/{name}?lang=en", ready) / base)
    return [
        (f"cold link to a standing picture, {name} / bert-masking", statistics.median(ratios[1:]), 1.3, "x")
        for name, ratios in found.items()
    ]


def _step_rows(browser: Browser, url: str) -> list[Row]:
    """Steps through the block with the network off, from the key to the frame that shows it."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(120_000)
    page.goto(f"{url}/transformer-block?lang=en")
    page.wait_for_selector(PAGES["transformer-block"])
    page.wait_for_timeout(1500)
    page.context.set_offline(True)
    took = page.evaluate(
        """async () => {
          const root = [...document.querySelectorAll('*')].map((n) => n.shadowRoot?.querySelector('.gb-block_flow')).find(Boolean), times = [];
          for (let i = 0; i < 6; i++) {
            const before = root.dataset.step, begin = performance.now();
            document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
            if (root.dataset.step === before) throw new Error('no step');
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            times.push(performance.now() - begin);
            await new Promise((done) => setTimeout(done, 120));
          }
          return times.sort((a, b) => a - b)[3];
        }"""
    )
    page.context.set_offline(False)
    page.close()
    return [("a step in the block picture, the network off", float(took), 100, "ms")]


def _sentence_rows(browser: Browser, url: str) -> list[Row]:
    """A new sentence on the block page, in the browser and, where that cannot load the weights, on the server; and a bare rerun."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(BARE.format(root=str(ROOT)), encoding="utf-8")
        with _server(script) as bare:
            size = {"width": 1366, "height": 768}
            page, other = browser.new_page(viewport=size), browser.new_page()  # type: ignore[arg-type]
            refused = browser.new_page(viewport=size)  # type: ignore[arg-type]
            refused.route("**/*.safetensors*", lambda route: route.abort())
            _open(page, f"{url}/transformer-block?lang=en", PAGES["transformer-block"])
            _open(refused, f"{url}/transformer-block?lang=en", PAGES["transformer-block"])
            _open(other, bare, ".bare")
            found: dict[str, list[float]] = {"browser": [], "server": [], "bare": []}
            for word in WORDS[:9]:
                found["browser"].append(_took(page, "Text", word, ".gb-block_flow"))
                found["server"].append(_took(refused, "Text", word, ".gb-block_flow"))
                found["bare"].append(_took(other, "text", word, ".bare"))
            for one in (page, refused, other):
                one.close()
    middle = {name: statistics.median(times[1:]) for name, times in found.items()}
    return [
        (
            "new sentence, block page, server way / one forward pass in a bare rerun",
            middle["server"] / middle["bare"],
            2,
            "x",
        ),
        ("new sentence, block page, in the browser / the same", middle["browser"] / middle["bare"], 2, "x"),
        ("new sentence, block page, in the browser", middle["browser"], 1000, "ms"),
    ]


def _weights() -> float:
    """Megabytes."""
    files = (ROOT / "assets" / "models" / "pocket-transformer").glob("*.safetensors")
    return sum(path.stat().st_size for path in files) / 1e6


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    yield from each(
        one("gradients by depth, four depths and both wirings", _gradients, 3, "CPU s"),
        one("gradients from k steps back, RNN and LSTM", _curves, 0.3, "CPU s"),
        one("weights of pocket-transformer", _weights, 4, "MB"),
    )
    path = find_chromium()
    if path is None:
        return
    with bench_app._server(bench_app.ours, ROOT) as (port, _), sync_playwright() as playwright:
        bench_app._warm(port)
        url = f"http://localhost:{port}"
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield from each(
            partial(_step_rows, browser, url), partial(_sentence_rows, browser, url), partial(_cold_rows, browser, url)
        )  # fmt: skip
        browser.close()


if __name__ == "__main__":
    show(measure())
