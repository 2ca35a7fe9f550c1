"""Choosing a text in the browser beside ``generate`` of transformers, and what the model that reads its prompt reaches.

Seconds are those of the processor, of the one thread that works, on both sides: what else the machine does is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.bench.bench_engine import IDS, MODELS, _ratio
from tests.bench.bench_generation import Row, _load
from tests.bench.rows import Failed, each
from tests.browser.engine.files import file_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETUP = """async () => {
  const models = await import("/elements/lib/engine/models.js"), { kernel } = await import("/elements/lib/engine/memory.js");
  const get = (file) => fetch(`/models/pocket-gpt/${file}`);
  window.gpt = await models.build(await (await get("config.json")).json(), null, await (await get("model.safetensors")).arrayBuffer(), await kernel());
  window.read = models.read;
  window.write = (await import("/elements/lib/engine/strategies.js")).write;
}"""
LANES = """([prompt, lanes, most]) => {
  const written = lanes.map((lane) => write(gpt, read, prompt, lane, most, 3).ids.length);
  if (written.some((n) => n !== most)) throw new Error(written.join());
}"""
PROMPT = IDS[:40]
EIGHT = (
    ("greedy", 0),
    ("temperature", 0.7),
    ("top_k", 40),
    ("top_p", 0.9),
    ("typical", 0.5),
    ("min_p", 0.05),
    ("beam", 4),
    ("contrastive", 0.6),
)
PROMPTS = 200
ROUNDS = 9


class Thread:
    """The thread of a page, and what it takes."""

    def __init__(self, page: Page) -> None:
        self._page, self._cdp = page, page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def _taken(self) -> float:
        found = self._cdp.send("Performance.getMetrics")["metrics"]
        return next(float(metric["value"]) for metric in found if metric["name"] == "ThreadTime")

    def seconds(self, lanes: list[dict[str, Any]], most: int) -> float:
        """Write ``most`` tokens in each lane and return the CPU seconds that this took."""
        before = self._taken()
        self._page.evaluate(LANES, [PROMPT, lanes, most])
        return self._taken() - before


def _lanes() -> list[Row]:
    import torch
    from playwright.sync_api import sync_playwright

    from tests.browser.find_chromium import find_chromium

    gpt: Any = _load(MODELS / "pocket-gpt")
    eight = [{"strategy": strategy, "value": value} for strategy, value in EIGHT]
    given = {"input_ids": torch.tensor([PROMPT]), "attention_mask": torch.ones(1, len(PROMPT), dtype=torch.long)}  # fmt: skip

    def generate() -> float:
        with torch.inference_mode():
            began = time.thread_time()
            gpt.generate(**given, do_sample=False, max_new_tokens=40, min_new_tokens=40, pad_token_id=0)
            return time.thread_time() - began

    with file_server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url)
        page.evaluate(SETUP)
        thread = Thread(page)
        step = min(thread.seconds(eight, 40) / 40 for _ in range(ROUNDS))
        ratio = _ratio(lambda: thread.seconds(eight[:1], 40), generate, ROUNDS)
        beam = min(thread.seconds([{"strategy": "beam", "value": 8}], 40) for _ in range(ROUNDS))
        browser.close()
    return [
        ("eight lanes, one token each, pocket-gpt in the browser", 1000 * step, 100, "ms"),
        ("greedy lane in the browser / generate, a token", ratio, 1.0, "x"),
        ("a beam of 8 over 40 tokens, with its tree, in the browser", beam, 2.0, "s"),
    ]


def _read_from_the_prompt() -> list[Row]:
    from components.lm.gpt import in_context as lm
    from components.lm.gpt.word_codes import fresh_prompts

    runs = lm.recorded()["runs"]
    reader = lm.load_moment(len(lm.recorded()["moments"]) - 1)
    matching = [(int(name[0]), int(name[2])) for name in runs[0]["matching"]]
    new, known = (fresh_prompts(kind, 4, PROMPTS) for kind in ("new", "known"))
    whole, cut = (lm.measure(reader, new, off) for off in ([], matching))
    two = lm.measure(reader, known)
    jumped = sum(run["jump_tokens"] is not None for run in runs)
    return [
        ("a new code, word shown: answers right", whole.shown, 0.99, "+"),
        ("a new code, word not shown", whole.unseen, 0.06, ""),
        ("a new code, word shown, matching heads off", cut.shown, 0.05, ""),
        ("a known dictionary, word not shown, two shown", two.unseen_right[2] / two.unseen_total[2], 0.97, "+"),
        ("a known dictionary, word not shown, matching heads off", lm.measure(reader, known, matching).unseen, 0.9, "+"),
        ("making the model, CPU time (recorded)", runs[0]["seconds"], 240, "s"),
        (f"seeds of {len(runs)} in which the ability appears (recorded)", jumped, len(runs), "+"),
    ]  # fmt: skip


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from each(_lanes, _read_from_the_prompt)
    finally:
        torch.set_num_threads(threads)
