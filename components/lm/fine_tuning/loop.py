"""One training loop for every fine-tuning of this app: AdamW, a warm-up of a tenth, a linear decay, clipping at 1.

It takes one step at a time, so that a page can stop between two steps, go on later, and draw what it has. The order of
the examples depends on the seed and on the pass alone, so stopping and going on gives the numbers of an uninterrupted run.
(The recipe is that of Devlin et al. 2019, A.3, and Radford et al. 2018, 4.1: few passes, small batches, a decaying rate.)

>>> num_steps(140, batch=16, passes=6)
54
>>> [round(rate_at(step, 10), 2) for step in range(10)]
[1.0, 1.0, 0.89, 0.78, 0.67, 0.56, 0.44, 0.33, 0.22, 0.11]
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

WARMUP_SHARE = 0.1
CLIP = 1.0
WEIGHT_DECAY = 0.01


def num_steps(examples: int, *, batch: int, passes: int) -> int:
    """Return how many steps ``passes`` over the examples take."""
    return math.ceil(examples / batch) * passes


def rate_at(step: int, steps: int) -> float:
    """Return the share of the peak rate at a step counted from 0: up in a tenth of the steps, then down to zero."""
    warm = max(1, int(steps * WARMUP_SHARE))
    return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


@dataclass(frozen=True)
class Recipe:
    """How a run is trained; ``rate`` is the peak of AdamW's."""

    rate: float
    passes: int
    batch: int = 16
    seed: int = 0


def batches(
    examples: int, recipe: Recipe, turn: int, lengths: Sequence[int] | None = None
) -> list[list[int]]:
    """Return the batches of one pass over the examples, shuffled by seed and pass; with ``lengths``, of nearly like length."""
    rng = random.Random(f"{recipe.seed}-{turn}")
    order = list(range(examples))
    rng.shuffle(order)
    if lengths is not None:
        order.sort(key=lambda i: lengths[i] + 6 * rng.random())
    cut = [order[i : i + recipe.batch] for i in range(0, examples, recipe.batch)]
    if lengths is not None:
        rng.shuffle(cut)
    return cut


class Loop:
    """A training in progress: ``step`` steps of ``steps`` are done."""

    def __init__(
        self,
        parameters: Sequence[Parameter],
        loss: Callable[[Sequence[int]], Tensor],
        examples: int,
        recipe: Recipe,
        lengths: Sequence[int] | None = None,
    ) -> None:
        """Begin.

        Args:
            parameters: what is trained; everything else is left as it is.
            loss: the mean loss of a batch, given the places of its examples.
            examples: how many there are.
            recipe: rate, passes, batch size and seed.
            lengths: of the examples in tokens, to put like lengths into one batch.
        """
        import torch

        self.parameters = list(parameters)
        self.recipe, self.step = recipe, 0
        self.steps = num_steps(examples, batch=recipe.batch, passes=recipe.passes)
        self._loss, self._examples, self._lengths = loss, examples, lengths
        self._per_pass = math.ceil(examples / recipe.batch)
        self._batches: tuple[int, list[list[int]]] = (-1, [])
        self._optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.rate, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98)
        )

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return self.step >= self.steps

    def batch(self) -> list[int]:
        """Return the places of the examples of the next step."""
        turn, place = divmod(self.step, self._per_pass)
        if self._batches[0] != turn:
            self._batches = (turn, batches(self._examples, self.recipe, turn, self._lengths))
        return self._batches[1][place]

    def take_step(self) -> float:
        """Take the next step and return its loss before the step."""
        parts = self.step_in_parts()
        while True:
            try:
                next(parts)
            except StopIteration as done:
                return float(done.value)

    def step_in_parts(self) -> Generator[None, None, float]:
        """Take the next step with a pause after the loss and one after its gradient; returns the loss before the step."""
        import torch

        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate * rate_at(self.step, self.steps)
        with torch.enable_grad():
            loss = self._loss(self.batch())
        yield
        loss.backward()
        yield
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())


def marks(steps: int, count: int) -> list[int]:
    """Return the steps at which a run is measured: 0, the last, and evenly between, at most ``count`` of them.

    >>> marks(54, 10)
    [0, 6, 12, 18, 24, 30, 36, 42, 48, 54]
    """
    return sorted({round(i * steps / (count - 1)) for i in range(count)})
