"""Many random starts beside the pre-trained one, after the same fine-tuning; and paths of SGD on a slice of the loss.

The histogram: every start learns the same sentences in the same order at the same rate; only the weights it begins with
differ. The paths: plain stochastic gradient descent (Robbins and Monro 1951) from one start with one example a step, a small
batch, or all examples, on a plane through the start and two of the ends. Such a plane is a slice: the loss has as many
dimensions as the model has weights, and the paths lie on it only in part (Li et al. 2018, "Visualizing the Loss Landscape
of Neural Nets"; Hao et al. 2019 draw slices of BERT's).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from components.lm.fine_tuning.encoder_tasks import (
    PASSES,
    EncoderTask,
    Example,
    examples,
    loop_of,
    rate,
    score,
)
from components.lm.fine_tuning.loop import CLIP, Recipe, marks
from components.lm.fine_tuning.task_runs import GENERATED, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from components.lm.checkpoints import LoadedModel

SIZE = 50
MOMENTS = 7
RANDOM_STARTS, PRETRAINED_STARTS = 100, 10
"""Recorded starts: random weights drawn anew, and the pre-trained weights with a new head each."""
SETS = ("train", "generated", "written")


@dataclass
class StartRun:
    """What one start came to, one entry a moment: mean losses in nats a word, and F1 as (value, low, high)."""

    pretrained: bool
    seed: int
    steps: list[int] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    generated: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    f1_generated: list[tuple[float, float, float]] = field(default_factory=list)
    f1_written: list[tuple[float, float, float]] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Sentences:
    """What is learned and what is held out."""

    train: Sequence[Example]
    generated: Sequence[Example]
    written: Sequence[Example]


def sentences(loaded: LoadedModel, size: int = SIZE) -> Sentences:
    """Return the sentences of every run: generated ones for training and for the test, and those written by hand."""
    return Sentences(
        examples(loaded, "tag", "train", size, 0),
        examples(loaded, "tag", "test", GENERATED, 0),
        examples(loaded, "tag", "written", WRITTEN, 0),
    )


def mean_loss(task: EncoderTask, rows: Sequence[Example]) -> float:
    """Return the mean cross entropy over the words of all rows, in nats."""
    import torch

    with torch.inference_mode():
        return round(float(task.loss(rows)), 4)


class Start:
    """One start on its way; ``seed`` draws the weights that are new, the order of the sentences is that of every run."""

    def __init__(
        self, loaded: LoadedModel, *, pretrained: bool, seed: int, texts: Sentences | None = None
    ) -> None:
        self.texts = texts or sentences(loaded)
        self.model = EncoderTask(loaded, "tag", "full", pretrained=pretrained, seed=seed)
        recipe = Recipe(rate("tag", "full", pretrained), PASSES[SIZE], seed=0)
        self.loop = loop_of(self.model, self.texts.train, recipe)
        self.moments = marks(self.loop.steps, MOMENTS)
        self.run = StartRun(pretrained, seed)
        self._measure()

    def _measure(self) -> None:
        run = self.run
        run.steps.append(self.loop.step)
        for name in SETS:
            rows = getattr(self.texts, name)
            getattr(run, name).append(mean_loss(self.model, rows))
            if name != "train":
                found = score("tag", self.model.says(rows), rows)
                getattr(run, f"f1_{name}").append((found.value, found.low, found.high))

    def step(self) -> None:
        """Take one step, and measure if it ends at a moment."""
        began = time.thread_time()
        self.loop.take_step()
        self.run.seconds = round(self.run.seconds + time.thread_time() - began, 4)
        if self.loop.step in self.moments:
            self._measure()


def started_fully(loaded: LoadedModel, *, pretrained: bool, seed: int, texts: Sentences) -> StartRun:
    """Return a finished run."""
    made = Start(loaded, pretrained=pretrained, seed=seed, texts=texts)
    while not made.loop.finished:
        made.step()
    return made.run


# -- the paths of SGD -------------------------------------------------------------------------------------------------

BATCHES = (1, 8, SIZE)
"""Examples a step: one, a few, all."""
SGD_STEPS = 60
SGD_RATE = 0.2
GRID = 25
MARGIN = 0.2
"""Of the paths' extent, around them."""


def drawn_batch(step: int, batch: int, count: int) -> list[int]:
    """Return the places of a step's examples: ``batch`` of ``count``, drawn without putting back; all of them in order.

    >>> drawn_batch(0, 3, 3)
    [0, 1, 2]
    """
    if batch == count:
        return list(range(count))
    return random.Random(f"sgd-{batch}-{step}").sample(range(count), batch)


