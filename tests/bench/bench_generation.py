"""Measurements of the engine behind the writing page. Run it alone, or let ``make bench`` collect `measure`.

Every row is a ratio of medians from one process, both sides measured in alternation, so that a busy machine slows
both. One torch thread, as the app runs. "Bare" is the shortest loop that ``transformers``
allows: the model is called with its own cache and the highest logit is taken.

Models: pocket-gpt (the bundled one, or the folder in GLASSBOX_BENCH_GPT) and a GPT-2 small of random weights. If
there is no pocket-gpt, a random model of its size takes its place and the row says so; times do not depend on weights.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.bench.rows import Failed, Row, each, show  # noqa: E402

READERS = 30


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit); the value should be at most the target."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from each(_pocket_rows, _small_rows)
    finally:
        torch.set_num_threads(threads)


def _pocket_rows() -> Iterator[Row]:
    pocket, name = _pocket_gpt()
    ratio = _stepping_ratio(pocket, 30, rounds=21)
    yield (f"time per token, our stepping / bare loop, {name}", ratio, 1.5, "x")
    yield from _readers_at_once(pocket, name)


def _small_rows() -> Iterator[Row]:
    small = _gpt2_small()
    ratio = _stepping_ratio(small, 12, rounds=5)
    yield ("time per token, our stepping / bare loop, GPT-2 small", ratio, 1.2, "x")
    yield ("time per token at 900 tokens / at 10, GPT-2 small", _context_ratio(small), 2.5, "x")


def _load(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    ).eval()


def _pocket_gpt() -> tuple[Any, str]:
    for folder in (os.environ.get("GLASSBOX_BENCH_GPT"), ROOT / "assets" / "models" / "pocket-gpt"):
        if folder and (Path(folder) / "config.json").exists():
            return _load(Path(folder)), "pocket-gpt"
    return _random_gpt(
        vocab_size=4096, n_positions=256, n_embd=192, n_layer=6, n_head=6
    ), "random weights, pocket size"


def _gpt2_small() -> Any:
    return _random_gpt()  # the defaults of GPT2Config are GPT-2 small


def _random_gpt(**sizes: int) -> Any:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(attn_implementation="eager", **sizes)).eval()


def _tokenizer_of(model: Any) -> Any:
    """A byte-level tokenizer with a token for every id of the model: what a token is called takes time too."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    from components.lm.tokens.token_text import BYTE_SPELLING

    vocab = {character: byte for byte, character in BYTE_SPELLING.items()}
    letters = list(vocab)
    for token_id in range(len(vocab), model.config.vocab_size):
        vocab[letters[65] + "".join(letters[48 + int(digit)] for digit in str(token_id))] = token_id
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def _ids(model: Any, length: int, seed: int = 0) -> list[int]:
    import numpy as np

    return np.random.default_rng(seed).integers(1, model.config.vocab_size, length).tolist()


def _bare_seconds(model: Any, ids: list[int], count: int) -> list[float]:
    """Seconds of each token of the shortest possible loop."""
    import torch

    seconds = []
    with torch.inference_mode():
        output = model(torch.tensor([ids]), use_cache=True, logits_to_keep=1)
        for _ in range(count):
            began = time.perf_counter()
            token = output.logits[:, -1].argmax(-1, keepdim=True)
            output = model(token, past_key_values=output.past_key_values, use_cache=True)
            seconds.append(time.perf_counter() - began)
    return seconds


def _our_seconds(model: Any, tokenizer: Any, ids: list[int], count: int) -> list[float]:
    """Seconds of each token through `continue_text`: sampling, the 20 candidates, all numbers of the step."""
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.generation import continue_text
    from components.lm.gpt.kv_cache import engine_for

    engine_for(model).forget()
    settings = SamplingSettings(temperature=0.8, top_k=50, top_p=0.95, seed=1)
    writing = continue_text(
        model, tokenizer, ids, settings, max_new_tokens=count + 1, stop_at_end_of_text=False
    )
    next(writing)  # reads the prompt
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        next(writing)
        seconds.append(time.perf_counter() - began)
    return seconds


def _stepping_ratio(model: Any, count: int, *, rounds: int) -> float:
    tokenizer = _tokenizer_of(model)
    ids = _ids(model, 10)
    _bare_seconds(model, ids, 3)
    _our_seconds(model, tokenizer, ids, 3)
    ratios = []
    for _ in range(rounds):  # short rounds in alternation: what else runs on the machine meets both
        bare = statistics.median(_bare_seconds(model, ids, count))
        ratios.append(statistics.median(_our_seconds(model, tokenizer, ids, count)) / bare)
    return statistics.median(ratios)


def _context_ratio(model: Any, count: int = 8, rounds: int = 3) -> float:
    tokenizer = _tokenizer_of(model)
    ratios = []
    for _ in range(rounds):
        short = statistics.median(_our_seconds(model, tokenizer, _ids(model, 10), count))
        ratios.append(statistics.median(_our_seconds(model, tokenizer, _ids(model, 900), count)) / short)
    return statistics.median(ratios)


def _readers_at_once(model: Any, name: str, rounds: int = 9) -> list[Row]:
    """30 readers press "next" on texts of their own at the same moment; seconds until each has the token."""
    rows: list[Row] = []
    tokenizer = _tokenizer_of(model)
    for length in (20, 200):
        alone: list[float] = []
        at_once: list[float] = []
        for round_ in range(rounds):
            texts = [_ids(model, length, seed=1000 * round_ + reader) for reader in range(READERS + 1)]
            alone_seconds, seconds, errors = _one_round(model, tokenizer, texts)
            if errors:
                raise RuntimeError(f"{len(errors)} of {READERS} readers met an error: {errors[0]!r}")
            alone.append(alone_seconds)
            at_once.append(statistics.median(seconds))
        ratio = statistics.median(at_once) / statistics.median(alone)
        rows.append((f"{READERS} readers at once / 1, text of {length} tokens, {name}", ratio, 15.0, "x"))
    return rows


def _one_round(
    model: Any, tokenizer: Any, texts: list[list[int]]
) -> tuple[float, list[float], list[Exception]]:
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.generation import continue_text
    from components.lm.gpt.kv_cache import engine_for

    engine_for(model).forget()
    writings = [
        continue_text(model, tokenizer, ids, SamplingSettings(seed=i), stop_at_end_of_text=False)
        for i, ids in enumerate(texts)
    ]
    for writing in writings:
        next(writing)
    began = time.perf_counter()
    next(writings[-1])
    alone = time.perf_counter() - began

    seconds = [0.0] * READERS
    errors: list[Exception] = []
    begin = threading.Barrier(READERS)

    def reader(index: int) -> None:
        begin.wait()
        began = time.perf_counter()
        try:
            next(writings[index])
        except Exception as error:
            errors.append(error)
        seconds[index] = time.perf_counter() - began

    threads = [threading.Thread(target=reader, args=(i,)) for i in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return alone, seconds, errors


if __name__ == "__main__":
    show(measure())
