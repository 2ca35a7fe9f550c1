"""The recorded runs of the chapter on fine-tuning: ``python -m components.pretraining fine-tuning PAGE``.

Every finished run is kept in the working folder under the weights it began from and the data it saw, so the same command
goes on where it stopped, and a new model or new data make new runs. The result is one small file below ``assets/traces/fine_tuning``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from tqdm import tqdm

from components.lm import checkpoints
from components.lm.fine_tuning import task_runs
from components.lm.fine_tuning.generative import log_likelihood
from components.lm.fine_tuning.samples import SAMPLES
from components.lm.fine_tuning.sentences import Side, generate
from components.lm.fine_tuning.stories import replies, stories

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
    parser.add_argument("--tasks", nargs="+", help="of tasks: some of them (tag span pair single)")
    parser.add_argument(
        "--finished",
        action="store_true",
        help="of tasks and forgetting: make no run, write the finished ones of what is asked",
    )
    parser.add_argument(
        "--main",
        action="store_true",
        help="of forgetting: the middle strengths with one seed only, both starts",
    )
    parser.add_argument("--corpus", type=Path, help="of reading-on: folder of .txt or .txt.xz files")
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

    def has(self, name: str) -> bool:
        """Return whether a run is finished."""
        return (self.folder / f"{name}.json").exists()

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """Return a run, made now if it is not there."""
        path = self.folder / f"{name}.json"
        if not self.has(name):
            made = json.dumps(make(), ensure_ascii=False, separators=(",", ":"))
            path.with_suffix(".part").write_text(made, encoding="utf-8")
            path.with_suffix(".part").replace(path)
        return json.loads(path.read_text(encoding="utf-8"))


def begin(options: Any, page: str, default: str, require: Any) -> tuple[Any, Kept]:
    """Return the model a page's runs begin from, and the place of its runs."""
    loaded = checkpoints.load(options.model or default, require)
    short = loaded.card.revision.removeprefix("sha256:")[:12]
    return loaded, Kept(options.work / "fine_tuning" / page / f"{loaded.card.name}-{short}-{data_mark()}")


def data_mark() -> str:
    """Return eight signs that change with the labelled data: the hand-written files and what the generators make."""
    made = [
        repr((generate(side, 50, 0), stories(side, 50, 0), replies(side, 50, 0))) for side in get_args(Side)
    ]
    written = [
        (SAMPLES / name).read_text(encoding="utf-8") for name in sorted(p.name for p in SAMPLES.iterdir())
    ]
    return hashlib.sha256("\n".join([*made, *written]).encode()).hexdigest()[:8]


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
            "forms": [lm.form_example(loaded, form) for form in lm.EXAMPLES],
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
    """Four tasks, three sizes (fifty examples are written by hand), three ways, pre-trained and random; each model's runs stay in the file until made again."""
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
        for task in options.tasks or tasks.TASKS
        for way in tasks.WAYS
        for pretrained in (True, False)
    ]
    names = {one: f"{one.task}-{one.size}-{one.way}-{one.pretrained}-{one.seed}" for one in settings}
    if options.finished:
        settings = [one for one in settings if kept.has(names[one])]
    runs = [kept.get(names[one], partial(made, one)) for one in tqdm(settings, desc="runs")]
    around = {
        name: [
            kept.get(
                f"around-{name}-{seed}", partial(lm.by_the_words_around, loaded, name == "pretrained", seed)
            )
            for seed in range(lm.AROUND_SEEDS)
        ]
        for name in ("pretrained", "random")
    }
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
                    "wrong": tasks.WRONG_LABELS,
                    "around": around,
                    "runs": runs,
                },
            }
        },
    )
    return 0


WHOLE = ("4.query", "4.value", "4.attention_output", "3.intermediate")
"""Matrices whose whole change is kept, beside the first directions of all."""


