"""A model that stays as it is, and only its layers are mixed: ELMo's way to use one (Peters et al. 2018, equation 1).

Every word is read once by the frozen model; the vectors of all its layers are kept. A task sees γ · Σ s_k · h_k, the layers
mixed by shares s = softmax(w), and a new linear layer reads the tag from it. The w may be set by hand (γ is then 1), or
be learned with the layer. ELMo's layers are those of two LSTMs; here they are the embeddings and the blocks of a BERT.

>>> [round(share, 3) for share in shares((5, 5, 5, 5, 5, 5, 5))][:2]
[0.143, 0.143]
>>> round(shares((10, 0, 0, 0, 0, 0, 0))[0], 4)
0.9997
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from components.lm.fine_tuning.encoder_tasks import (
    EncoderTask,
    Example,
    Said,
    examples,
    labelled_words,
    score,
)
from components.lm.fine_tuning.generative import draw_anew
from components.lm.fine_tuning.loop import Loop, Recipe
from components.lm.fine_tuning.sentences import TAGS
from components.lm.fine_tuning.task_runs import GENERATED, SHOWN, WRITTEN, TaskSetting, tune_fully

if TYPE_CHECKING:
    from torch import Tensor

    from components.lm.checkpoints import LoadedModel

SIZES = (50, 200)
SEEDS = (0, 1, 2)
SETS = ("labelled", "new", "written")
"""Held-out sentences: generated with words that had a label in training; generated with others; written by hand."""
STEPS = 300
RATE = 1e-2
FASTER = 10
"""Times the rate of the new layer: that of w and γ, which would hardly move in ``STEPS`` steps otherwise."""
MOMENTS = (0, 5, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300)
"""Steps at which learned shares are measured: dense where they move."""
NEUTRAL, TOP = 5, 10
"""A fader goes from 0 to ``TOP``; its w is what it stands above ``NEUTRAL``."""


def shares(faders: Sequence[float]) -> list[float]:
    """Return the share of each layer: softmax of the faders' w."""
    weights = [math.exp(fader - NEUTRAL) for fader in faders]
    return [one / sum(weights) for one in weights]


def even(layers: int) -> tuple[int, ...]:
    """Return the faders of the same share for all layers."""
    return (NEUTRAL,) * layers


def only(layer: int, layers: int) -> tuple[int, ...]:
    """Return the faders that leave one layer."""
    return tuple(TOP if k == layer else 0 for k in range(layers))


def presets(layers: int) -> list[tuple[int, ...]]:
    """Return the mixes that are recorded: the even one, and each layer alone."""
    return [even(layers), *(only(k, layers) for k in range(layers))]


@dataclass(frozen=True)
class Features:
    """What the frozen model made of every word: by set, ``train`` first, its sentences and states (words, layers, width)."""

    rows: Mapping[str, Sequence[Example]]
    states: Mapping[str, Tensor]
    seconds: float

    @property
    def layers(self) -> int:
        """Embeddings and blocks."""
        return int(self.states["train"].shape[1])


def numbers_trained(layers: int, width: int) -> int:
    """Return how many numbers a learned mix trains: w, γ, and the new layer.

    >>> numbers_trained(7, 192)
    780
    """
    return layers + 1 + (width + 1) * len(TAGS)


def rows_of(loaded: LoadedModel, size: int, seed: int) -> dict[str, list[Example]]:
    """Return the sentences for training, which the generator makes, and every held-out set.

    Those of ``labelled`` are not in training, but each of their persons, animals and places had its label there.
    """
    train = examples(loaded, "tag", "train", size, seed)
    known, seen = labelled_words(train), {row.text for row in train}
    others = examples(loaded, "tag", "train", 10 * GENERATED, seed + 1000)
    labelled = [row for row in others if row.text not in seen and labelled_words([row]) <= known]
    return {
        "train": train,
        "labelled": labelled[:GENERATED],
        "new": examples(loaded, "tag", "test", GENERATED, 0),
        "written": examples(loaded, "tag", "written", WRITTEN, 0),
    }


def states_of(task: EncoderTask, rows: Sequence[Example], batch: int = 32) -> Tensor:
    """Return the hidden states of every word's first piece (words, layers, width), embeddings first."""
    import torch

    found = []
    for i in range(0, len(rows), batch):
        part = rows[i : i + batch]
        with torch.inference_mode():
            layers = torch.stack(task.body(**task.batch(part), output_hidden_states=True).hidden_states)
        found += [layers[:, place, list(row.heads)] for place, row in enumerate(part)]
    return torch.cat(found, 1).transpose(0, 1).clone()


def features(loaded: LoadedModel, size: int, *, pretrained: bool, seed: int) -> Features:
    """Read all sentences once; ``pretrained`` False with weights drawn anew."""
    began = time.thread_time()
    task = EncoderTask(loaded, "tag", "head", pretrained=pretrained, seed=seed)
    rows = rows_of(loaded, size, seed)
    states = {name: states_of(task, some) for name, some in rows.items()}
    return Features(rows, states, time.thread_time() - began)


