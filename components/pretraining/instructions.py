"""The recorded runs of the page on instructions: ``python -m components.pretraining instructions``.

Three ways to have one request answered, three seeds each: pocket-gpt tuned on 0 to 1,300 pairs, pocket-gpt untouched after two
worked examples, and pocket-gpt with a head that was fine-tuned for one task. Every finished run is kept in the working folder under
the weights it began from, so the same command goes on where it stopped. The result is
``assets/traces/alignment/instructions.json``.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from components.lm import checkpoints
from components.lm.alignment import dpo
from components.lm.alignment import instructions as lm
from components.lm.fine_tuning import transfer
from components.lm.fine_tuning.generative import arrange, read_rows, row_ids
from components.lm.fine_tuning.samples import FEELINGS
from components.pretraining.fine_tuning import Kept, write

SHOWN = 12
"""Requests of each kind whose answers are kept, of the first seed."""
FEELING_TOKENS = 24
WORKED = 2


def add_step(steps: Any, repository: Path) -> None:
    """Register ``instructions`` with the program."""
    parser = steps.add_parser(
        "instructions",
        help="make the recorded runs of the page on instructions",
        description="Tune on every number of pairs with three seeds. The same command again goes on where it stopped.",
    )
    parser.add_argument("--model", default="pocket-gpt", help="bundled model to begin from (%(default)s)")
    parser.add_argument("--to", type=Path, default=repository / "assets" / "traces" / "alignment")
    parser.set_defaults(run=_run)


def feelings(
    loaded: Any, model: Any, asked: Sequence[tuple[str, str]], before: str, seed: int
) -> dict[str, Any]:
    """Return what a model answers to the other task's held-out requests: how many with a label, how many right.

    ``before`` stands before every request: worked examples, or nothing.
    """
    texts = [before + lm.feeling_request(text) for text, _ in asked]
    written = [
        one.text for some in lm.answers(loaded, model, texts, seed, tokens=FEELING_TOKENS) for one in some
    ]
    said = [lm.feeling_said(text) for text in written]
    return {
        "asked": len(asked),
        "labels": sum(map(bool, said)),
        "right": sum(word == label for word, (_, label) in zip(said, asked, strict=True)),
        "answers": written[:SHOWN],
    }


def tuned(loaded: Any, size: int, seed: int) -> dict[str, Any]:
    """Return what one tuned model comes to."""
    made = lm.Instructed(loaded, lm.Setting(size, seed)).finish()
    run = made.run
    return {
        "pairs": size,
        "seed": seed,
        "steps": made.loop.steps,
        "seconds": round(run.seconds, 2),
        "measuring": round(run.measuring, 2),
        "loss": run.losses[-1] if run.losses else None,
        "counts": {kind: asdict(found) for kind, found in run.counts[-1].items()},
        "answers": {kind: run.answers[-1][kind][:SHOWN] for kind in run.counts[-1]} if seed == 0 else {},
        "feelings": feelings(loaded, made.model, transfer.sentences(seed)[1], "", seed),
    }


def prompted(loaded: Any, seed: int) -> dict[str, Any]:
    """Return what the untouched model comes to after two worked examples of the task that is asked for."""
    examples = lm.pairs(WORKED, seed)
    began = time.thread_time()
    found: dict[str, Any] = {
        "seed": seed,
        "examples": [asdict(one) for one in examples],
        "counts": {},
        "answers": {},
    }
    kinds: tuple[lm.Kind, ...] = ("seen", "new")
    for kind in kinds:
        asked = lm.requests(kind)
        texts = [lm.worked(examples, one) for one in asked]
        written = [one for some in lm.answers(loaded, loaded.model, texts, seed) for one in some]
        answers = [one.text.split("\n\n")[0] for one in written]
        found["counts"][kind] = asdict(
            lm.counted(answers, [one.ended or "\n\n" in one.text for one in written], asked)
        )
        if seed == 0:
            found["answers"][kind] = answers[:SHOWN]
    train, test = transfer.sentences(seed)
    shown = [next(row for row in train if row[1] == label) for label in FEELINGS]
    before = "".join(f"{lm.feeling_request(text)} {label}\n\n" for text, label in shown)
    found["feelings"] = feelings(loaded, loaded.model, test, before, seed)
    found["feelings"]["answers"] = [text.split("\n\n")[0] for text in found["feelings"]["answers"]]
    found["feeling_examples"] = shown
    found["seconds"] = round(time.thread_time() - began, 2)
    return found


def headed(loaded: Any, seed: int) -> dict[str, Any]:
    """Return what a head fine-tuned on happy and sad sentences says, to them and to every other request."""
    made = transfer.train_fully(loaded, transfer.Setting(loaded.model.config.n_layer, 0.0, seed))
    labels = [label for _, label in transfer.sentences(seed)[1]]
    kinds: tuple[lm.Kind, ...] = ("seen", "new")

    def said(texts: Sequence[str]) -> list[float]:
        rows = [row_ids(arrange("classification", [text])[0], loaded, made.task.vocab_size) for text in texts]
        return [round(p[1], 4) for p in read_rows(made.task, rows).probs]

    last = len(made.run.steps) - 1
    return {
        "seed": seed,
        "sentences": len(made.rows),
        "seconds": round(made.run.seconds, 2),
        "asked": len(labels),
        "right": made.run.right(last, labels),
        "happy": {
            "feelings": made.run.probs[last][:SHOWN],
            **{kind: said([lm.instruction(one) for one in lm.requests(kind)[:SHOWN]]) for kind in kinds},
        },
    }


def first_loss(loaded: Any) -> float:
    """Return the untouched model's mean loss on the answer of the first pair, its end included, in nats."""
    pair = lm.pairs(1, 0)[0]
    row = lm.ids_of(loaded, lm.request(pair.asked)), lm.answer_ids(loaded, pair.answer)
    return round(-float(dpo.log_probs(loaded.model, [row]).detach()) / len(row[1]), 4)


def _run(options: Any) -> int:
    checkpoints.import_torch().set_num_threads(1)
    loaded = checkpoints.load(options.model, "generation")
    short = loaded.card.revision.removeprefix("sha256:")[:12]
    kept = Kept(options.work / "instructions" / f"{loaded.card.name}-{short}")
    heads = [kept.get(f"head-{seed}", partial(headed, loaded, seed)) for seed in lm.SEEDS]
    prompts = [kept.get(f"prompted-{seed}", partial(prompted, loaded, seed)) for seed in lm.SEEDS]
    grid = [(size, seed) for seed in lm.SEEDS for size in lm.SIZES]
    runs = [
        kept.get(f"tuned-{size}-{seed}-{lm.RATE:g}-{lm.BATCH}", partial(tuned, loaded, size, seed))
        for size, seed in tqdm(grid, desc="tuned")
    ]
    write(
        options.to / "instructions.json",
        {
            "model": loaded.card.name,
            "revision": loaded.card.revision,
            "recorded": time.strftime("%Y-%m-%d"),
            "machine": platform.machine(),
            "requests": {
                kind: [[a.one, a.other] for a in lm.requests(kind)[:SHOWN]] for kind in ("seen", "new")
            },
            "first_loss": first_loss(loaded),
            "feelings": transfer.sentences(0)[1][:SHOWN],
            "runs": runs,
            "prompted": prompts,
            "heads": heads,
        },
    )
    return 0
