"""A scaling law of our own: GPTs of several widths, each trained on several budgets with one recipe.

``python -m components.pretraining scaling-study`` writes one CSV with a line a run. The same command again goes on where it stopped;
``--width``, ``--tokens`` and ``--seed`` make single runs.

The rate rises over a fixed number of tokens, stays, and falls over the last part of each budget (Hu et al. 2024,
https://arxiv.org/abs/2404.06395, section 4). Until its fall begins a run of a small budget is the same, number by number, as the run of a
large one, so the budgets of a width share that part: each branches off where its own fall begins. ``cpu_seconds`` is what the run takes alone.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from components.lm.gpt.frontier import CachedFrontier
from components.lm.gpt.scaling import ScalingRun, load_runs, save_runs
from components.lm.gpt.strategies import Lane, write
from components.pretraining.architectures import Size, build_model
from components.pretraining.decoding_study import Endless
from components.pretraining.optimizers import ADAMW_RATE, MUON_RATE, build_optimizers, set_rate
from components.pretraining.packing import PackedDocuments, gpt_epoch, once
from components.pretraining.training import (
    Data,
    Learner,
    Machine,
    RunSettings,
    TrainingError,
    count_tokens,
    save_whole,
)

WIDTHS = (16, 32, 64, 128, 256)
BUDGETS = tuple(2**power for power in (16, 17, 18, 19, 20, 21))
LONGER = {16: 2**22, 32: 2**22, 64: 2**22}
"""One budget more of narrow widths (first seed), so that the best size for a cost has neighbours on both sides."""
SEEDS = {16: 3, 32: 3, 64: 3}
"""Seeds of a width; one where it is not named."""
LAYERS, CONTEXT, VOCAB_SIZE = 4, 128, 2048
BATCH_TOKENS, WARMUP_TOKENS, DECAY_SHARE = 2048, 2**15, 0.35
PROMPTS = ("Once upon a time", "The little bear was afraid of")
LANE, TEXT_TOKENS = Lane("top_p", 0.9), 40
HELD_OUT_ROWS = 512


def planned(width: int, seed: int) -> list[int]:
    """The budgets of a width and seed in the whole study."""
    return [*BUDGETS, *([LONGER[width]] if seed == 0 and width in LONGER else [])]


def settings_of(width: int, tokens: int, seed: int) -> RunSettings:
    """The recipe: everything but width, budget and seed is the same in every run."""
    heads = max(1, width // 32)
    size = Size(f"width-{width}", LAYERS, heads, width, VOCAB_SIZE, CONTEXT, CONTEXT)
    return RunSettings(
        "gpt", size, tokens, WARMUP_TOKENS, DECAY_SHARE, BATCH_TOKENS, {CONTEXT: 1.0}, seed=seed
    )


def held_out_rows(packed: PackedDocuments) -> torch.Tensor:
    """Rows (at most 512, 129) of held-out text, the same for every run."""
    return torch.from_numpy(gpt_epoch(once(packed), CONTEXT, np.random.default_rng(0))[:HELD_OUT_ROWS])


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """(without, only) the embeddings of tokens and positions; the output layer is the token embedding."""
    named = dict(model.named_parameters())
    embedding = sum(p.numel() for name, p in named.items() if ".wte." in name or ".wpe." in name)
    return sum(p.numel() for p in named.values()) - embedding, embedding


@dataclass
class Trunk:
    """A run at its full rate, from which the budgets of its width branch off."""

    settings: RunSettings
    learner: Learner
    optimizers: list[torch.optim.Optimizer]
    data: Data
    step: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0
    used: dict[int, int] | None = None

    @classmethod
    def begin(cls, settings: RunSettings, packed: PackedDocuments, machine: Machine) -> Trunk:
        """An untrained model."""
        learner = Learner(settings, machine)
        optimizers = build_optimizers(learner.model, settings.kind, bf16=machine.bf16)
        return cls(settings, learner, optimizers, Data(settings, packed), used={})

    def state(self) -> dict[str, Any]:
        """Everything that training changes, as a copy."""
        optimizers = [optimizer.state_dict() for optimizer in self.optimizers]
        return copy.deepcopy(
            {"model": self.learner.model.state_dict(), "optimizers": optimizers, "step": self.step}
            | {"tokens": self.tokens, "cpu_seconds": self.cpu_seconds, "used": self.used}
        )

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what ``state`` returned."""
        state = copy.deepcopy(state)
        self.learner.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.tokens, self.used = state["step"], state["tokens"], state["used"]
        self.cpu_seconds = state["cpu_seconds"]

    def train(self, until: int, factor: Callable[[int], float]) -> None:
        """Steps until ``until`` tokens were read; ``factor`` of the rate by the tokens before a step."""
        assert self.used is not None
        begun = time.process_time()
        while self.tokens < until:
            batch = self.data.batch(self.step, self.used, self.tokens)
            set_rate(self.optimizers, factor(self.tokens))
            self.learner.losses(batch)["loss"].backward()
            nn.utils.clip_grad_norm_(self.learner.model.parameters(), 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            self.step += 1
            self.tokens += count_tokens(batch)
        self.cpu_seconds += time.process_time() - begun


def train_budgets(
    width: int,
    budgets: Sequence[int],
    seed: int,
    packed: PackedDocuments,
    machine: Machine,
    done: Callable[[Trunk], None],
    folder: Path | None = None,
) -> None:
    """Train ``budgets`` of one width, smallest first; ``done`` gets the finished model of each.

    ``folder``: the trunk is kept there, and training goes on from it when it fits."""
    trunk = Trunk.begin(settings_of(width, max(budgets), seed), packed, machine)
    path = folder / f"width-{width}-seed-{seed}.pt" if folder else None
    saved = torch.load(path, weights_only=True) if path and path.exists() else None
    for budget in sorted(budgets):
        schedule = settings_of(width, budget, seed).schedule
        if saved and trunk.tokens < saved["tokens"] <= schedule.decay_start + BATCH_TOKENS:
            trunk.load(saved)
        # Up to and with the first step that is still at the full rate.
        branch = schedule.decay_start - schedule.decay_start % BATCH_TOKENS
        trunk.train(branch, schedule.factor)
        state = trunk.state()
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_whole(state, path)
        trunk.train(budget, schedule.factor)
        done(trunk)
        trunk.load(state)


def measured(trunk: Trunk, held_out: torch.Tensor, tokenizer: Any) -> tuple[float, str]:
    """(held-out loss in nats per token, the texts) of a plain float32 copy in ``transformers``."""
    s = trunk.settings
    model: Any = build_model("gpt", s.size, 0)
    model.load_state_dict(trunk.learner.model.state_dict())
    model.eval()
    total = 0.0
    with torch.inference_mode():
        for rows in held_out.split(32):
            logits = model(rows[:, :-1]).logits
            total += nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="sum").item()  # fmt: skip
    frontier = Endless(CachedFrontier(model), [0])
    prompts = [tokenizer.encode(prompt).ids for prompt in PROMPTS]
    texts = [tokenizer.decode([*ids, *write(frontier, ids, LANE, TEXT_TOKENS, seed=1)]) for ids in prompts]
    return total / held_out[:, 1:].numel(), "\t".join(" ".join(text.split()) for text in texts)