def descend(task: EncoderTask, rows: Sequence[Example], batch: int, steps: int) -> Iterator[int]:
    """Move the weights of a task by plain SGD (clipped at 1, no momentum, no decay); yields 0, then after every step its number."""
    import torch

    yield 0
    for step in range(steps):
        with torch.enable_grad():
            task.loss([rows[i] for i in drawn_batch(step, batch, len(rows))]).backward()
        torch.nn.utils.clip_grad_norm_(task.trained, CLIP)
        with torch.no_grad():
            for p in task.trained:
                if p.grad is not None:
                    p.sub_(p.grad, alpha=SGD_RATE)
                    p.grad = None
        yield step + 1


def flat(task: EncoderTask) -> torch.Tensor:
    """Return all trained weights as one vector."""
    import torch

    return torch.cat([p.detach().flatten() for p in task.trained])


@dataclass(frozen=True)
class Plane:
    """A slice: ``start`` and two directions of length one at right angles, each (weights,)."""

    start: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor

    def place(self, weights: torch.Tensor) -> tuple[float, float, float]:
        """Return where weights fall on the plane, and how far they are from it."""
        moved = weights - self.start
        x, y = float(moved @ self.x), float(moved @ self.y)
        away = float(moved @ moved) - x * x - y * y
        return x, y, max(0.0, away) ** 0.5

    def at(self, x: float, y: float) -> torch.Tensor:
        """Return the weights of a place."""
        return self.start + x * self.x + y * self.y


def plane_through(start: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> Plane:
    """Return the plane through three places; its x goes from ``start`` to ``first``.

    Raises:
        ValueError: the three stand on one line.
    """
    x = first - start
    x = x / x.norm()
    y = second - start
    y = y - (y @ x) * x
    if float(y.norm()) < 1e-6:
        raise ValueError("no plane: three places on one line")
    return Plane(start, x, y / y.norm())


def put(task: EncoderTask, weights: torch.Tensor) -> None:
    """Give a task these weights."""
    import torch

    at = 0
    with torch.no_grad():
        for p in task.trained:
            p.copy_(weights[at : at + p.numel()].view_as(p))
            at += p.numel()


def paths_of(
    loaded: LoadedModel, pretrained: bool, texts: Sentences, *, seed: int = 0, steps: int = SGD_STEPS
) -> tuple[Plane, list[dict[str, Any]]]:
    """Return the plane through the start and the ends of "all" and "one", and every path on it.

    A path is walked twice: once for its end, once, with the plane known, for its places. Each has ``batch``, ``places`` of
    (x, y, distance from the plane) and the ``losses`` of its sentences and ``held_out``, one a step, and ``share``, how much of the
    squared distance from start to end lies on the plane.
    """

    def fresh() -> EncoderTask:
        return EncoderTask(loaded, "tag", "full", pretrained=pretrained, seed=seed)

    ends = []
    for batch in (BATCHES[-1], BATCHES[0]):
        task = fresh()
        for _ in descend(task, texts.train, min(batch, len(texts.train)), steps):
            pass
        ends.append(flat(task))
    plane = plane_through(flat(fresh()), *ends)
    found: list[dict[str, Any]] = []
    for batch in BATCHES:
        task, places, losses, held_out = fresh(), [], [], []
        for _ in descend(task, texts.train, min(batch, len(texts.train)), steps):
            places.append([round(v, 4) for v in plane.place(flat(task))])
            losses.append(mean_loss(task, texts.train))
            held_out.append(mean_loss(task, texts.generated))
        x, y, away = places[-1]
        share = (x * x + y * y) / max(x * x + y * y + away * away, 1e-12)
        found.append(
            {
                "batch": batch,
                "places": places,
                "losses": losses,
                "held_out": held_out,
                "share": round(share, 4),
            }
        )
    return plane, found


def extent(paths: Sequence[dict[str, Any]]) -> tuple[float, float, float]:
    """Return the middle (x, y) of the paths of one start, and the side of the square that holds them with a margin."""
    places = np.array([place[:2] for path in paths for place in path["places"]])
    low, high = places.min(0), places.max(0)
    middle = (low + high) / 2
    return float(middle[0]), float(middle[1]), float((high - low).max() * (1 + 2 * MARGIN))


def slice_of(
    task: EncoderTask,
    plane: Plane,
    middle: tuple[float, float],
    side: float,
    texts: Sentences,
    *,
    grid: int = GRID,
    tell: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Return the losses on a square of the plane: rows from low y to high, places from low x to high. Moves the task's weights."""
    offsets = np.linspace(-side / 2, side / 2, grid)
    train, held_out = [], []
    for dy in offsets:
        line: list[list[float]] = [[], []]
        for dx in offsets:
            put(task, plane.at(middle[0] + float(dx), middle[1] + float(dy)))
            line[0].append(mean_loss(task, texts.train))
            line[1].append(mean_loss(task, texts.generated))
            tell()
        train.append(line[0])
        held_out.append(line[1])
    return {
        "middle": [round(v, 4) for v in middle],
        "side": round(side, 4),
        "losses": train,
        "held_out": held_out,
    }
