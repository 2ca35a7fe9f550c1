"""Measurements of BPE training with a full trace. Run it alone, or let ``make bench`` collect `measure`.

The text is 1 MB of invented English (``english_like``), or the file named by GLASSBOX_BENCH_TEXT. Every side of a
ratio begins with the text itself: cutting it into words and counting them is part of the time. The naive trainer
counts every pair of the word table again before every merge and keeps no trace. It is run once (about two
minutes). The two trainers that are compared closely are medians of several runs taken in alternation; rebuilding a
step is a median of five in processor time, and the slowest of 21 steps is reported.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.bench.rows import Row, show  # noqa: E402

SIZE = 1_000_000
MERGES = 1_000
ROUNDS = 5


def measure() -> list[Row]:
    """Rows of (name, value, target, unit); the value should be at most the target."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from components.lm.tokens.bpe import train_bpe
    from components.lm.tokens.words import count_words
    from tests.lm.tokens.bpe_reference import english_like, naive_merges

    named = os.environ.get("GLASSBOX_BENCH_TEXT")
    text = Path(named).read_text(encoding="utf-8", errors="ignore") if named else english_like(SIZE)
    text_bytes = len(text.encode())

    ours, library = _alternate(
        lambda: train_bpe(count_words(text, max_bytes=None), MERGES),
        lambda: _library_merges(text),
    )
    began = time.perf_counter()
    naive = naive_merges(dict(count_words(text, max_bytes=None).items()), MERGES)
    naive_time = time.perf_counter() - began

    table = count_words(text, max_bytes=None)
    trace = train_bpe(table, MERGES)
    if trace.merges != tuple(naive):
        raise AssertionError("the two trainers disagree")
    by_ids = train_bpe(table, MERGES, tie_rule="lowest_ids")
    if list(by_ids.merges) != _library_merges(text):
        raise AssertionError("ours and the library disagree")
    del by_ids, trace

    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    trace = train_bpe(table, MERGES)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    rebuilt = [
        _time(lambda moment=moment: (trace.word_symbols(moment), trace.log.pairs_at(moment)))
        for moment in _moments(trace.num_steps)
    ]
    what = f"BPE with full trace, {text_bytes / 1e6:.1f} MB, {trace.num_steps} merges"
    return [
        (f"{what} / naive recounting trainer ({naive_time:.0f} s)", ours / naive_time, 1 / 50, "x"),
        (f"{what} / Hugging Face BpeTrainer ({library:.2f} s)", ours / library, 10, "x"),
        (f"memory of that trace / text ({held / 1e6:.1f} MB)", held / text_bytes, 10, "x"),
        ("rebuilding all words and pair counts at a step, slowest of 21", max(rebuilt) * 1e3, 50, "ms"),
    ]


def _library_merges(text: str) -> list[tuple[str, str]]:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    # The same words as ours: letters, digits, marks and _ together; anything else together.
    words = Regex(r"[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*|[^\s\p{L}\p{N}_]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(words, behavior="removed", invert=True)
    size = len(set(itertools.chain.from_iterable(text.split()))) + MERGES
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False)
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    return [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]][:MERGES]


def _moments(last: int) -> list[int]:
    return [round(last * part / 20) for part in range(21)]


def _time(call: Callable[[], object]) -> float:
    """Median of five, in seconds of processor time: one thread's wall time on a machine with nothing else to do."""
    times = []
    for _ in range(5):
        began = time.thread_time()
        call()
        times.append(time.thread_time() - began)
    return statistics.median(times)


def _alternate(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for call, found in zip((one, other), times, strict=True):
            began = time.perf_counter()
            call()
            found.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    show(measure())
