"""The recorded runs of the chapter on fine-tuning: ``python -m components.pretraining fine-tuning PAGE``.

Every finished run is kept in the working folder under the weights it began from, so the same command goes on where it
stopped and a new model makes new runs. The result is one small file below ``assets/traces/fine_tuning``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from components.lm import checkpoints
from components.lm.fine_tuning.generative import log_likelihood
from components.lm.fine_tuning.sentences import generate

TALE = "assets/samples/tale_en.txt"


def add_step(steps: Any, repository: Path) -> None:
    """Register ``fine-tuning`` with the program."""
    parser = steps.add_parser(
        "fine-tuning",
        help="make the recorded fine-tuning runs of one page",
        description="Make the recorded runs of one page. The same command again goes on where it stopped.",
    )
    parser.add_argument("page", choices=tuple(PAGES))
    parser.add_argument("--model", help="bundled model to begin from (the page's own)")
    parser.add_argument("--sizes", type=int, nargs="+", help="of tasks: numbers of examples (50 200 1000)")
    parser.add_argument("--to", type=Path, default=repository / "assets" / "traces" / "fine_tuning")
    parser.set_defaults(run=lambda options: _run(options, repository))


def _run(options: Any, repository: Path) -> int:
    checkpoints.import_torch().set_num_threads(1)
    return PAGES[options.page](options, repository)


class Kept:
    """Finished runs in a folder, by name: what is there is not made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """Return a run, made now if it is not there."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            made = json.dumps(make(), ensure_ascii=False, separators=(",", ":"))
            path.with_suffix(".part").write_text(made, encoding="utf-8")
            path.with_suffix(".part").replace(path)
        return json.loads(path.read_text(encoding="utf-8"))


def begin(options: Any, page: str, default: str, require: Any) -> tuple[Any, Kept]:
    """Return the model a page's runs begin from, and the place of its runs."""
    loaded = checkpoints.load(options.model or default, require)
    short = loaded.card.revision.removeprefix("sha256:")[:12]
    return loaded, Kept(options.work / "fine_tuning" / page / f"{loaded.card.name}-{short}")


def write(path: Path, value: Any) -> None:
    """Write a recorded file and say how large it became."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{path}: {len(text):,} characters", flush=True)


def _transfer(options: Any, repository: Path) -> int:
    """Every choice of what is carried over, of λ and of the seed; then real or swapped."""
    from components.lm.fine_tuning import transfer as lm

    loaded, kept = begin(options, "transfer", "pocket-gpt", "generation")
    tale = (repository / TALE).read_text(encoding="utf-8")
    layers = loaded.model.config.n_layer

    def made(setting: lm.Setting) -> dict[str, Any]:
        run = lm.train_fully(loaded, setting)
        run.run.seconds = round(run.run.seconds, 2)
        return {**run.run.as_json(), "tale": lm.loss_on(run.task, tale)}

    settings = [
        lm.Setting(carried, weight, seed)
        for seed in lm.SEEDS
        for weight in lm.LAMBDAS
        for carried in (layers, -1, *range(layers - 1, -1, -1))
    ]
    runs = [
        kept.get(f"{one.carried}-{one.weight}-{one.seed}", partial(made, one))
        for one in tqdm(settings, desc="runs")
    ]
    swaps = [
        kept.get(f"swap-{carried}-{weight}", partial(lm.train_on_swaps, loaded, lm.Setting(carried, weight)))
        for carried, weight in tqdm([(layers, 0.0), (layers, 0.5), (-1, 0.0)], desc="swaps")
    ]
    sets = {
        "generated": lm.swap_pairs(generate("test", lm.SWAP_PAIRS, 0), 0),
        "written": lm.written_pairs(lm.SWAP_PAIRS, 0),
    }
    before = lm.Transfer(loaded, lm.Setting(layers))
    write(
        options.to / "transfer.json",
        {
            "model": loaded.card.name,
            "revision": loaded.card.revision,
            "recorded": time.strftime("%Y-%m-%d"),
            "layers": layers,
            "tale_before": lm.loss_on(before.task, tale),
            "pieces": [
                [
                    lm.pieces_of(row, loaded.tokenizer, before.task.vocab_size)
                    for row in lm.held_out_rows(loaded, before.task.vocab_size, seed)[: lm.SHOWN]
                ]
                for seed in lm.SEEDS
            ],
            "forms": [{"form": form, "rows": lm.example_rows(loaded, form)} for form in lm.EXAMPLES],
            "runs": runs,
            "swap": {
                "runs": swaps,
                "preferred": {
                    name: [int(x) for x in lm.preferred(loaded, pairs)] for name, pairs in sets.items()
                },
                "pairs": {
                    name: [
                        [
                            p.real,
                            p.swapped,
                            *(round(x, 4) for x in log_likelihood(loaded, [p.real, p.swapped])),
                        ]
                        for p in pairs[:4]
                    ]
                    for name, pairs in sets.items()
                },
            },
        },
    )
    return 0


def _tasks(options: Any, repository: Path) -> int:
    """Four tasks, three sizes, three ways, pre-trained and random; each model's runs stay in the file until made again."""
    from components.lm.fine_tuning import encoder_tasks as tasks
    from components.lm.fine_tuning import task_runs as lm

    loaded, kept = begin(options, "tasks", "nano-bert", "masked_prediction")

    def made(setting: lm.TaskSetting) -> dict[str, Any]:
        run = lm.tune_fully(loaded, setting).run
        run.seconds = round(run.seconds, 2)
        return run.as_json()

    settings = [
        lm.TaskSetting(task, size, way, pretrained)
        for size in options.sizes or tasks.SIZES
        for task in tasks.TASKS
        for way in tasks.WAYS
        for pretrained in (True, False)
    ]
    runs = [
        kept.get(f"{one.task}-{one.size}-{one.way}-{one.pretrained}-{one.seed}", partial(made, one))
        for one in tqdm(settings, desc="runs")
    ]
    path = options.to / "tasks.json"
    others = json.loads(path.read_text(encoding="utf-8"))["models"] if path.exists() else {}
    written = {task: tasks.examples(loaded, task, "written", lm.WRITTEN, 0) for task in tasks.TASKS}
    write(
        path,
        {
            "models": {
                **others,
                loaded.card.name: {
                    "revision": loaded.card.revision,
                    "recorded": time.strftime("%Y-%m-%d"),
                    "shown": {task: lm.shown_rows(loaded, task) for task in tasks.TASKS},
                    "guessing": {task: lm.guessing(task, rows) for task, rows in written.items()},
                    "written": {task: len(rows) for task, rows in written.items()},
                    "runs": runs,
                },
            }
        },
    )
    return 0


PAGES: dict[str, Callable[[Any, Path], int]] = {"transfer": _transfer, "tasks": _tasks}
