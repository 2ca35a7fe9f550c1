"""What is left of an old task when a model learns a new one, and what each family of remedies keeps.

The old task is tagging (who is a person, an animal, a place), learned from 400 sentences; the new one is answering questions
from short stories, learned from 300. Each has a head of its own, and the old head stays as it was: only the body under it
changes. The families and their losses:

- ``nothing``: the new task's loss alone.
- ``replay``: every second step also some old examples (strength: how many are kept).
- ``pull``: strength/2 times the squared distance of the weights from the old ones (L2-SP, Li et al. 2018, arXiv:1802.01483).
- ``ewc``: the same, each weight by how much it mattered to the old task (elastic weight consolidation, Kirkpatrick et al.
  2017, arXiv:1612.00796, equation 3): strength/2 · Σ Fᵢ (θᵢ − θ*ᵢ)², with the diagonal Fisher information scaled to mean 1.
- ``features``: strength times the mean squared distance of the last hidden states from the old model's on the new texts
  (after Li and Hoiem 2016, arXiv:1606.09282, who hold the outputs).
- ``lora``: the old weights frozen, a change of low rank beside every matrix (strength: its rank), left on or taken off.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from components.lm.fine_tuning.encoder_tasks import EncoderTask, Example, examples, loop_of, score
from components.lm.fine_tuning.loop import Loop, Recipe, num_steps
from components.lm.fine_tuning.lora import EVERY
from components.lm.fine_tuning.task_runs import GENERATED, WRITTEN

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from components.lm.checkpoints import LoadedModel

Method = Literal["nothing", "replay", "pull", "ewc", "features", "lora"]
STRENGTHS: dict[Method, tuple[float, ...]] = {
    "nothing": (0,),
    "replay": (8, 12, 20, 40, 80),
    "pull": (0.02, 0.06, 0.2, 0.6, 2),
    "ewc": (0.02, 0.06, 0.2, 0.6, 2),
    "features": (0.1, 0.3, 1, 3, 10),
    "lora": (2, 4, 8, 16, 32),
}
"""From weak to strong: old sentences kept, the factor of the added loss, or LoRA's rank."""
METHODS: tuple[Method, ...] = tuple(STRENGTHS)
OLD_EXAMPLES, OLD_RATE, OLD_PASSES = 400, 5e-4, 4
NEW_EXAMPLES, NEW_RATE, NEW_PASSES, LORA_RATE = 300, 1e-3, 6, 3e-3
FISHER_EXAMPLES = 64
REPLAYED = 2
"""Old sentences beside the new batch at every second step."""
STEPS = num_steps(OLD_EXAMPLES, batch=16, passes=OLD_PASSES) + num_steps(
    NEW_EXAMPLES, batch=16, passes=NEW_PASSES
)
"""Of both tasks together."""
MOMENTS = (0, 5, 10, 20, 40, 80, 114)
SHOWN = 3


@dataclass(frozen=True)
class ForgettingSetting:
    """A run: how the old task is kept, how strongly, and where the old task's own training began."""

    method: Method
    strength: float = 0
    pretrained: bool = True
    seed: int = 0


def old_task(loaded: LoadedModel, pretrained: bool, seed: int) -> tuple[EncoderTask, Loop]:
    """Return the old task and its training, which has not begun."""
    task = EncoderTask(loaded, "tag", "full", pretrained=pretrained, seed=seed)
    rows = examples(loaded, "tag", "train", OLD_EXAMPLES, seed)
    return task, loop_of(task, rows, Recipe(OLD_RATE, OLD_PASSES, seed=seed))


def fisher(task: EncoderTask, rows: Sequence[Example]) -> dict[str, Tensor]:
    """Return the diagonal Fisher information of a body's weights, from the labels of the examples, scaled to mean 1.

    One backward pass an example: the mean over examples of the squared gradient, by the name of the weight.
    """
    import torch

    body = task.body
    found = {name: torch.zeros_like(p) for name, p in body.named_parameters()}
    with torch.enable_grad():
        for row in rows:
            body.zero_grad(set_to_none=True)
            task.loss([row]).backward()
            for name, p in body.named_parameters():
                if p.grad is not None:
                    found[name] += p.grad**2 / len(rows)
    body.zero_grad(set_to_none=True)
    task.head.zero_grad(set_to_none=True)
    mean = sum(float(f.sum()) for f in found.values()) / sum(f.numel() for f in found.values())
    return {name: f / max(mean, 1e-30) for name, f in found.items()}


