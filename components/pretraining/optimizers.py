"""Muon for the weight matrices, AdamW for everything else, and the warm-up/stable/decay schedule.

Muon: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/ (momentum made orthogonal by a Newton-Schulz
iteration). Schedule: Hu et al. 2024 (MiniCPM), https://arxiv.org/abs/2404.06395, section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MUON_RATE = {"gpt": 0.02, "bert": 0.01}
ADAMW_RATE = {"gpt": 4e-3, "bert": 3e-3}
# Post-LN wants matrices that stay small beside the residual stream; GPT's pre-LN does not mind.
MATRIX_WEIGHT_DECAY = {"gpt": 0.0, "bert": 0.3}
# What a head looks at is a product of two matrices; shrunk, both soon say nothing and the head looks at all alike.
_NOT_SHRUNK = (".query.", ".key.")
_NOT_MATRICES = ("embeddings", "wte", "wpe", "decoder", "seq_relationship", "lm_head")


@dataclass(frozen=True)
class Schedule:
    """Learning-rate factor as a function of tokens seen: linear up, flat, linear down over the last part."""

    total_tokens: int
    warmup_tokens: int
    decay_share: float = 0.3

    @property
    def decay_start(self) -> int:
        """Tokens after which the rate falls; a checkpoint before this point can be continued."""
        return max(self.warmup_tokens, int(self.total_tokens * (1 - self.decay_share)))

    def factor(self, tokens: int) -> float:
        """Factor in 0…1 for the step that starts after ``tokens`` tokens.

        >>> schedule = Schedule(total_tokens=1000, warmup_tokens=100, decay_share=0.5)
        >>> [round(schedule.factor(t), 2) for t in (0, 50, 100, 500, 750, 1000)]
        [0.01, 0.5, 1.0, 1.0, 0.5, 0.01]
        """
        if tokens < self.warmup_tokens:
            return max(0.01, tokens / self.warmup_tokens)
        if tokens <= self.decay_start:
            return 1.0
        left = self.total_tokens - tokens
        return max(0.01, left / max(1, self.total_tokens - self.decay_start))


def orthogonalize(matrix: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """An approximation of U Vᵀ of ``matrix`` = U S Vᵀ, by the quintic Newton-Schulz iteration of Muon."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum; a fused query-key-value matrix is orthogonalised in its three parts.

    Newton-Schulz runs in bf16 where the hardware multiplies it (``bf16``) and in float32 elsewhere, where bf16
    products are emulated and slow.
    """

    def __init__(
        self,
        params: list[nn.Parameter] | list[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        bf16: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})
        self.bf16 = bf16

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update; ``closure`` is accepted for the interface and not used."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                buffer = state["momentum_buffer"].lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(buffer, group["momentum"])
                if self.bf16:
                    update = update.bfloat16()
                fused = update.size(1) == 3 * update.size(0)
                parts = update.chunk(3, dim=1) if fused else (update,)
                scaled = [
                    orthogonalize(part)
                    * max(1.0, part.size(0) / part.size(1), part.size(1) / part.size(0)) ** 0.5
                    for part in parts
                ]
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(torch.cat(scaled, dim=1).to(parameter.dtype), alpha=-group["lr"])


def build_optimizers(
    model: nn.Module, kind: str, weight_decay: float = 0.0, bf16: bool = False
) -> list[torch.optim.Optimizer]:
    """[Muon over the weight matrices, AdamW over embeddings, heads, norms and biases]; each group knows its
    undecayed rate as ``base_lr``. ``weight_decay`` is for the matrices, without BERT's queries and keys."""
    matrices, kept, others = [], [], []
    for name, parameter in model.named_parameters():
        if parameter.ndim != 2 or any(part in name for part in _NOT_MATRICES):
            others.append(parameter)
        else:
            (kept if any(part in name for part in _NOT_SHRUNK) else matrices).append(parameter)
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]
    optimizers: list[torch.optim.Optimizer] = [
        Muon([group for group in groups if group["params"]], MUON_RATE[kind], bf16=bf16),
        torch.optim.AdamW(others, ADAMW_RATE[kind], betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["base_lr"] = group["lr"]
    return optimizers


def set_rate(optimizers: list[torch.optim.Optimizer], factor: float) -> None:
    """Set every group's rate to ``factor`` times its undecayed rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["base_lr"] * factor