def _change(options: Any, repository: Path) -> int:
    """The change of every matrix, cut to each rank, of both starts; then every way to train, from both starts."""
    from safetensors.numpy import save_file

    from components.lm.fine_tuning import change as lm
    from components.lm.fine_tuning import encoder_tasks as tasks

    loaded, kept = begin(options, "change", "pocket-bert", "masked_prediction")
    written = tasks.examples(loaded, "tag", "written", task_runs.WRITTEN, 0)
    generated = tasks.examples(loaded, "tag", "test", task_runs.GENERATED, 0)
    factors = kept.folder / "change.safetensors"

    def cuts(pretrained: bool) -> dict[str, Any]:
        made, run = lm.trained_fully(loaded, lm.ChangeSetting("full", pretrained=pretrained))
        before = tasks.EncoderTask(loaded, "tag", "head", pretrained=pretrained, seed=0).body
        found = lm.changes(before, made.model.body)
        if pretrained:
            half = {f"{d.layer}.{d.kind}.b": d.b[:, : lm.STORED] for d in found}
            half |= {f"{d.layer}.{d.kind}.a": d.a[: lm.STORED] for d in found}
            half |= {f"{d.layer}.{d.kind}.whole": d.b @ d.a for d in found if f"{d.layer}.{d.kind}" in WHOLE}
            save_file({name: np.ascontiguousarray(x, "<f2") for name, x in half.items()}, factors)
        back, moved = lm.embeddings_put_back(made.model, before)
        return {
            "run": run,
            "matrices": [
                {
                    "layer": d.layer,
                    "kind": d.kind,
                    "shape": [len(d.b), d.a.shape[1]],
                    "relative": round(d.relative, 4),
                    "shares": [round(d.share(rank), 4) for rank in lm.RANKS],
                }
                for d in found
            ],
            "cuts": [
                asdict(lm.measure(lm.cut(made.model, before, found, rank), written, generated))
                for rank in lm.RANKS
            ],
            "embeddings": {"relative": round(moved, 4), **asdict(lm.measure(back, written, generated))},
        }

    starts = {
        name: kept.get(f"cuts-{name}", partial(cuts, name == "pretrained"))
        for name in ("pretrained", "random")
    }

    def trained(setting: lm.ChangeSetting) -> dict[str, Any]:
        return lm.trained_fully(loaded, setting)[1]

    settings = [replace(one, pretrained=start) for one in lm.SETTINGS for start in (True, False)]
    runs = [
        kept.get(
            f"{one.way}-{one.size}-{one.targets}-{one.pretrained}",
            partial(trained, one),
        )
        for one in tqdm(settings, desc="runs")
    ]
    for run in runs:
        run.pop("said")
    write(
        options.to / "change.json",
        {
            "model": loaded.card.name,
            "revision": loaded.card.revision,
            "recorded": time.strftime("%Y-%m-%d"),
            "shown": task_runs.shown_rows(loaded, "tag"),
            "counts": {"written": len(written), "generated": len(generated)},
            "ranks": list(lm.RANKS),
            "whole": list(WHOLE),
            "starts": starts,
            "runs": runs,
        },
    )
    shutil.copyfile(factors, options.to / "change.safetensors")
    print(f"{options.to / 'change.safetensors'}: {factors.stat().st_size:,} bytes", flush=True)
    return 0


