"""Does a skill come with size, and at once? The model of ``word_codes`` at several widths, two seeds each.

``python -m components.pretraining jump-study`` needs no corpus and writes one line a run. The same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from components.lm.gpt.in_context import measure, reader_of
from components.lm.gpt.scaling import JumpRun, load_jumps
from components.lm.gpt.word_codes import fresh_prompts
from components.lm.training.word_codes import Settings, Trainer

WIDTHS = (8, 16, 24, 32, 48, 64, 96)
SEEDS = (0, 1)
TOKENS = 1_000_000
PROMPTS, PROMPT_SEED = 200, 10
LAST_STEPS = 50
"""Steps at the end whose losses are averaged."""


def train_one(width: int, seed: int, tokens: int = TOKENS) -> JumpRun:
    """Train one model to the end of its budget and ask it fresh prompts of both kinds."""
    trainer = Trainer(Settings(seed=seed, total_tokens=tokens, width=width))
    losses, begun = [], time.process_time()
    while not trainer.finished:
        losses.append(trainer.take_step())
    seconds = time.process_time() - begun
    reader = reader_of(trainer.weights, trainer.settings.num_heads)
    new, known = (measure(reader, fresh_prompts(kind, PROMPT_SEED, PROMPTS)) for kind in ("new", "known"))
    return JumpRun(
        width=width,
        seed=seed,
        tokens=trainer.tokens,
        parameters=sum(
            value.numel()
            for name, value in trainer.weights.items()
            if ".wte." not in name and ".wpe." not in name
        ),
        loss=round(float(np.mean(losses[-LAST_STEPS:])), 4),
        new_shown=round(new.shown, 4),
        new_unseen=round(new.unseen, 4),
        known_unseen=round(known.unseen, 4),
        cpu_seconds=round(seconds, 1),
    )


def add_step(steps: Any, repository: Path) -> None:
    """Register ``jump-study`` with the program."""
    parser = steps.add_parser("jump-study", help="the model that reads codes, at several widths")
    parser.add_argument("--width", type=int, action="append", help=f"only this width; may be given several times ({' '.join(map(str, WIDTHS))})")  # fmt: skip
    parser.add_argument("--seed", type=int, action="append", help=f"only this seed ({' '.join(map(str, SEEDS))})")  # fmt: skip
    parser.add_argument("--out", type=Path, default=repository / "assets" / "facts" / "jump_study.csv")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    torch.set_num_threads(1)
    runs = {(run.width, run.seed): run for run in load_jumps(options.out)}
    for seed in options.seed or SEEDS:
        for width in options.width or WIDTHS:
            if (width, seed) in runs:
                continue
            run = runs[width, seed] = train_one(width, seed)
            print(f"width {width}, seed {seed}: shown {run.new_shown:.2f}, loss {run.loss:.2f}, {run.cpu_seconds:.0f} CPU s", flush=True)  # fmt: skip
            options.out.parent.mkdir(parents=True, exist_ok=True)
            with options.out.open("w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, [field.name for field in fields(JumpRun)], lineterminator="\n")
                table.writeheader()
                table.writerows(asdict(runs[key]) for key in sorted(runs))
    return 0
