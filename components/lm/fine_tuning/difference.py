"""What a training changed, as a safetensors file that says in its header what it is and how it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

if TYPE_CHECKING:
    import torch

    from components.lm.fine_tuning.encoder_tasks import EncoderTask


def as_safetensors(tensors: Mapping[str, Any], card: Mapping[str, str]) -> bytes:
    """Return tensors in half precision with a card in the file's metadata (``safe_open(...).metadata()``)."""
    half = {name: np.ascontiguousarray(x, "<f2") for name, x in tensors.items()}
    content: bytes = save(half, metadata=dict(card))
    return content


def trained_difference(task: EncoderTask, before: torch.nn.Module) -> dict[str, Any]:
    """Return what was trained of a task's body and head, by name.

    Parts that were added (LoRA's A and B, adapters, the head) as they are; weights that were there before as the difference
    to ``before``, a body of the same kind.
    """
    old = dict(before.named_parameters())
    trained = {id(p) for p in task.trained}
    found = {}
    for name, p in task.body.named_parameters():
        if id(p) in trained:
            value = p.detach()
            was = old.get(name)
            found[f"bert.{name}"] = (value if was is None else value - was.detach()).numpy()
    return found | {f"head.{name}": p.detach().numpy() for name, p in task.head.named_parameters()}
