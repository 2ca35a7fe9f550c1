"""Direct preference optimization (Rafailov et al. 2023, https://arxiv.org/abs/2305.18290): a language model learns from pairs.

No reward model and no sampling: the loss of a pair is -log σ(β·(Δ chosen - Δ rejected)), where Δ is how much likelier the
model has made a story than the untouched model finds it (equation 7). Only the difference counts, so both may become less
likely; a supervised term on the chosen story (Pang et al. 2024, RPO) holds that up.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from components.lm.alignment.in_parts import InParts
from components.lm.alignment.preferences import write
from components.lm.fine_tuning.loop import Loop, Recipe

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

BETA, RATE, PASSES, BATCH = 0.1, 1e-3, 2, 8
SUPERVISED = 0.5
"""Weight of the supervised term where it is on."""
CHUNK, MEASURED, STORIES_AT_ONCE = 8, 40, 6
"""Pairs asked about at once; pairs on which a moment is measured, at most; stories written at once: a part takes some 0.2 s."""


@dataclass(frozen=True)
class Pair:
    """Token ids of a beginning and of the better and the worse way to go on."""

    beginning: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


@dataclass(frozen=True)
class DpoSetting:
    """``supervised``: weight of the mean loss of the chosen stories' tokens, 0 for plain DPO."""

    supervised: float = 0.0
    seed: int = 0


def dpo_loss(
    chosen: Tensor, rejected: Tensor, chosen_before: Tensor, rejected_before: Tensor, beta: float
) -> Tensor:
    """Return the mean loss of pairs from the log-probabilities (pairs,) of their stories now and before (equation 7)."""
    import torch

    margin = (chosen - chosen_before) - (rejected - rejected_before)
    return -torch.nn.functional.logsigmoid(beta * margin).mean()