def pull(
    body: torch.nn.Module,
    old: Mapping[str, Tensor],
    strength: float,
    importance: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """Return strength/2 times the summed squared distance of the weights from the old ones, each by its importance."""
    total: Any = 0.0
    for name, p in body.named_parameters():
        squares = (p - old[name]) ** 2
        total = total + (squares if importance is None else importance[name] * squares).sum()
    weighed: Tensor = strength / 2 * total
    return weighed


def feature_distance(states: Tensor, old: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared distance of hidden states (batch, seq, hidden) where the mask (batch, seq) is 1."""
    kept = mask[..., None].to(states.dtype)
    found: Tensor = (((states - old) ** 2) * kept).sum() / (kept.sum() * states.shape[-1])
    return found


@dataclass
class ForgettingRun:
    """What a run came to, one entry a moment: scores as (value, low, high), and what it says of what is in sight.

    ``old`` and ``new`` are on the generator's held-out examples, the others on those written by hand. ``off``: the old task
    with LoRA taken off, at the end. ``moved``: the distance of the weights from the old ones over the size of those.
    """

    setting: ForgettingSetting
    steps: list[int] = field(default_factory=list)
    old: list[tuple[float, float, float]] = field(default_factory=list)
    new: list[tuple[float, float, float]] = field(default_factory=list)
    old_written: list[tuple[float, float, float]] = field(default_factory=list)
    new_written: list[tuple[float, float, float]] = field(default_factory=list)
    said_old: list[list[Any]] = field(default_factory=list)
    said_new: list[list[Any]] = field(default_factory=list)
    off: tuple[float, float, float] | None = None
    moved: float = 0.0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Sequel:
    """The new task learned after the old one, a step at a time."""

    def __init__(self, loaded: LoadedModel, old: EncoderTask, setting: ForgettingSetting) -> None:
        s = self.setting = setting
        self.before = old
        lora = s.method == "lora"
        self.new = EncoderTask(
            loaded,
            "span",
            "lora" if lora else "full",
            pretrained=True,
            seed=s.seed,
            body=old.body,
            size=int(s.strength) if lora else None,
            targets=EVERY,
        )
        self.old = copy.copy(old)
        self.old.body = self.new.body
        self.old.head = copy.deepcopy(old.head).requires_grad_(False)
        self.rows = examples(loaded, "span", "train", NEW_EXAMPLES, s.seed)
        first = examples(loaded, "tag", "train", OLD_EXAMPLES, s.seed)
        self._kept = first[: int(s.strength)] if s.method == "replay" else []
        self._weights = {name: p.detach().clone() for name, p in old.body.named_parameters()}
        self._importance = fisher(old, first[:FISHER_EXAMPLES]) if s.method == "ewc" else None
        recipe = Recipe(LORA_RATE if lora else NEW_RATE, NEW_PASSES, seed=s.seed)
        self.loop = Loop(
            self.new.trained, self._loss, len(self.rows), recipe, [len(r.input_ids) for r in self.rows]
        )
        self._tests = {
            "old": examples(loaded, "tag", "test", GENERATED, 0),
            "new": examples(loaded, "span", "test", GENERATED, 0),
            "old_written": examples(loaded, "tag", "written", WRITTEN, 0),
            "new_written": examples(loaded, "span", "written", WRITTEN, 0),
        }
        self.moments = {min(step, self.loop.steps) for step in MOMENTS} | {self.loop.steps}
        self.run = ForgettingRun(setting)
        self._measure()

    def _loss(self, places: Sequence[int]) -> Any:
        import torch

        s, rows = self.setting, [self.rows[i] for i in places]
        batch = self.new.batch(rows)
        out = self.new.body(**batch)
        loss = self.new.loss(rows, out)
        if self._kept and self.loop.step % 2 == 0:
            drawn = random.Random(f"{s.seed}-replay-{self.loop.step}").sample(self._kept, REPLAYED)
            loss = loss + self.old.loss(drawn)
        if s.method in ("pull", "ewc"):
            loss = loss + pull(self.new.body, self._weights, s.strength, self._importance)
        if s.method == "features":
            with torch.no_grad():
                held = self.before.body(**batch).last_hidden_state
            loss = loss + s.strength * feature_distance(out.last_hidden_state, held, batch["attention_mask"])
        return loss

    def _measure(self) -> None:
        run = self.run
        run.steps.append(self.loop.step)
        for name, rows in self._tests.items():
            task = self.old if name.startswith("old") else self.new
            said = task.says(rows)
            found = score(task.task, said, rows)
            getattr(run, name).append((found.value, found.low, found.high))
            if name.endswith("written"):
                shown = [list(one) if isinstance(one, tuple) else one for one in said[:SHOWN]]
                (run.said_old if task is self.old else run.said_new).append(shown)
        if self.loop.finished:
            self._finish()

    def _finish(self) -> None:
        import torch

        changed = [m for m in self.new.body.modules() if hasattr(m, "merged")]
        if changed:
            with torch.no_grad():
                squares = sum(float((m.merged() - m.linear.weight).pow(2).sum()) for m in changed)
            scales = [m.scale for m in changed]
            for m in changed:
                m.scale = 0.0
            said = self.old.says(self._tests["old"])
            found = score("tag", said, self._tests["old"])
            self.run.off = (found.value, found.low, found.high)
            for m, scale in zip(changed, scales, strict=True):
                m.scale = scale
        else:
            squares = sum(
                float((p.detach() - self._weights[name]).pow(2).sum())
                for name, p in self.new.body.named_parameters()
            )
        whole = sum(float(p.pow(2).sum()) for p in self._weights.values())
        self.run.moved = round((squares / whole) ** 0.5, 4)

    def step(self) -> None:
        """Take one step, and measure if it ends at a moment."""
        began = time.thread_time()
        self.loop.take_step()
        self.run.seconds += time.thread_time() - began
        if self.loop.step in self.moments:
            self._measure()
