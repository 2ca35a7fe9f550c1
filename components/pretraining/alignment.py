"""The recorded runs of the page on rewards: ``python -m components.pretraining reward``.

Every finished run is kept in the working folder under the weights it began from, so the same command goes on where it stopped and a
new model makes new runs. The result is ``assets/traces/alignment/reward.json``; what other models or rewards have there stays.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from components.lm import checkpoints
from components.lm.alignment import best_of_n, reinforce, rewards
from components.lm.alignment.judge import Judge, judge_of
from components.lm.alignment.reinforce import RewardSetting
from components.pretraining.fine_tuning import begin, write

NEVER = {"nano-gpt": "robot", "pocket-gpt": "penguin"}
"""A word that no text of these models says in the draws of the three seeds."""


CLICKED = "assets/traces/alignment/preferences.json"
"""Whose recorded presses the judge learns from."""


def rewards_of(model: str, presses: str) -> dict[str, tuple[rewards.Kind, str]]:
    """Return what is paid for in the recorded runs of a model, by the name the page has for it."""
    return {
        "happy": ("happy", ""),
        "short": ("short", ""),
        "dog": ("word", "dog"),
        "never": ("word", NEVER.get(model, "penguin")),
        "clicks": ("clicks", presses),
    }


def nothing_paid(run: Mapping[str, Any]) -> bool:
    """Whether no text of a run was paid anything, in a step or a measurement.

    Then no text was better than another and nothing moved: with every other β the same seed makes the same run.
    """
    steps = [reward for reward, _ in run["batch"]]
    return not any((*run["reward"], *run["kl"], *steps))


def add_step(steps: Any, repository: Path) -> None:
    """Register ``reward`` with the program."""
    parser = steps.add_parser(
        "reward",
        help="make the recorded runs of a model that is paid for its texts",
        description="Every β and three seeds for each reward; for happy words the β that holds the model back is looked for first. The same command again goes on where it stopped.",
    )
    parser.add_argument("--model", help="bundled model to begin from (pocket-gpt)")
    parser.add_argument(
        "--reward", choices=("happy", "short", "dog", "never", "clicks"), nargs="+", help="all of them"
    )
    parser.add_argument("--beta", type=float, nargs="+", help="of the four of a reward only these (all)")
    parser.add_argument("--to", type=Path, default=repository / "assets" / "traces" / "alignment")
    parser.set_defaults(run=lambda options: _run(options, repository))


def _run(options: Any, repository: Path) -> int:
    checkpoints.import_torch().set_num_threads(1)
    loaded, kept = begin(options, "reward", "pocket-gpt", "generation")
    name = loaded.card.name
    steps, rate = reinforce.RECIPES[name.split("-")[0]]

    def made(setting: RewardSetting) -> dict[str, Any]:
        run = reinforce.Reinforce(loaded, setting, judge=judge).finish()
        run.seconds = round(run.seconds, 2)
        found = run.as_json()
        if setting.seed != reinforce.SEEDS[0]:
            found["texts"] = []  # one seed's stories are shown
        return found

    clicked = json.loads((repository / CLICKED).read_text(encoding="utf-8"))
    known = rewards_of(name, clicked["clicks"])
    judge: Judge | None = None

    def runs_of(reward: str, *betas: float) -> list[dict[str, Any]]:
        kind, word = known[reward]
        found: list[dict[str, Any]] = []
        for seed in tqdm(reinforce.SEEDS, desc=f"{reward}, β {', '.join(f'{beta:g}' for beta in betas)}"):
            for beta in betas:
                one = RewardSetting(kind, beta, seed, word, steps)
                if found and found[-1]["setting"]["seed"] == seed and nothing_paid(found[-1]):
                    found.append({**found[-1], "setting": asdict(one)})
                    continue
                name = f"{reward}-{word}-{beta:g}-{seed}-{steps}-{rate:g}"
                found.append(kept.get(name, partial(made, one)))
        return found

    wanted = options.reward or list(known)
    path = options.to / "reward.json"
    for reward in wanted:
        kind, word = known[reward]
        untouched = checkpoints.load(clicked["model"], "generation") if kind == "clicks" else None
        judge = judge_of(untouched, clicked, word) if untouched else None

        tried: list[reinforce.End] = []
        all_betas = reinforce.betas_of(name, reward)
        betas = [beta for beta in all_betas if beta in (options.beta or all_betas)]
        if reward == "happy":
            for beta in reinforce.LADDER:
                tried.append(reinforce.end_of_runs(runs_of(reward, beta)))
                if tried[-1].fits:
                    break
            found = reinforce.held_back(tried)
            print(f"{name}: held back by β = {found}; HELD says {all_betas[2]:g}", flush=True)
        runs = runs_of(reward, *betas)
        best = kept.get(
            f"best-of-{reward}-{word}",
            partial(best_of_n.curve, loaded, RewardSetting(kind, 0.0, 0, word, steps), judge=judge),
        )
        before = json.loads(path.read_text(encoding="utf-8"))["models"] if path.exists() else {}
        mine = before.get(name, {})
        same = mine.get("revision") == loaded.card.revision
        write(
            path,
            {
                "models": {
                    **before,
                    name: {
                        "revision": loaded.card.revision,
                        "recorded": time.strftime("%Y-%m-%d"),
                        "machine": platform.machine(),
                        "rate": rate,
                        "beginnings": [reinforce.HELD_OUT[i] for i in reinforce.KEPT],
                        "rewards": {
                            **(mine.get("rewards", {}) if same else {}),
                            reward: {
                                "kind": kind,
                                "word": word,
                                "best_of": best,
                                "runs": runs,
                                "tried": [asdict(end) for end in tried],
                            },
                        },
                    },
                }
            },
        )
    return 0
