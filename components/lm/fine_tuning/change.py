"""What fine-tuning did to each weight matrix, and what is left of it when the change is cut to few directions.

The change of a matrix is what it is after training minus what it was before. Its best approximation of rank r are the
first r terms of its singular value decomposition (Eckart and Young 1936): two thin matrices B (out, r) and A (r, in), as in
LoRA (Hu et al. 2021), which trains such a pair from the start. To cut afterwards and to train as LoRA are two things.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from components.lm.fine_tuning.encoder_tasks import EncoderTask, Example, Way, examples, score
from components.lm.fine_tuning.lora import EVERY, TARGETS
from components.lm.fine_tuning.task_runs import SHOWN, TaskSetting, Tuning

if TYPE_CHECKING:
    import torch

    from components.lm.checkpoints import LoadedModel

KINDS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
}
"""The six matrices of a block of BERT, by the names of transformers."""
ALL = -1
RANKS = (0, 1, 2, 4, 8, 16, ALL)
"""Directions kept in every matrix; ``ALL`` is the trained model as it is."""
STORED = 16
LORA_RANKS = (1, 2, 4, 8, 16)
SIZE = 200
ADAM_BYTES = 12
"""Of a trained number in float32: its gradient and Adam's two moments."""

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Directions:
    """The first directions of one matrix's change, largest first.

    ``b`` (out, r) holds the singular values too, ``a`` is (r, in): their product is the change cut to rank r. ``values``
    are all singular values; ``relative`` is the change's size over the matrix's, both as roots of summed squares.
    """

    layer: int
    kind: str
    b: Array
    a: Array
    values: Array
    relative: float

    def share(self, rank: int) -> float:
        """Return the share of the change's summed squares in the first ``rank`` directions; 1 for ``ALL``."""
        squares = self.values**2
        return 1.0 if rank == ALL else float(squares[:rank].sum() / max(squares.sum(), 1e-30))


def directions(before: Array, after: Array, layer: int, kind: str, keep: int = STORED) -> Directions:
    """Return the directions of ``after - before`` (out, in)."""
    change = after - before
    u, values, v = np.linalg.svd(change, full_matrices=False)
    size = float(np.linalg.norm(change) / np.linalg.norm(before))
    return Directions(layer, kind, u[:, :keep] * values[:keep], v[:keep], values, size)


def matrices(body: torch.nn.Module) -> Iterator[tuple[int, str, torch.nn.Parameter]]:
    """Yield layer, kind and weight (out, in) of every matrix of a BERT's blocks."""
    blocks: Any = body.get_submodule("encoder.layer")
    for layer, block in enumerate(blocks):
        for kind, path in KINDS.items():
            yield layer, kind, block.get_submodule(path).weight


def changes(before: torch.nn.Module, after: torch.nn.Module) -> list[Directions]:
    """Return the change of every matrix between two bodies."""
    return [
        directions(old.detach().numpy(), new.detach().numpy(), layer, kind, min(old.shape))
        for (layer, kind, old), (_, _, new) in zip(matrices(before), matrices(after), strict=True)
    ]


def cut(task: EncoderTask, before: torch.nn.Module, found: Sequence[Directions], rank: int) -> EncoderTask:
    """Return the trained task with every matrix's change cut to ``rank``; embeddings, biases, norms and head as trained."""
    import torch

    made = copy.copy(task)
    made.body = copy.deepcopy(task.body)
    if rank == ALL:
        return made
    with torch.no_grad():
        for (_, _, old), (_, _, new), one in zip(matrices(before), matrices(made.body), found, strict=True):
            new.copy_(old + torch.from_numpy(one.b[:, :rank] @ one.a[:rank]))
    return made


@dataclass(frozen=True)
class Measured:
    """Scores as (value, low, high) on sentences written by hand and generated, and what is said of those in sight."""

    written: tuple[float, float, float]
    generated: tuple[float, float, float]
    said: list[Any]


def measure(task: EncoderTask, written: Sequence[Example], generated: Sequence[Example]) -> Measured:
    """Return what a tagger is worth."""
    said, other = task.says(written), task.says(generated)
    one, two = score("tag", said, written), score("tag", other, generated)
    return Measured((one.value, one.low, one.high), (two.value, two.low, two.high), said[:SHOWN])


Targets = Literal["attention", "every"]
TARGET_NAMES: dict[Targets, tuple[str, ...]] = {"attention": TARGETS, "every": EVERY}


@dataclass(frozen=True)
class ChangeSetting:
    """A training: what is trained, and for LoRA its rank and matrices, for adapters their width in the middle (0: none)."""

    way: Way
    size: int = 0
    targets: Targets = "attention"
    pretrained: bool = True
    seed: int = 0
    examples: int = SIZE


SETTINGS: tuple[ChangeSetting, ...] = (
    ChangeSetting("full"),
    *(ChangeSetting("lora", rank, where) for where in TARGET_NAMES for rank in LORA_RANKS),
    *(ChangeSetting("adapter", width) for width in (2, 8, 32)),
    ChangeSetting("head"),
)
"""The recorded trainings, each also from random weights."""


def tuning(loaded: LoadedModel, setting: ChangeSetting) -> Tuning:
    """Return a training that has not begun, on generated sentences."""
    s = setting
    model = EncoderTask(
        loaded,
        "tag",
        s.way,
        pretrained=s.pretrained,
        seed=s.seed,
        size=s.size or None,
        targets=TARGET_NAMES[s.targets],
    )
    rows = examples(loaded, "tag", "train", s.examples, s.seed)
    return Tuning(loaded, TaskSetting("tag", s.examples, s.way, s.pretrained, s.seed), rows, model)


def kept_bytes(task: EncoderTask, rows: Sequence[Example]) -> int:
    """Return how many bytes a step on these examples keeps from the way forward for the way back, weights left out."""
    import torch

    weights = {p.untyped_storage().data_ptr() for p in (*task.body.parameters(), *task.head.parameters())}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = task.loss(rows)
    del loss
    return sum(kept.values())


def trained_fully(loaded: LoadedModel, setting: ChangeSetting) -> tuple[Tuning, dict[str, Any]]:
    """Return a finished training, and what a page shows of it as plain data."""
    made = tuning(loaded, setting)
    kept = kept_bytes(made.model, made.rows[: made.loop.recipe.batch])
    while not made.loop.finished:
        made.step()
    run = made.run
    return made, {
        "setting": asdict(setting),
        "steps": run.steps,
        "written": run.written,
        "generated": run.generated,
        "said": run.said,
        "seconds": round(run.seconds, 2),
        "trained": run.trained,
        "of": run.of,
        "adam_bytes": ADAM_BYTES * run.trained,
        "kept_bytes": kept,
    }


def embeddings_put_back(task: EncoderTask, before: torch.nn.Module) -> tuple[EncoderTask, float]:
    """Return the trained task with its word embeddings as they were before, and how much those had changed."""
    made = copy.copy(task)
    made.body = copy.deepcopy(task.body)
    name = "embeddings.word_embeddings.weight"
    old, new = (body.get_parameter(name).detach() for body in (before, task.body))
    made.body.get_parameter(name).data.copy_(old)
    return made, float((new - old).norm() / old.norm())
