"""The runs of "fifty labelled sentences": one task, size, way and start, measured along its training."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from components.lm.fine_tuning.encoder_tasks import (
    PASSES,
    SIZES,
    EncoderTask,
    Example,
    Task,
    Way,
    examples,
    loop_of,
    rate,
    score,
    tag_example,
    to_learn_from,
)
from components.lm.fine_tuning.loop import Recipe, marks
from components.lm.fine_tuning.sentences import exchanged, written_tags

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

MOMENTS = 7
SHOWN = 6
GENERATED, WRITTEN = 100, 150
"""Held-out examples at most: of the generator, and written by hand."""
AROUND_SEEDS = 3


@dataclass(frozen=True)
class TaskSetting:
    """What a run is. ``pretrained`` False begins from random weights."""

    task: Task
    size: int
    way: Way
    pretrained: bool
    seed: int = 0


@dataclass
class TaskRun:
    """What a run came to, one entry a moment: scores as (value, low, high), and what it says of the sentences in sight."""

    setting: TaskSetting
    steps: list[int] = field(default_factory=list)
    generated: list[tuple[float, float, float]] = field(default_factory=list)
    written: list[tuple[float, float, float]] = field(default_factory=list)
    said: list[list[Any]] = field(default_factory=list)
    seconds: float = 0.0
    trained: int = 0
    of: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Tuning:
    """One run in progress: it measures itself at its moments."""

    def __init__(
        self,
        loaded: LoadedModel,
        setting: TaskSetting,
        rows: Sequence[Example] | None = None,
        model: EncoderTask | None = None,
    ) -> None:
        """Begin; ``rows`` are other labelled examples than ``to_learn_from`` gives, ``model`` one made otherwise."""
        task = setting.task
        self.model = model or EncoderTask(
            loaded, task, setting.way, pretrained=setting.pretrained, seed=setting.seed
        )
        self.rows = (
            list(rows) if rows is not None else to_learn_from(loaded, task, setting.size, setting.seed)
        )
        self.generated = examples(loaded, task, "test", GENERATED, 0)
        self.written = examples(loaded, task, "written", WRITTEN, 0)
        passes = PASSES.get(setting.size, 12)
        recipe = Recipe(rate(task, setting.way, setting.pretrained), passes, seed=setting.seed)
        self.loop = loop_of(self.model, self.rows, recipe)
        self.moments = marks(self.loop.steps, MOMENTS)
        self.run = TaskRun(setting, trained=sum(p.numel() for p in self.model.trained))
        self.run.of = sum(p.numel() for p in (*self.model.body.parameters(), *self.model.head.parameters()))
        self._measure()

    def _measure(self) -> None:
        task = self.run.setting.task
        written = self.model.says(self.written)
        self.run.steps.append(self.loop.step)
        for name, said, gold in (
            ("written", written, self.written),
            ("generated", self.model.says(self.generated), self.generated),
        ):
            found = score(task, said, gold)
            getattr(self.run, name).append((found.value, found.low, found.high))
        self.run.said.append([list(one) if isinstance(one, tuple) else one for one in written[:SHOWN]])

    def step(self) -> None:
        """Take one step, and measure if it ends at a moment."""
        began = time.thread_time()
        self.loop.take_step()
        self.run.seconds += time.thread_time() - began
        if self.loop.step in self.moments:
            self._measure()


def tune_fully(loaded: LoadedModel, setting: TaskSetting, rows: Sequence[Example] | None = None) -> Tuning:
    """Return a finished run; ``rows`` as for ``Tuning``."""
    made = Tuning(loaded, setting, rows)
    while not made.loop.finished:
        made.step()
    return made


def by_the_words_around(loaded: LoadedModel, pretrained: bool, seed: int) -> dict[str, float]:
    """Return F1 of a tagger (50 sentences, all weights) on what was written by hand, and on the same with every tagged word exchanged.

    What it still finds then (``exchanged``) it finds by the words around and by the place in the sentence; ``own`` is the score
    on the sentences as they are.
    """
    model = tune_fully(loaded, TaskSetting("tag", SIZES[0], "full", pretrained, seed)).model
    written = written_tags()[:WRITTEN]
    found = {}
    for name, sentences in (("own", written), ("exchanged", exchanged(written, seed))):
        rows = [tag_example(loaded, one) for one in sentences]
        found[name] = score("tag", model.says(rows), rows).value
    return found


def guessing(task: Task, rows: Sequence[Example]) -> float:
    """Return what a guess gets: 0 by tagging nothing, a span drawn at random from those of up to three tokens, or 0.5."""
    if task == "tag":
        return 0.0
    if task != "span":
        return 0.5
    chances = []
    for row in rows:
        n = len(row.heads)
        spans = sum(min(3, n - i) for i in range(n))
        short = [gold for gold in row.gold if gold[1] - gold[0] < 3]  # type: ignore[index,union-attr]
        chances.append(len(short) / spans)
    return round(sum(chances) / len(chances), 4)


def shown_rows(loaded: LoadedModel, task: Task) -> list[dict[str, Any]]:
    """Return the first sentences written by hand as a page shows them: tokens, what the head reads, and the label."""
    rows = examples(loaded, task, "written", SHOWN, 0)
    found = []
    for row in rows:
        gold = row.gold
        found.append(
            {
                "text": row.text,
                "second": row.second,
                "tokens": loaded.tokenizer.convert_ids_to_tokens(list(row.input_ids)),
                "heads": list(row.heads),
                "words": list(row.words),
                "offsets": [list(pair) for pair in row.offsets],
                "gold": gold
                if isinstance(gold, int)
                else [list(g) if isinstance(g, tuple) else g for g in gold],
            }
        )
    return found
