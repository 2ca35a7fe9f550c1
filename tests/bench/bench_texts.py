"""Texts that nobody expects: how soon 20,000 characters are answered or refused, what 10,000 runs of odd texts leave in
memory, and how long links to the dice, to the pages after BERT and to those of GPT take beside one to the masked language model.

``measure(10)`` is a short run, to see that it works; the rows are those of 10,000 runs.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlencode

import psutil

from tests.bench import sessions
from tests.bench.bench_app import ROOT, Row, _server, _warm, find_chromium, ours
from tests.bench.rows import Failed, each, show
from tests.browser.views import PAGES, declared

RUNS = 10_000
LONG = 20_000
TEXTS = {
    "tokens-encode": ("encode_text",),
    "bert-inputs": ("in_a", "in_b"),
    "bert-contextual": ("word_sentences", "word"),
    "bert-attention": ("text", "second"),
    "bert-masking": ("mlm_text",),
    "bert-next_sentence": ("nsp_first", "nsp_second"),
    "transformer-masks": ("sentence",),
    "gpt-generation": ("prompt",),
}
"""Eight pages that compute for a reader's text, and the parameters that hold it."""
_PIECES = (
    "the", "wolf", "king", "[MASK]", "[SEP]", "<s>", "<script>", "안녕하세요", "숲에서", "👩‍👩‍👦", "שלום", "مرحبا", "\u200b", "é", "漢字",
    "0x1F", "=1+1", "…", "$x$", "*a*", "\\", "\n", "\x00", "", "ﬁ", "１２", "ｆｕｌｌ", "a" * 40, "Ж", "ไทย",
)  # fmt: skip


def odd_text(rng: random.Random) -> str:
    """Return a text of up to thirty pieces that stand together nowhere else."""
    return " ".join(rng.choice(_PIECES) for _ in range(rng.randrange(30))) + rng.choice(
        ("", f" {rng.random()}")
    )


def measure(runs: int = RUNS) -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit); the value should be at most the target."""
    with _server(ours, ROOT) as (port, pid):
        _warm(port)
        yield from each(
            partial(_cold_links, port), partial(_long_texts, port), partial(_memory, port, pid, runs)
        )


def _cold_links(port: int) -> list[Row]:
    """From a link in a new browser to the board: the dice, the pages after BERT, those of GPT and the masked language model in turn."""
    from playwright.sync_api import sync_playwright

    boards = {
        "bert-dice": ".gb-dice_board .col",
        "bert-albert": ".gb-albert_levers .stored",
        "bert-electra": ".gb-electra_flow .col",
        "bert-family": ".gb-family_board button",
        "gpt-decoding": ".gb-lane_race .lanes button",
        "gpt-in_context": ".gb-prompt_board .pair",
        "gpt-prompting": ".gb-wording_board .row",
        "gpt-scaling": ".gb-scaling_board .dot",
        "bert-masking": ".gb-mask_lab .chip",
    }
    seconds: dict[str, list[float]] = {name: [] for name in boards}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        for turn in range(6):
            for name, board in boards.items():
                context = browser.new_context(viewport={"width": 1366, "height": 768})
                page = context.new_page()
                page.goto(f"http://localhost:{port}/{name}?lang=en", timeout=120_000)
                page.wait_for_selector(board, timeout=120_000)
                if turn:  # the first fills the server's caches
                    seconds[name].append(page.evaluate("performance.now()") / 1000)
                context.close()
        browser.close()
    last = statistics.median(seconds.pop("bert-masking"))
    return [
        (f"a link opened cold until the board stands: {name} / bert-masking", statistics.median(found) / last, 1.3, "x")
        for name, found in seconds.items()
    ]  # fmt: skip


def _long_texts(port: int) -> list[Row]:
    """The slowest page, each text of a page alone: the reader has pasted it, and the page is open."""
    text = " ".join(["a", "small", "wolf", "and", "안녕하세요"] * (LONG // 20))[:LONG]
    slowest, errors = ("", 0.0), 0

    async def paste(session: sessions.Session, who: int, number: int) -> float:
        return await session.view(urlencode({"lang": "en", key: text}))

    for name in PAGES:
        page = name.replace("/", "-")
        for key in (p.key for p in declared(name) if getattr(p, "max_chars", 0) >= LONG):
            took, failed = sessions.together(port, page, "lang=en", 1, 1, paste)
            errors += len(failed)
            slowest = max(slowest, (f"{page} {key}", took), key=lambda one: one[1])
    return [
        (f"{LONG:,} characters on any page, answered or refused (slowest: {slowest[0]})", slowest[1], 2, "s"),
        ("errors in that", errors, 0, ""),
    ]


def _memory(port: int, pid: int, runs: int) -> list[Row]:
    """Eight readers, one a page, with texts that are never the same twice."""
    rng = random.Random(0)
    process = psutil.Process(pid)

    def read(page: str, keys: tuple[str, ...], number: int) -> int:
        async def ask(session: sessions.Session, who: int, round_: int) -> float:
            return await session.view(urlencode({"lang": "en"} | {key: odd_text(rng) for key in keys}))

        return len(sessions.together(port, page, "lang=en", 1, number, ask)[1])

    def some(number: int) -> int:
        with ThreadPoolExecutor(len(TEXTS)) as readers:
            return sum(readers.map(lambda one: read(*one, number), TEXTS.items()))

    failed = some(2)  # every page open once, every model loaded
    before = process.memory_info().rss
    failed += some(max(1, runs // 2 // len(TEXTS)))
    half = process.memory_info().rss
    failed += some(max(1, runs // 2 // len(TEXTS)))
    after = process.memory_info().rss
    return [
        (f"memory of a warm server after {runs:,} runs of odd texts / before", after / before, 1.6, "x"),
        ("the same after all of them / after half", after / half, 1.05, "x"),
        ("errors in those runs", failed, 0, ""),
    ]


if __name__ == "__main__":
    show(measure())
