"""Measurements of pre-training: tokens per second of one thread, and beside plain transformers, step by step in turns.

Time is the processor time of the thread, so that other work on the machine does not count. The tokens are random (times do
not depend on them).
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.bench.rows import Row, show  # noqa: E402

ROWS, LENGTH = 16, 256
STEPS = 8


def measure() -> list[Row]:
    """Rows of (name, value, target, unit)."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return _gpt()
    finally:
        torch.set_num_threads(threads)


def _gpt() -> list[Row]:
    import numpy as np
    import torch

    from components.pretraining.architectures import SIZES, build_model
    from components.pretraining.optimizers import build_optimizers
    from components.pretraining.training import Learner, Machine, RunSettings

    machine = Machine.choose("cpu", threads=1)
    settings = RunSettings(
        "gpt", SIZES["pocket"], 10**6, 1, batch_tokens=ROWS * LENGTH, lengths={LENGTH: 1.0}
    )
    learner = Learner(settings, machine)
    plain: Any = build_model("gpt", SIZES["pocket"], 0)
    rng = np.random.default_rng(0)
    ours_with = build_optimizers(learner.model, "gpt", 0.0, machine.bf16)
    plain_with = build_optimizers(plain, "gpt", 0.0, machine.bf16)
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for step in range(STEPS + 2):  # the first two compile and allocate
        rows = rng.integers(0, SIZES["pocket"].vocab_size, (ROWS, LENGTH + 1))
        for name, optimizers in (("ours", ours_with), ("plain", plain_with)):
            started = time.thread_time()
            if name == "ours":
                loss = learner.losses({"rows": rows})["loss"]
            else:
                ids = torch.from_numpy(rows)
                with torch.autocast("cpu", torch.bfloat16, enabled=machine.bf16):
                    logits = plain(input_ids=ids[:, :-1]).logits
                loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            if step >= 2:
                seconds[name].append(time.thread_time() - started)
    ours, other = (statistics.median(seconds[name]) for name in ("ours", "plain"))
    return [
        (f"pre-training pocket-gpt: tokens per second of one thread ({machine.describe()})", ROWS * LENGTH / ours, 3000, "/s+"),
        ("pre-training pocket-gpt: of what transformers does under the same autocast", other / ours, 1.5, "x+"),
    ]  # fmt: skip


if __name__ == "__main__":
    show(measure())
