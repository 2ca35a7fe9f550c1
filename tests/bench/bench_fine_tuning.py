"""Fine-tuning: what is learned, what a step costs beside plain torch, a class that trains at once, and how soon a page stands."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from playwright.sync_api import Browser, sync_playwright
from streamlit.testing.v1 import AppTest

from components.lm import checkpoints
from tests.bench.bench_app import ROOT, Row, _server, _warm, ours
from tests.bench.rows import Failed, each, show
from tests.browser.find_chromium import find_chromium

CLASS = 30
STEPS = 12
PICTURES = {
    "bert-masking": ".gb-mask_lab",
    "fine_tuning-tasks": ".gb-tasks_board .line",
    "fine_tuning-transfer": ".gb-transfer_board .track",
    "fine_tuning-forgetting": ".gb-forgetting_plane .method",
    "fine_tuning-change": ".gb-change_board .cell",
    "fine_tuning-features": ".gb-features_board .score",
    "fine_tuning-start": ".gb-start_board .start",
}
COLD = 5


def _learned() -> list[Row]:
    """What fifty and a thousand examples come to, on the generator's held-out ones and on those written by hand."""
    from components.lm.fine_tuning.task_runs import TaskSetting, tune_fully

    pocket = checkpoints.load("pocket-bert", "masked_prediction")
    mine, bare = (tune_fully(pocket, TaskSetting("tag", 50, "full", start)).run for start in (True, False))
    span = tune_fully(pocket, TaskSetting("span", 1000, "full", True)).run
    return [
        ("tags, 50 examples, pocket-bert, by hand: F1 pre-trained", mine.written[-1][0], 0.5, "+"),
        ("tags, 50 examples, pocket-bert, by hand: F1 random", bare.written[-1][0], 0.15, ""),
        ("span, 1,000 examples, generated stories: exact", span.generated[-1][0], 0.9, "+"),
        ("span, 1,000 examples, stories written by hand: exact (to know)", span.written[-1][0], 0.0, "+"),
    ]


def _steps() -> list[Row]:
    """CPU seconds of a training of nano-bert, and a step beside one of plain transformers on the same batches."""
    import torch
    from transformers import BertForTokenClassification

    from components.lm.fine_tuning.encoder_tasks import EncoderTask, examples, loop_of
    from components.lm.fine_tuning.loop import CLIP, WEIGHT_DECAY, Recipe
    from components.lm.fine_tuning.sentences import TAGS
    from components.lm.fine_tuning.task_runs import TaskSetting, Tuning

    nano = checkpoints.load("nano-bert", "masked_prediction")
    run = Tuning(nano, TaskSetting("tag", 50, "full", True))
    while not run.loop.finished:
        run.step()
    rows = examples(nano, "tag", "train", 200, 0)
    task = EncoderTask(nano, "tag", "full", pretrained=True, seed=0)
    loop = loop_of(task, rows, Recipe(1e-3, 1))
    plain = BertForTokenClassification.from_pretrained(
        ROOT / "assets" / "models" / "nano-bert", num_labels=len(TAGS), dtype=torch.float32
    ).eval()
    optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-3, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(STEPS):
        part = [rows[i] for i in loop.batch()]
        began = time.thread_time()
        loop.take_step()
        seconds["ours"].append(time.thread_time() - began)
        began = time.thread_time()
        given = task.batch(part)
        labels = torch.full(given["input_ids"].shape, -100)
        for i, row in enumerate(part):
            labels[i, list(row.heads)] = torch.tensor(row.gold)
        with torch.enable_grad():
            plain(**given, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds["plain"].append(time.thread_time() - began)
    mine, other = (statistics.median(seconds[name][2:]) for name in ("ours", "plain"))
    return [
        ("fine-tuning nano-bert on 50 sentences: CPU seconds", run.run.seconds, 2.0, "s"),
        ("one step of fine-tuning nano-bert / plain transformers, same batches", mine / other, 1.15, "x"),
    ]


def _page_run(name: str) -> float:
    """Median seconds of a run of a page that has run before."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    at.query_params["lang"] = "en"
    at.run()
    at.switch_page(f"pages/{name}.py").run()
    found = []
    for _ in range(5):
        began = time.perf_counter()
        at.run()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _class() -> list[Row]:
    """Thirty readers with thirty different sets of labels, all at once; a run of another page meanwhile; stop."""
    from components.lessons.fine_tuning.live_pair import Asked, asked
    from components.lessons.fine_tuning.tasks_live import COUNT, Labels, Pair
    from components.lessons.live import Trainings

    def labelled(reader: int) -> Asked[Labels]:
        labels = ".".join("0" * (reader % 7) + "1" for _ in range(COUNT))
        return asked("nano-bert", Labels(labels, reader))

    def make(wanted: Asked[Labels]) -> Callable[[], Pair]:
        return lambda: Pair(wanted)

    alone = _page_run("bert/masking")
    trainings, wanted = Trainings(), [labelled(reader) for reader in range(CLASS)]
    began = time.perf_counter()
    works = [trainings.start(one, make(one), str(i)) for i, one in enumerate(wanted)]
    meanwhile = _page_run("bert/masking")
    for one in works:
        assert one.work is not None
        one.work.wait(600)
        one.work.result()
    last = time.perf_counter() - began

    long = labelled(CLASS + 1)
    training = trainings.start(long, make(long), "reader")
    assert training.work is not None
    while training.result is None and not training.work.wait(0.01):
        pass
    began = time.perf_counter()
    trainings.stop(long, "reader")
    training.work.wait(10)
    return [
        (f"{CLASS} readers train {CLASS} sets of labels (nano-bert, both starts): last one done", last, 60, "s"),
        ("a run of another page meanwhile / alone", meanwhile / alone, 2, "x"),
        ("a training stops after", time.perf_counter() - began, 0.5, "s"),
    ]  # fmt: skip


def _cold(browser: Browser, port: int, name: str, picture: str) -> float:
    """Seconds from a cold link to the standing picture, in a browser that has seen nothing."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/{name}?lang=en")
    page.locator(picture).first.wait_for(timeout=120_000)
    seconds = time.perf_counter() - began
    context.close()
    return seconds


def pages(pictures: Mapping[str, str]) -> list[Row]:
    """Each page in turn, round after round: what else the machine does is then the same for all.

    ``pictures``: what stands on a page, by its address; the masking page is among them.
    """
    found: dict[str, list[float]] = {name: [] for name in pictures}
    with _server(ours, ROOT) as (port, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        _warm(port)
        for turn in range(COLD + 1):
            for name, seconds in found.items():
                took = _cold(browser, port, name, pictures[name])
                if turn:  # in the first one the server imports what a page needs
                    seconds.append(took)
        browser.close()
    other = statistics.median(found.pop("bert-masking"))
    return [
        (
            f"{name}, cold link to standing picture / bert-masking",
            statistics.median(seconds) / other,
            1.3,
            "x",
        )
        for name, seconds in found.items()
    ]


def chapter(
    measured: Sequence[Callable[[], list[Row]]], pictures: Mapping[str, str], name: str, megabytes: float
) -> Iterator[Row | Failed]:
    """Rows of a chapter on one thread: what is ``measured``, its pages opened cold, and the size of its recorded files."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    size = sum(path.stat().st_size for path in (ROOT / "assets" / "traces" / name).glob("*"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield from each(*measured, partial(pages, pictures))
            yield ("recorded files of the chapter together", size / 1e6, megabytes, "MB")
    finally:
        torch.set_num_threads(threads)


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    return chapter((_steps, _learned, _class), PICTURES, "fine_tuning", 8)


if __name__ == "__main__":
    show(measure())
