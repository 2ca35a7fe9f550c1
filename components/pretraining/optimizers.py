"""Muon for the weight matrices, AdamW for everything else, and the warm-up/stable/decay schedule.

Muon: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/ (momentum made orthogonal by a Newton-Schulz
iteration). Schedule: Hu et al. 2024 (MiniCPM), https://arxiv.org/abs/2404.06395, section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MUON_RATE = {"gpt": 0.02, "bert": 0.01, "albert": 0.01}
ADAMW_RATE = {"gpt": 4e-3, "bert": 3e-3, "albert": 3e-3}
# Post-LN wants matrices that stay small beside the residual stream; GPT's pre-LN does not mind.
MATRIX_WEIGHT_DECAY = {"gpt": 0.0, "bert": 0.3, "albert": 0.3}
# What a head looks at is a product of two matrices; shrunk, both soon say nothing and the head looks at all alike.
_NOT_SHRUNK = (".query.", ".key.")
_NOT_MATRICES = (
    "embeddings",
    "wte",
    "wpe",
    "decoder",
    "seq_relationship",
    "sop_classifier",
    "lm_head",
    "dense_prediction",
)


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


def orthogonalize(matrices: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """An approximation of U Vᵀ of each of ``matrices`` (..., rows, columns) = U S Vᵀ, by the quintic Newton-Schulz
    iteration of Muon. The result has the shape and type of ``matrices``."""
    a, b, c = 3.4445, -4.7750, 2.0315
    shape = matrices.shape
    x = matrices.reshape(-1, *shape[-2:])
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.size(-2) > x.size(-1)
    if tall:
        x = x.mT
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(shape)


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum; a fused query-key-value matrix is orthogonalised in its three parts.

    Matrices of one shape are done together. Newton-Schulz runs in bf16 where the hardware multiplies it (``bf16``) and in float32 elsewhere, where bf16
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
        by_shape: dict[
            tuple[int, int], list[torch.Tensor]
        ] = {}  # wide, so that a tall one is done with its like
        owners: dict[tuple[int, int], list[nn.Parameter]] = {}
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
                for part in update.chunk(3, dim=1) if fused else (update,):
                    wide = part.mT if part.size(0) > part.size(1) else part
                    shape = (wide.size(0), wide.size(1))
                    by_shape.setdefault(shape, []).append(wide)
                    owners.setdefault(shape, []).append(parameter)
        done: dict[nn.Parameter, list[torch.Tensor]] = {}
        for shape, updates in by_shape.items():
            scaled = orthogonalize(torch.stack(updates)) * (shape[1] / shape[0]) ** 0.5
            for parameter, part in zip(owners[shape], scaled, strict=True):
                done.setdefault(parameter, []).append(part)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter not in done:
                    continue
                parts = [p if p.size(0) == parameter.size(0) else p.mT for p in done[parameter]]
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(torch.cat(parts, dim=1).to(parameter.dtype), alpha=-group["lr"])


def build_optimizers(
    model: nn.Module, kind: str, weight_decay: float = 0.0, bf16: bool = False
) -> list[torch.optim.Optimizer]:
    """[Muon over the weight matrices, AdamW over embeddings, heads, norms and biases]; each group knows its
    undecayed rate as ``base_lr``. ``weight_decay`` is for the matrices, without BERT's queries and keys."""
    matrices: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
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
