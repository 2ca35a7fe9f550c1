"""The recorded runs of the page on preferences: ``python -m components.pretraining preferences``.

First the stories: pairs to choose from, pairs held out, and stories nobody judges, all written by the untouched model, with
their vectors. Then DPO on the first forty pairs as the rule presses them, with and without the supervised term, three seeds
each. Every finished part is kept in the working folder under the weights it began from, so the same command goes on where it
stopped.
"""

from __future__ import annotations

import base64
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from components.lm import checkpoints
from components.lm.alignment import dpo
from components.lm.alignment import preferences as lm
from components.pretraining.fine_tuning import Kept, write

PAIRS, HELD_OUT, UNSEEN, CLICKS = 120, 100, 100, 40
MEASURED_HELD_OUT = 40
MOMENTS = (0, 1, 2, 4, 6, 8, 10)
REPEATS, SHOWN = 6, 3
SEEDS = (0, 1, 2)


def add_step(steps: Any, repository: Path) -> None:
    """Register ``preferences`` with the program."""
    parser = steps.add_parser(
        "preferences",
        help="make the recorded runs of the page on preferences",
        description="Make the stories and the recorded runs. The same command again goes on where it stopped.",
    )
    parser.add_argument("--model", default="pocket-gpt", help="bundled model to begin from (%(default)s)")
    parser.add_argument("--to", type=Path, default=repository / "assets" / "traces" / "alignment")
    parser.set_defaults(run=_run)


def packed(values: Any, kind: str) -> str:
    """Return numbers of a numpy kind as base64."""
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode()


def _stories(loaded: Any) -> dict[str, Any]:
    """Write until there are enough pairs that the rule decides, and a hundred stories beside them."""
    import torch

    generator, avoid = torch.Generator().manual_seed(1), [loaded.tokenizer.eos_token_id]
    prompts = [lm.prompt_ids(loaded, beginning) for beginning in lm.BEGINNINGS]
    pairs: list[list[Any]] = []
    written = 0
    with tqdm(total=PAIRS + HELD_OUT, desc="pairs") as bar:
        while len(pairs) < PAIRS + HELD_OUT:
            ids = lm.write(loaded.model, [p for p in prompts for _ in range(4)], generator, avoid=avoid)
            texts = [loaded.tokenizer.decode(row) for row in ids]
            for i in range(0, len(ids), 2):
                written += 1
                if lm.by_rule(texts[i], texts[i + 1]) != "0":
                    pairs.append([i // 4, ids[i], ids[i + 1], texts[i], texts[i + 1]])
            bar.update(len(pairs) - bar.n)
    rounds = -(-UNSEEN // len(prompts))
    unseen = lm.write(loaded.model, prompts * rounds, torch.Generator().manual_seed(2), avoid=avoid)[:UNSEEN]
    return {
        "written": written,
        "pairs": pairs[: PAIRS + HELD_OUT],
        "unseen": [[i % len(prompts), ids, loaded.tokenizer.decode(ids)] for i, ids in enumerate(unseen)],
    }


def _run(options: Any) -> int:
    checkpoints.import_torch().set_num_threads(1)
    loaded = checkpoints.load(options.model, "generation")
    short = loaded.card.revision.removeprefix("sha256:")[:12]
    kept = Kept(options.work / "preferences" / f"{loaded.card.name}-{short}")
    found = kept.get("stories", partial(_stories, loaded))
    prompts = [lm.prompt_ids(loaded, beginning) for beginning in lm.BEGINNINGS]

    def pair(row: list[Any], place: int) -> dpo.Pair:
        return dpo.Pair(tuple(prompts[row[0]]), tuple(row[1 + place]), tuple(row[2 - place]))

    pool, held = found["pairs"][:PAIRS], found["pairs"][PAIRS:]
    clicks = "".join(lm.by_rule(row[3], row[4]) for row in pool[:CLICKS])
    chosen = [pair(row, int(c) - 1) for row, c in zip(pool, clicks, strict=False)]
    held_pairs = [pair(row, int(lm.by_rule(row[3], row[4])) - 1) for row in held]
    all_stories = [
        *((row[0], ids) for row in pool for ids in row[1:3]),
        *((row[0], ids) for row in found["unseen"] for ids in row[1:2]),
        *(
            (row[0], list(ids))
            for row, one in zip(held, held_pairs, strict=True)
            for ids in (one.chosen, one.rejected)
        ),
    ]
    states = lm.states_of(loaded.model, [prompts[i] for i, _ in all_stories], [ids for _, ids in all_stories])
    # The directions come from the stories that nobody judges and from those to choose from, not from the held-out pairs.
    directions = lm.Directions.of(states[: 2 * PAIRS + UNSEEN], lm.FEATURES)
    vectors = directions.features(states)
    scale = float(np.abs(vectors).max()) / 127
    small = np.round(vectors / scale).astype(np.int8)
    rounded = small.astype(np.float64) * scale
    w = lm.fit(lm.differences_of(rounded, lm.better(clicks, PAIRS)))
    judged = rounded[2 * PAIRS : 2 * PAIRS + UNSEEN] @ w
    deviation = float(judged.std())

    def made(setting: dpo.DpoSetting) -> dict[str, Any]:
        new = [lm.prompt_ids(loaded, beginning) for beginning in lm.NEW_BEGINNINGS] * REPEATS
        run = dpo.Preferring(
            loaded.model,
            chosen,
            setting,
            prompts=new,
            moments=MOMENTS,
            held_out=held_pairs[:MEASURED_HELD_OUT],
            avoid=[loaded.tokenizer.eos_token_id],
            at_once=len(new),
        )
        run.finish()
        result = run.run.as_json()
        stories = result.pop("stories")
        texts = [[loaded.tokenizer.decode(ids) for ids in one] for one in stories]
        scores = [
            directions.features(lm.states_of(loaded.model, new, one)) @ w / deviation for one in stories
        ]
        return {
            **result,
            "seconds": round(result["seconds"], 2),
            "measuring": round(result["measuring"], 2),
            "texts": [one[:SHOWN] for one in texts],
            "rule": [[lm.happiness(text) for text in one] for one in texts],
            "judge": [[round(float(x), 2) for x in one] for one in scores],
        }

    before = dpo.measured(loaded.model, [pair(row, 0) for row in pool])
    settings = [dpo.DpoSetting(weight, seed) for seed in SEEDS for weight in (0.0, dpo.SUPERVISED)]
    runs = [
        kept.get(
            f"dpo-{one.supervised:g}-{one.seed}-{dpo.RATE:g}-{dpo.PASSES}-{dpo.BATCH}", partial(made, one)
        )
        for one in tqdm(settings, desc="runs")
    ]
    write(
        options.to / "preferences.json",
        {
            "model": loaded.card.name,
            "revision": loaded.card.revision,
            "recorded": time.strftime("%Y-%m-%d"),
            "written": found["written"],
            "clicks": clicks,
            "pairs": [[row[0], row[3], row[4]] for row in pool],
            "ids": [[row[1], row[2]] for row in pool],
            "before": [[round(float(x), 3) for x in one] for one in before.T],
            "unseen": [[row[0], row[2]] for row in found["unseen"]],
            "held_out": HELD_OUT,
            "features": lm.FEATURES,
            "scale": scale,
            "vectors": packed(small, "i1"),
            "directions": {
                "mean": packed(directions.mean, "<f4"),
                "deviation": packed(directions.deviation, "<f4"),
                "axes": packed(directions.axes, "<f4"),
                "share": round(directions.share, 4),
            },
            "runs": runs,
        },
    )
    return 0
