"""Training curves of narrow GPTs with LayerNorm before or after each part, at several depths, with and without warm-up.

After Xiong et al. 2020, figure 2 and section 3: does a post-LN model need warm-up, and does it leave the level of word frequencies at
all? One seed, one rate, few steps: what comes out is what the page shows.
"""

import argparse
import json
import resource
from pathlib import Path
from typing import Any

import numpy as np
import torch

from components.lm.transformer.norm_depth import LENGTH, NarrowModel, Wiring

DEPTHS = (6, 12, 24)
EVERY = 20
"""Steps whose losses are averaged to one point of a curve."""


def train_curve(
    rows: torch.Tensor,
    num_layers: int,
    wiring: Wiring,
    *,
    vocab_size: int,
    rate: float,
    warmup: int,
    seed: int,
) -> list[float]:
    """Train on ``rows`` (steps, rows, positions + 1), a batch a step, with Adam as in Vaswani et al. 2017, 5.3 (beta2 0.98).

    The rate grows evenly over ``warmup`` steps and stays. Returns the mean loss in nats of every ``EVERY`` steps, measured before
    each step on text not seen yet.
    """
    model = NarrowModel(num_layers, wiring, vocab_size=vocab_size, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), rate, betas=(0.9, 0.98))
    losses = []
    for step, batch in enumerate(rows):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / warmup) if warmup else rate
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [round(float(np.mean(losses[i : i + EVERY])), 4) for i in range(0, len(losses), EVERY)]


def unigram_loss(tokens: Any, rows: torch.Tensor, vocab_size: int) -> float:
    """Loss in nats on the targets of ``rows`` of who knows only how frequent each token is in the whole text."""
    counts = np.bincount(np.asarray(tokens, np.int64), minlength=vocab_size) + 1
    return float(-np.log(counts / counts.sum())[rows[..., 1:].numpy()].mean())


def add_step(steps: Any, repository: Path) -> None:
    """Register ``norm-study`` with the program."""
    parser = steps.add_parser(
        "norm-study",
        help="record how narrow models train with LayerNorm before or after each part",
        description="One curve at a time is trained and written; the same command again goes on where it stopped.",
    )
    parser.add_argument("--steps", type=int, default=600, help="of each curve (%(default)s)")
    parser.add_argument(
        "--batch-rows", type=int, default=8, help=f"rows of {LENGTH} tokens a step (%(default)s)"
    )
    parser.add_argument(
        "--warmup", type=int, default=200, help="steps of warm-up, where there is one (%(default)s)"
    )
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=repository / "assets" / "traces" / "transformer" / "norm_depth.json"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from components.pretraining.packing import PackedDocuments, gpt_epoch

    torch.set_num_threads(1)
    vocab_size = 2048
    packed = PackedDocuments.load(options.work / "packed" / f"gpt-{vocab_size}" / "train.npz")
    drawn = gpt_epoch(packed, LENGTH, np.random.default_rng(options.seed))[
        : options.steps * options.batch_rows
    ]
    rows = torch.from_numpy(drawn).view(options.steps, options.batch_rows, LENGTH + 1)
    settings = {"steps": options.steps, "tokens_a_step": options.batch_rows * LENGTH, "warmup": options.warmup, "rate": options.rate, "seed": options.seed, "every": EVERY, "vocab_size": vocab_size}  # fmt: skip
    study: dict[str, Any] = {"settings": settings, "unigram": round(unigram_loss(packed.tokens, rows, vocab_size), 4), "curves": []}  # fmt: skip
    if options.out.exists() and (before := json.loads(options.out.read_text()))["settings"] == settings:
        study = before
    done = {(curve["layers"], curve["wiring"], curve["warmup"]) for curve in study["curves"]}
    for layers in DEPTHS:
        for wiring, warmup in (("post", 0), ("post", options.warmup), ("pre", 0)):
            if (layers, wiring, warmup) in done:
                continue
            before_seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime
            losses = train_curve(rows, layers, wiring, vocab_size=vocab_size, rate=options.rate, warmup=warmup, seed=options.seed)  # type: ignore[arg-type]  # fmt: skip
            seconds = round(resource.getrusage(resource.RUSAGE_SELF).ru_utime - before_seconds, 1)
            study["curves"].append({"layers": layers, "wiring": wiring, "warmup": warmup, "cpu_seconds": seconds, "loss": losses})  # fmt: skip
            options.out.write_text(json.dumps(study) + "\n")
            print(f"{layers} layers, {wiring}-LN, warm-up {warmup}: {losses[-1]:.2f} at the end, {seconds} CPU s", flush=True)  # fmt: skip
    return 0
