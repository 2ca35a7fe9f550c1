"""LoRA (Hu et al. 2021, arXiv:2106.09685): a frozen matrix W and a trained change (α/r)·B·A of rank r.

A starts random and B at zero, so that nothing is changed before the first step (section 4.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

RANK, ALPHA = 4, 8
TARGETS = ("query", "value")
"""The matrices that LoRA changes in the paper's main experiments."""
EVERY = ("query", "key", "value", "output.dense", "intermediate.dense")
"""All six matrices of a BERT block: four of the attention, two of the feed-forward layer."""


def is_target(name: str, targets: Sequence[str]) -> bool:
    """Return whether a module's dotted name ends with one of the targets.

    >>> is_target("encoder.layer.0.attention.output.dense", EVERY), is_target("pooler.dense", EVERY)
    (True, False)
    """
    return any(name == target or name.endswith(f".{target}") for target in targets)


def add_lora(
    body: torch.nn.Module,
    generator: torch.Generator,
    *,
    rank: int = RANK,
    alpha: float = ALPHA,
    targets: Sequence[str] = TARGETS,
) -> list[torch.nn.Parameter]:
    """Freeze a body and put a trained change beside every linear layer whose name is a target; return what is trained."""
    import torch

    body.requires_grad_(False)
    trained: list[torch.nn.Parameter] = []
    for name, module in list(body.named_modules()):
        if isinstance(module, torch.nn.Linear) and is_target(name, targets):
            parent = body.get_submodule(name.rsplit(".", 1)[0])
            changed = _with_change(module, generator, rank, alpha)
            setattr(parent, name.rsplit(".", 1)[-1], changed)
            trained += [changed.A, changed.B]
    return trained


def count(shapes: Sequence[tuple[int, int]], rank: int) -> int:
    """Return how many numbers LoRA trains beside matrices of these shapes: r·(in + out) each.

    >>> count([(192, 192)] * 12, 4)
    18432
    """
    return sum(rank * (one + other) for one, other in shapes)


def _with_change(linear: torch.nn.Linear, generator: torch.Generator, rank: int, alpha: float) -> Any:
    import torch

    class WithChange(torch.nn.Module):
        """A linear layer with a change of low rank beside it."""

        def __init__(self) -> None:
            super().__init__()
            self.linear = linear
            draw = torch.randn(rank, linear.in_features, generator=generator) / math.sqrt(linear.in_features)
            self.A = torch.nn.Parameter(draw)
            self.B = torch.nn.Parameter(torch.zeros(linear.out_features, rank))
            self.scale = alpha / rank

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            low = torch.nn.functional.linear(x, self.A)
            changed: torch.Tensor = self.linear(x) + self.scale * torch.nn.functional.linear(low, self.B)
            return changed

        def merged(self) -> torch.Tensor:
            """W with the change added: what one plain linear layer would hold."""
            return self.linear.weight + self.scale * self.B @ self.A

    return WithChange()


def merge(body: torch.nn.Module) -> None:
    """Add every change to its matrix, so that the body is an ordinary one again."""
    import torch

    for name, module in list(body.named_modules()):
        if hasattr(module, "merged"):
            with torch.no_grad():
                module.linear.weight.copy_(module.merged())
            setattr(body.get_submodule(name.rsplit(".", 1)[0]), name.rsplit(".", 1)[-1], module.linear)