def _forgetting(options: Any, repository: Path) -> int:
    """Every method at the middle strength from both starts; then its other strengths, and two more seeds."""
    from components.lm.fine_tuning import forgetting as lm
    from components.lm.fine_tuning.encoder_tasks import examples

    loaded, kept = begin(options, "forgetting", "pocket-bert", "masked_prediction")
    olds: dict[tuple[bool, int], Any] = {}

    def made(setting: lm.ForgettingSetting) -> dict[str, Any]:
        start = setting.pretrained, setting.seed
        if start not in olds:
            task, loop = lm.old_task(loaded, *start)
            while not loop.finished:
                loop.take_step()
            olds[start] = task
        run = lm.Sequel(loaded, olds[start], setting)
        while not run.loop.finished:
            run.step()
        run.run.seconds = round(run.run.seconds, 2)
        return run.run.as_json()

    middle = {method: strengths[len(strengths) // 2] for method, strengths in lm.STRENGTHS.items()}
    settings = [lm.ForgettingSetting(method, middle[method]) for method in lm.METHODS]
    settings += [lm.ForgettingSetting(method, middle[method], pretrained=False) for method in lm.METHODS]
    if not options.main:
        settings += [  # the ends of the slider first
            lm.ForgettingSetting(method, strengths[k])
            for k in (0, -1, 1, -2)
            for method, strengths in lm.STRENGTHS.items()
            if len(strengths) > 1
        ]
        settings += [
            lm.ForgettingSetting(method, middle[method], seed=seed)
            for seed in (1, 2)
            for method in lm.METHODS
        ]
    names = {one: f"{one.method}-{one.strength:g}-{one.pretrained}-{one.seed}" for one in settings}
    if options.finished:
        settings = [one for one in settings if kept.has(names[one])]
    runs = [kept.get(names[one], partial(made, one)) for one in tqdm(settings, desc="runs")]
    path = options.to / "forgetting.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write(
        path,
        {
            **before,
            "models": {
                **before.get("models", {}),
                loaded.card.name: {
                    "revision": loaded.card.revision,
                    "recorded": time.strftime("%Y-%m-%d"),
                    "old": task_runs.shown_rows(loaded, "tag")[: lm.SHOWN],
                    "new": task_runs.shown_rows(loaded, "span")[: lm.SHOWN],
                    "numbers": sum(p.numel() for p in loaded.model.bert.parameters()),
                    "written": {
                        task: len(examples(loaded, task, "written", task_runs.WRITTEN, 0))
                        for task in ("tag", "span")
                    },
                    "runs": runs,
                },
            },
        },
    )
    return 0


def _reading_on(options: Any, repository: Path) -> int:
    """A language model of stories reads encyclopedia articles; the corpus is that of the bundled models."""
    from components.lm.fine_tuning import reading_on as lm
    from components.pretraining.corpus import Source, read_corpus

    if options.corpus is None:
        raise SystemExit(
            "reading-on needs --corpus: the folder with simple_stories_en and wikipedia_leads_en"
        )
    loaded, kept = begin(options, "reading-on", "pocket-gpt", "generation")
    texts = {
        name: [[document.text for document in part] for part in read_corpus(options.corpus, [Source(name)])]
        for name in ("simple_stories_en", "wikipedia_leads_en")
    }
    count = lm.STEPS * lm.ROWS
    stories, articles = (lm.rows_of(loaded, train, count) for train, _ in texts.values())
    tests = tuple(lm.rows_of(loaded, held_out, lm.TEST_ROWS) for _, held_out in texts.values())

    def made(setting: lm.ReadingSetting) -> dict[str, Any]:
        rows = lm.mixed(articles, stories, setting.replay, setting.seed)
        run = lm.Reading(loaded, setting, rows, (tests[0], tests[1]))
        while not run.loop.finished:
            run.step()
        run.run.seconds = round(run.run.seconds, 2)
        return run.run.as_json()

    runs = [
        kept.get(f"{one.replay:g}-{one.strength:g}-{one.pretrained}-{one.seed}", partial(made, one))
        for one in tqdm(lm.SETTINGS, desc="runs")
    ]
    path = options.to / "forgetting.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"models": {}}
    found = {
        "model": loaded.card.name,
        "revision": loaded.card.revision,
        "recorded": time.strftime("%Y-%m-%d"),
        "prompts": list(lm.PROMPTS),
        "runs": runs,
    }
    write(path, {**before, "reading": found})
    return 0


def _electra(options: Any, repository: Path) -> int:
    """Tags from nano-electra, from the BERT it started from, and from random weights, on generated sentences: two sizes, three seeds."""
    from components.lm.bert.electra import BERT, load_discriminator
    from components.lm.fine_tuning import encoder_tasks as tasks
    from components.lm.fine_tuning import task_runs as lm

    electra, bert = load_discriminator(), checkpoints.load(BERT, "masked_prediction")
    written = tasks.examples(bert, "tag", "written", lm.WRITTEN, 0)
    runs = []
    for size in options.sizes or (50, 200):
        for loaded, pretrained in ((electra, True), (bert, True), (bert, False)):
            short = loaded.card.revision.removeprefix("sha256:")[:12]
            kept = Kept(
                options.work / "fine_tuning" / "electra" / f"{loaded.card.name}-{short}-{data_mark()}"
            )

            def made(loaded: Any, size: int, pretrained: bool, seed: int) -> Any:
                rows = tasks.examples(loaded, "tag", "train", size, seed)
                tuned = lm.tune_fully(loaded, lm.TaskSetting("tag", size, "full", pretrained, seed), rows)
                return {"said": tuned.model.says(written), "seconds": round(tuned.run.seconds, 2)}

            found = [
                kept.get(f"{size}-{pretrained}-{seed}", partial(made, loaded, size, pretrained, seed))
                for seed in tqdm(range(TAG_SEEDS), desc=f"{loaded.card.name} {size}")
            ]
            gold = [row.gold for row in written]
            by_seed, interval = mean_f1([one["said"] for one in found], gold)
            runs.append(
                {
                    "model": loaded.card.name,
                    "pretrained": pretrained,
                    "size": size,
                    "written": interval,
                    "by_seed": by_seed,
                    "seconds": [one["seconds"] for one in found],
                }
            )
    write(
        options.to.parent / "bert" / "electra_tags.json",
        {
            "model": bert.card.name,
            "revision": bert.card.revision,
            "of": [electra.card.revision],
            "recorded": time.strftime("%Y-%m-%d"),
            "sentences": len(written),
            "runs": runs,
        },
    )
    return 0


def _features(options: Any, repository: Path) -> int:
    """The layers of a frozen model, mixed by hand and learned, beside fine-tuning: two sizes, three seeds, two starts."""
    from components.lm.fine_tuning import features as lm

    loaded, kept = begin(options, "features", "pocket-bert", "masked_prediction")

    def made(size: int, pretrained: bool, seed: int) -> dict[str, Any]:
        states = lm.features(loaded, size, pretrained=pretrained, seed=seed)
        return {
            "size": size,
            "pretrained": pretrained,
            "seed": seed,
            "reading_seconds": round(states.seconds, 2),
            "counts": {name: len(rows) for name, rows in states.rows.items()},
            "mixes": [
                {"faders": faders, **lm.mix_fully(states, faders, seed=seed)}
                for faders in lm.presets(states.layers)
            ],
            "learned": lm.mix_fully(states, None, seed=seed),
            "tuned": lm.tuned(loaded, states, pretrained=pretrained, seed=seed),
        }

    asked = [
        (size, start, seed) for seed in lm.SEEDS for size in lm.SIZES for start in (True, False)
    ]  # the first view's first
    runs = [kept.get("-".join(map(str, one)), partial(made, *one)) for one in tqdm(asked, desc="runs")]
    write(
        options.to / "features.json",
        {
            "model": loaded.card.name,
            "revision": loaded.card.revision,
            "recorded": time.strftime("%Y-%m-%d"),
            "shown": task_runs.shown_rows(loaded, "tag"),
            "runs": runs,
        },
    )
    return 0


def _start(options: Any, repository: Path) -> int:
    """A hundred random starts and the pre-trained one with ten heads; then the paths of SGD, each on its slice of the loss."""
    from components.lm.fine_tuning import encoder_tasks as tasks
    from components.lm.fine_tuning import start as lm

    loaded, kept = begin(options, "start", "nano-bert", "masked_prediction")
    texts = lm.sentences(loaded)

    def made(pretrained: bool, seed: int) -> dict[str, Any]:
        return lm.started_fully(loaded, pretrained=pretrained, seed=seed, texts=texts).as_json()

    starts = [(True, seed) for seed in range(lm.PRETRAINED_STARTS)]
    starts += [(False, seed) for seed in range(lm.RANDOM_STARTS)]
    runs = [
        kept.get(f"start-{pretrained}-{seed}", partial(made, pretrained, seed))
        for pretrained, seed in tqdm(starts, desc="starts")
    ]
    walked = {start: lm.paths_of(loaded, start, texts) for start in (True, False)}
    side = max(lm.extent(paths)[2] for _, paths in walked.values())

    def drawn(start: bool) -> dict[str, Any]:
        plane, paths = walked[start]
        task = tasks.EncoderTask(loaded, "tag", "full", pretrained=start, seed=0)
        with tqdm(total=lm.GRID**2, desc="slice") as bar:
            return lm.slice_of(task, plane, lm.extent(paths)[:2], side, texts, tell=bar.update)

    slices = {
        name: {"paths": walked[start][1], "slice": kept.get(f"slice-{name}", partial(drawn, start))}
        for name, start in (("pretrained", True), ("random", False))
    }
    write(
        options.to / "start.json",
        {
            "model": loaded.card.name,
            "revision": loaded.card.revision,
            "recorded": time.strftime("%Y-%m-%d"),
            "counts": {name: len(getattr(texts, name)) for name in lm.SETS},
            "numbers": sum(p.numel() for p in tasks.EncoderTask(loaded, "tag", "full", pretrained=True, seed=0).trained),
            "runs": runs,
            "starts": slices,
        },
    )  # fmt: skip
    return 0


TAG_SEEDS = 3


def mean_f1(
    said: list[list[list[int]]], gold: list[Any], draws: int = 300
) -> tuple[list[float], list[float]]:
    """F1 of the tagged words of each seed (seed, sentence, word), and [mean over the seeds, low, high].

    The interval comes from drawing the sentences again; a draw is the same for every seed."""
    counts = np.array([
        [[sum(a == b != 0 for a, b in zip(one, row, strict=True)), sum(a != 0 for a in one) + sum(b != 0 for b in row)] for one, row in zip(run, gold, strict=True)]
        for run in said
    ])  # fmt: skip

    def f1(total: Any) -> Any:
        return 2 * total[..., 0] / np.maximum(total[..., 1], 1)

    by_seed = f1(counts.sum(1))
    drawn = np.random.default_rng(0).integers(0, counts.shape[1], (draws, counts.shape[1]))
    low, high = np.quantile(f1(counts[:, drawn].sum(2)).mean(0), [0.025, 0.975])
    return [round(float(x), 4) for x in by_seed], [round(float(x), 4) for x in (by_seed.mean(), low, high)]


PAGES: dict[str, Callable[[Any, Path], int]] = {
    "transfer": _transfer,
    "tasks": _tasks,
    "change": _change,
    "forgetting": _forgetting,
    "reading-on": _reading_on,
    "electra": _electra,
    "features": _features,
    "start": _start,
}