def study(
    work: Path,
    out: Path,
    widths: Sequence[int],
    budgets: Sequence[int] | None,
    seeds: Sequence[int] | None,
    machine: Machine,
    tokenizer: Any,
) -> int:
    """Train what ``out`` does not hold yet, narrow models first; returns the number of new lines. ``budgets`` and ``seeds``: those of the plan where None."""
    packed = once(PackedDocuments.load(work / "packed" / f"gpt-{VOCAB_SIZE}" / "train.npz"))
    held_out = held_out_rows(PackedDocuments.load(work / "packed" / f"gpt-{VOCAB_SIZE}" / "held_out.npz"))
    most = max(budgets) if budgets else max(budget for width in widths for budget in planned(width, 0))
    if packed.epoch_tokens < most:
        raise TrainingError(f"the text has {packed.epoch_tokens:,} tokens, fewer than the largest budget of {most:,}")  # fmt: skip
    torch.set_num_threads(1)
    runs = {run.key: run for run in load_runs(out)}
    before = len(runs)
    for width in widths:
        for seed in range(SEEDS.get(width, 1)) if seeds is None else seeds:
            wanted = planned(width, seed) if budgets is None else budgets
            missing = [budget for budget in wanted if (width, budget, seed) not in runs]
            if not missing:
                continue

            def done(trunk: Trunk) -> None:
                s = trunk.settings
                size, embedding = count_parameters(trunk.learner.model)
                loss, texts = measured(trunk, held_out, tokenizer)
                run = ScalingRun(
                    width=s.size.hidden_size,
                    layers=LAYERS,
                    heads=s.size.num_heads,
                    context=CONTEXT,
                    vocab_size=VOCAB_SIZE,
                    seed=s.seed,
                    tokens=trunk.tokens,
                    steps=trunk.step,
                    batch_tokens=BATCH_TOKENS,
                    warmup_tokens=WARMUP_TOKENS,
                    decay_share=DECAY_SHARE,
                    muon_rate=MUON_RATE["gpt"],
                    adamw_rate=ADAMW_RATE["gpt"],
                    parameters=size,
                    embedding_parameters=embedding,
                    flops=6.0 * size * trunk.tokens,
                    cpu_seconds=round(trunk.cpu_seconds, 1),
                    loss=round(loss, 4),
                    texts=texts,
                    machine=machine.describe(),
                )
                runs[run.key] = run
                save_runs(list(runs.values()), out)
                print(f"{len(runs)}: width {run.width}, seed {run.seed}, {run.tokens:,} tokens: {run.loss:.3f} nats, {run.cpu_seconds:.0f} CPU s", flush=True)  # fmt: skip

            train_budgets(width, missing, seed, packed, machine, done, work / "scaling-study")
    return len(runs) - before


def add_step(steps: Any, repository: Path) -> None:
    """Register ``scaling-study`` with the program."""
    parser = steps.add_parser(
        "scaling-study",
        help="a scaling law of our own: GPTs of several widths and budgets, one line each",
        description="Train every run that the CSV does not hold yet. The same command again goes on where it stopped.",
    )
    parser.add_argument("--width", type=int, action="append", help=f"only this width; may be given several times ({' '.join(map(str, WIDTHS))})")  # fmt: skip
    parser.add_argument("--tokens", type=float, action="append", help=f"only this budget; may be given several times ({' '.join(map(str, BUDGETS))})")  # fmt: skip
    parser.add_argument("--seed", type=int, action="append", help="only this seed; may be given several times (0; of the narrow widths 0 1 2)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=repository / "assets" / "facts" / "scaling_study.csv")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from tokenizers import Tokenizer

    machine = replace(Machine.choose("cpu", threads=1), compiled=False)
    made = study(
        options.work,
        options.out,
        options.width or WIDTHS,
        [int(tokens) for tokens in options.tokens] if options.tokens else None,
        options.seed,
        machine,
        Tokenizer.from_file(str(options.work / "tokenizers" / f"gpt-{VOCAB_SIZE}.json")),
    )
    print(f"{options.out}: {made} new runs")
    return 0
