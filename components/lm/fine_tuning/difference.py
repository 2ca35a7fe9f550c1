"""What a training changed, as a safetensors file that says in its header what it is and how it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from safetensors.numpy import save

if TYPE_CHECKING:
    import torch


class Tuned(Protocol):
    """A body with a new head, and what of both was trained."""

    @property
    def body(self) -> torch.nn.Module:
        """The layers that were there before, and what was added to them."""

    @property
    def head(self) -> torch.nn.Module:
        """The new part."""

    @property
    def trained(self) -> Sequence[torch.nn.Parameter]:
        """What training may change."""


def as_safetensors(tensors: Mapping[str, Any], card: Mapping[str, str]) -> bytes:
    """Return tensors in half precision with a card in the file's metadata (``safe_open(...).metadata()``)."""
    half = {name: np.ascontiguousarray(x, "<f2") for name, x in tensors.items()}
    content: bytes = save(half, metadata=dict(card))
    return content


def whole_difference(model: torch.nn.Module, before: torch.nn.Module) -> dict[str, Any]:
    """Return what was added to every weight of a model, by its name there; ``before`` is the model as it was."""
    old = dict(before.named_parameters())
    return {name: (p.detach() - old[name].detach()).numpy() for name, p in model.named_parameters()}


def trained_difference(task: Tuned, before: torch.nn.Module, name: str = "bert") -> dict[str, Any]:
    """Return what was trained of a task's body and head, by name; the body's begin with ``name``.

    Parts that were added (LoRA's A and B, adapters, the head) as they are; weights that were there before as the difference
    to ``before``, a body of the same kind.
    """
    old = dict(before.named_parameters())
    trained = {id(p) for p in task.trained}
    found = {}
    for path, p in task.body.named_parameters():
        if id(p) in trained:
            value = p.detach()
            was = old.get(path)
            found[f"{name}.{path}"] = (value if was is None else value - was.detach()).numpy()
    return found | {f"head.{path}": p.detach().numpy() for path, p in task.head.named_parameters()}
