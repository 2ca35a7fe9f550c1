"""Adapters (Houlsby et al. 2019, arXiv:1902.00751): a frozen model, and small trained layers inside each block.

An adapter maps width d down to m, through a GELU, and up to d again, and is added to what it got. Two sit in each block,
after the projection of the attention and after that of the feed-forward layer, before the residual sum (figure 2). The
layer norms are trained too. Here the way up starts at zero, so that nothing is changed before the first step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.lm.fine_tuning.lora import is_target

if TYPE_CHECKING:
    import torch

BOTTLENECK = 8
"""m, the width in the middle."""
PLACES = ("attention.output.dense", "output.dense")


def add_adapters(
    body: torch.nn.Module, generator: torch.Generator, *, bottleneck: int = BOTTLENECK
) -> list[torch.nn.Parameter]:
    """Freeze a body, put two adapters into each block, and return what is trained: adapters and layer norms."""
    import torch

    body.requires_grad_(False)
    trained: list[torch.nn.Parameter] = []
    for name, module in list(body.named_modules()):
        if isinstance(module, torch.nn.LayerNorm):
            trained += module.parameters()
        elif isinstance(module, torch.nn.Linear) and is_target(name, PLACES):
            adapted = _adapted(module, generator, bottleneck)
            setattr(body.get_submodule(name.rsplit(".", 1)[0]), name.rsplit(".", 1)[-1], adapted)
            trained += [*adapted.down.parameters(), *adapted.up.parameters()]
    for parameter in trained:
        parameter.requires_grad_(True)
    return trained


def count(width: int, layers: int, bottleneck: int = BOTTLENECK, *, norms: int | None = None) -> int:
    """Return how many numbers are trained: 2md + d + m an adapter (section 2.1), 2d a layer norm.

    ``norms``: how many layer norms there are; BERT has two in each block and one after the embeddings.

    >>> count(192, 6, 8)
    44256
    """
    adapter = 2 * bottleneck * width + width + bottleneck
    return 2 * layers * adapter + 2 * width * (2 * layers + 1 if norms is None else norms)


def _adapted(linear: torch.nn.Linear, generator: torch.Generator, bottleneck: int) -> Any:
    import torch

    class Adapted(torch.nn.Module):
        """A linear layer and the adapter behind it."""

        def __init__(self) -> None:
            super().__init__()
            self.linear = linear
            self.down = torch.nn.Linear(linear.out_features, bottleneck)
            self.up = torch.nn.Linear(bottleneck, linear.out_features)
            with torch.no_grad():
                draw = torch.randn(self.down.weight.shape, generator=generator)
                self.down.weight.copy_(draw / linear.out_features**0.5)
                for zero in (self.down.bias, self.up.weight, self.up.bias):
                    zero.zero_()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.linear(x)
            added: torch.Tensor = h + self.up(torch.nn.functional.gelu(self.down(h)))
            return added

    return Adapted()