def log_probs(model: PreTrainedModel, rows: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Tensor:
    """Return the summed log-probability in nats of each (beginning, story)'s story, (rows,).

    Rows are filled at their right end, which no earlier position can see.
    """
    import torch

    width = max(len(a) + len(b) for a, b in rows)
    ids = torch.tensor([[*a, *b, *[0] * (width - len(a) - len(b))] for a, b in rows])
    own = torch.zeros(len(rows), width - 1, dtype=torch.bool)
    for i, (a, b) in enumerate(rows):
        own[i, len(a) - 1 : len(a) + len(b) - 1] = True
    gpt: Any = model
    hidden = gpt.transformer(input_ids=ids).last_hidden_state[:, :-1]
    scores = gpt.lm_head(hidden[own]).log_softmax(-1)
    each = scores.gather(1, ids[:, 1:][own][:, None])[:, 0]
    return torch.zeros(own.shape).masked_scatter(own, each).sum(1)


def both(pairs: Sequence[Pair]) -> list[tuple[Sequence[int], Sequence[int]]]:
    """Return the rows of pairs, all chosen ones first."""
    found: list[tuple[Sequence[int], Sequence[int]]] = [(p.beginning, p.chosen) for p in pairs]
    return found + [(p.beginning, p.rejected) for p in pairs]


def measured(model: PreTrainedModel, pairs: Sequence[Pair]) -> Tensor:
    """Return the log-probabilities (2, pairs) of chosen and rejected stories, without gradients."""
    import torch

    with torch.inference_mode():
        found = log_probs(model, both(pairs)).view(2, -1)
    return found.clone()  # outside: a tensor that may be part of a loss


@dataclass
class DpoRun:
    """One entry a moment: mean change of the log-probability of chosen and rejected stories, and how the new stories read.

    ``chosen``, ``rejected``: on the pairs of the training. ``held_chosen``, ``held_rejected``: on held-out pairs, if any.
    ``stories``: token ids of what is written after the new beginnings.
    """

    setting: DpoSetting
    pairs: int = 0
    steps: list[int] = field(default_factory=list)
    chosen: list[float] = field(default_factory=list)
    rejected: list[float] = field(default_factory=list)
    held_chosen: list[float] = field(default_factory=list)
    held_rejected: list[float] = field(default_factory=list)
    ranked: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    stories: list[list[list[int]]] = field(default_factory=list)
    seconds: float = 0.0
    measuring: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Preferring(InParts):
    """A model that learns from pairs, a step at a time, with measurements at some steps."""

    def __init__(
        self,
        model: PreTrainedModel,
        pairs: Sequence[Pair],
        setting: DpoSetting,
        *,
        prompts: Sequence[Sequence[int]],
        moments: Sequence[int] | None = None,
        held_out: Sequence[Pair] = (),
        avoid: Sequence[int] = (),
        at_once: int = STORIES_AT_ONCE,
    ) -> None:
        """Begin.

        Args:
            model: the untouched one; it is not changed.
            pairs: to learn from, at least one.
            setting: the term and the seed.
            prompts: after which stories are written at each moment, with the same draws.
            moments: steps at which it is measured; None for the first, the middle and the last.
            held_out: pairs that are only measured.
            avoid: ids that are never drawn, see :func:`components.lm.alignment.preferences.write`.
            at_once: so many stories are written together; the draws depend on it.
        """
        self.model = copy.deepcopy(model).float().eval()
        self.model.requires_grad_(True)
        self._old, self._pairs, self._held, self._prompts, self._avoid = (
            model, list(pairs), list(held_out), prompts, avoid,
        )  # fmt: skip
        self._at_once = at_once
        self.loop = Loop(
            list(self.model.parameters()),
            self._loss,
            len(self._pairs),
            Recipe(RATE, PASSES, BATCH, setting.seed),
        )
        last = self.loop.steps
        self._moments = {0, last // 2, last} if moments is None else {*moments, 0, last}
        self.run: DpoRun = DpoRun(setting, len(self._pairs))
        self._work = self._begin()

    def _loss(self, places: Sequence[int]) -> Tensor:
        some = [self._pairs[i] for i in places]
        now = log_probs(self.model, both(some))
        before = self._reference[:, list(places)]
        n = len(some)
        loss = dpo_loss(now[:n], now[n:], before[0], before[1], BETA)
        weight = self.run.setting.supervised
        if weight:
            loss = loss - weight * now[:n].sum() / sum(len(p.chosen) for p in some)
        return loss

    def _changes(self, pairs: Sequence[Pair], before: list[Tensor]) -> Iterator[Tensor]:
        """Yield the log-probabilities now minus ``before``, a few pairs at a time."""
        for i, old in enumerate(before):
            yield measured(self.model, pairs[i * CHUNK : (i + 1) * CHUNK]) - old

    def _begin(self) -> Iterator[None]:
        """Ask the untouched model how likely every story is, then measure step 0."""
        import torch

        self._before: list[Tensor] = []
        self._held_before: list[Tensor] = []
        for pairs, found in ((self._pairs, self._before), (self._held, self._held_before)):
            for i in range(0, len(pairs), CHUNK):
                began = time.thread_time()
                found.append(measured(self._old, pairs[i : i + CHUNK]))
                if pairs is self._pairs:
                    self.run.seconds += time.thread_time() - began
                yield
        self._reference = torch.cat(self._before, 1)
        yield from self._measure()

    def _measure(self) -> Iterator[None]:
        """Measure this moment, a small part at a time."""
        import torch

        run, began = self.run, time.thread_time()
        some: list[list[float]] = []
        for pairs, before in (
            (self._pairs, self._before[: MEASURED // CHUNK]),
            (self._held, self._held_before),
        ):
            parts = []
            for part in self._changes(pairs, before):
                parts.append(part)
                yield
            moved = torch.cat(parts, 1) if parts else None
            some.append([] if moved is None else [float(x) for x in moved.mean(1)])
            if pairs is self._pairs and moved is not None:
                ranked = float((moved[0] > moved[1]).float().mean())
        stories: list[list[int]] = []
        generator = torch.Generator().manual_seed(0)
        for i in range(0, len(self._prompts), self._at_once):
            stories += write(self.model, self._prompts[i : i + self._at_once], generator, avoid=self._avoid)
            yield
        run.steps.append(self.loop.step)
        run.chosen.append(round(some[0][0], 3))
        run.rejected.append(round(some[0][1], 3))
        run.ranked.append(round(ranked, 4))
        if some[1]:
            run.held_chosen.append(round(some[1][0], 3))
            run.held_rejected.append(round(some[1][1], 3))
        run.stories.append(stories)
        run.measuring += time.thread_time() - began