@dataclass
class MixRun:
    """What a mix came to, one entry a moment: shares of the layers, γ, the loss before the step, scores as (value, low, high)."""

    steps: list[int] = field(default_factory=list)
    shares: list[list[float]] = field(default_factory=list)
    gamma: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    labelled: list[tuple[float, float, float]] = field(default_factory=list)
    new: list[tuple[float, float, float]] = field(default_factory=list)
    written: list[tuple[float, float, float]] = field(default_factory=list)
    said: list[list[Any]] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Mixing:
    """A linear layer on a mix of the kept states, in training: every step sees all words."""

    def __init__(
        self, kept: Features, faders: Sequence[int] | None, *, seed: int, steps: int = STEPS
    ) -> None:
        """Begin.

        Args:
            kept: the states.
            faders: one a layer, or None to learn the shares and γ, from an even mix and 1.
            seed: of the new layer.
            steps: to take in all.
        """
        import torch

        self.kept, self.learns = kept, faders is None
        generator = torch.Generator().manual_seed(seed + 1000)
        self.head = torch.nn.Linear(kept.states["train"].shape[2], len(TAGS))
        draw_anew(self.head, generator)
        w = [0.0] * kept.layers if faders is None else [float(fader - NEUTRAL) for fader in faders]
        self._w, self._gamma = (
            torch.nn.Parameter(begun / FASTER, requires_grad=self.learns)
            for begun in (torch.tensor(w), torch.ones(()))
        )
        self._gold = torch.tensor([tag for row in kept.rows["train"] for tag in row.gold])  # type: ignore[union-attr]
        self._fixed = None if self.learns else self.mixed("train")
        count = len(kept.rows["train"])
        trained = [*self.head.parameters(), *([self._w, self._gamma] if self.learns else [])]
        self.loop = Loop(trained, lambda _: self._loss(), count, Recipe(RATE, steps, batch=count, seed=seed))
        self.moments = [m for m in MOMENTS if m < steps] + [steps] if self.learns else [steps]
        self.run = MixRun()
        if self.learns:
            self._measure()

    @property
    def share(self) -> Tensor:
        """The share of each layer now (layers,)."""
        return (FASTER * self._w).softmax(0)

    @property
    def gamma(self) -> Tensor:
        """The scale of the mix now."""
        return FASTER * self._gamma

    def learned(self) -> dict[str, Any]:
        """Return what was trained, as arrays: ``share`` (layers,), ``gamma`` (), and the new layer's weight and bias."""
        kept = {
            "share": self.share,
            "gamma": self.gamma,
            "head.weight": self.head.weight,
            "head.bias": self.head.bias,
        }
        return {name: x.detach().numpy() for name, x in kept.items()}

    def mixed(self, name: str) -> Tensor:
        """Return γ · Σ s_k · h_k of every word of a set: (words, width)."""
        import torch

        return self.gamma * torch.einsum("nkd,k->nd", self.kept.states[name], self.share)

    def _loss(self) -> Tensor:
        import torch

        x = self.mixed("train") if self._fixed is None else self._fixed
        return torch.nn.functional.cross_entropy(self.head(x), self._gold)

    def says(self, name: str) -> list[Said]:
        """Return the tag of every word of a set, by sentence."""
        import torch

        with torch.no_grad():
            best = self.head(self.mixed(name)).argmax(-1).tolist()
        found: list[Said] = []
        at = 0
        for row in self.kept.rows[name]:
            found.append(best[at : at + len(row.heads)])
            at += len(row.heads)
        return found

    def _measure(self) -> None:
        import torch

        run = self.run
        run.steps.append(self.loop.step)
        run.shares.append([round(float(s), 4) for s in self.share.detach()])
        run.gamma.append(round(float(self.gamma.detach()), 4))
        with torch.no_grad():
            run.loss.append(round(float(self._loss()), 4))
        for name in SETS:
            said, rows = self.says(name), self.kept.rows[name]
            found = score("tag", said, rows)
            getattr(run, name).append((found.value, found.low, found.high))
            if name == "written":
                run.said.append(said[:SHOWN])

    def step(self) -> None:
        """Take one step, and measure if it ends at a moment."""
        began = time.thread_time()
        self.loop.take_step()
        self.run.seconds += time.thread_time() - began
        if self.loop.step in self.moments:
            self._measure()


def mix_fully(
    kept: Features, faders: Sequence[int] | None, *, seed: int, steps: int = STEPS
) -> dict[str, Any]:
    """Return a finished run; with faders set by hand it holds its end alone."""
    made = Mixing(kept, faders, seed=seed, steps=steps)
    while not made.loop.finished:
        made.step()
    made.run.seconds = round(made.run.seconds, 2)
    return made.run.as_json()


def tuned(loaded: LoadedModel, kept: Features, *, pretrained: bool, seed: int) -> dict[str, Any]:
    """Return what fine-tuning of everything comes to on the same sentences: scores by set, and what it says."""
    size = len(kept.rows["train"])
    made = tune_fully(loaded, TaskSetting("tag", size, "full", pretrained, seed), kept.rows["train"])
    found: dict[str, Any] = {"seconds": round(made.run.seconds, 2), "trained": made.run.trained}
    for name in SETS:
        said = made.model.says(kept.rows[name])
        one = score("tag", said, kept.rows[name])
        found[name] = (one.value, one.low, one.high)
        if name == "written":
            found["said"] = said[:SHOWN]
    return found
