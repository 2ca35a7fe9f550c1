"""Train a small GPT to read codes from its prompt (:mod:`components.lm.gpt.word_codes`), step by step.

The model is GPT-2's architecture (Radford et al. 2019), 2 layers, 4 heads, width 96, 0.24 million parameters. Two
things are set before training, and both are trained like the rest:

- position embeddings begin as sines and cosines, and
- heads 0 and 1 of layer 0 begin by looking one and two places back.

Without that start nothing had come after 2 million tokens in our trials: a head that finds "what followed the earlier
copy" needs another that has already moved a word one place on (the induction head of Olsson et al. 2022,
arXiv:2209.11895), and neither is worth anything alone.

>>> trainer = Trainer(Settings(width=32, batch_size=2, total_tokens=1_000))
>>> round(trainer.take_step(), 1) > 3
True
>>> trainer.tokens
258
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.lm import checkpoints

checkpoints.import_torch()  # before the imports below: from several threads at once they can fail halfway, for as long as the server runs

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402

from components.lm.gpt.small_gpt2 import BASE, Weights, forward  # noqa: E402
from components.lm.gpt.word_codes import BEGIN, CONTEXT, END, TOKENS_PER_PAIR, VOCABULARY, training_prompts  # noqa: E402

LOOK_BACK = (-1, -2)
"""Where the first heads of layer 0 begin to look, in places."""
_HEAD_GAIN = 1.5


@dataclass(frozen=True)
class Settings:
    """What makes a training what it is. Rates are those of Muon (matrices) and of AdamW (everything else)."""

    seed: int = 0
    total_tokens: int = 5_000_000
    warmup_tokens: int = 50_000
    decay_share: float = 0.3
    batch_size: int = 16
    width: int = 96
    num_layers: int = 2
    num_heads: int = 4
    matrix_rate: float = 0.02
    rate: float = 4e-3

    @property
    def tokens_per_step(self) -> int:
        """Tokens a step reads."""
        return self.batch_size * CONTEXT

    @property
    def num_steps(self) -> int:
        """Steps until the budget is used."""
        return -(-self.total_tokens // self.tokens_per_step)

    def factor(self, tokens: int) -> float:
        """The learning rate as a share of its full value: up, flat, and down over the last part (Hu et al. 2024)."""
        if tokens < self.warmup_tokens:
            return max(0.01, tokens / self.warmup_tokens)
        start = self.total_tokens * (1 - self.decay_share)
        return (
            1.0 if tokens <= start else max(0.01, (self.total_tokens - tokens) / (self.total_tokens - start))
        )


def config(settings: Settings) -> dict[str, Any]:
    """The ``config.json`` by which ``transformers`` loads this model."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": len(VOCABULARY),
        "n_positions": CONTEXT,
        "n_embd": settings.width,
        "n_layer": settings.num_layers,
        "n_head": settings.num_heads,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "bos_token_id": VOCABULARY.index(BEGIN),
        "eos_token_id": VOCABULARY.index(END),
    }


def start_weights(settings: Settings) -> dict[str, Tensor]:
    """The weights before training: small outputs, no residual yet, waves for positions, two heads that look back.

    The same seed gives the same numbers.
    """
    dice = torch.Generator().manual_seed(settings.seed)
    width, head_dim = settings.width, settings.width // settings.num_heads

    def normal(rows: int, columns: int, std: float) -> Tensor:
        return torch.randn(rows, columns, generator=dice) * std

    def norm(scale: float = 1.0) -> dict[str, Tensor]:
        return {"weight": torch.full((width,), scale), "bias": torch.zeros(width)}

    half = width // 2
    frequencies = torch.pi * (torch.arange(half) + 0.5) / half
    angles = torch.arange(CONTEXT)[:, None] * frequencies
    parts: dict[str, dict[str, Tensor]] = {
        "wte": {"weight": normal(len(VOCABULARY), width, 0.5)},
        "wpe": {"weight": torch.cat([angles.sin(), angles.cos()], 1)},
    }
    small = width**-0.5
    for layer in range(settings.num_layers):
        fused = normal(width, 3 * width, small)  # queries | keys | values
        for head, offset in enumerate(LOOK_BACK if layer == 0 else ()):
            query, key = _looking_back(frequencies, head_dim, offset, dice)
            fused[:, head * head_dim : (head + 1) * head_dim] = query
            fused[:, width + head * head_dim : width + (head + 1) * head_dim] = key
        parts |= {
            f"h.{layer}.ln_1": norm(),
            f"h.{layer}.attn.c_attn": {"weight": fused, "bias": torch.zeros(3 * width)},
            f"h.{layer}.attn.c_proj": {"weight": torch.zeros(width, width), "bias": torch.zeros(width)},
            f"h.{layer}.ln_2": norm(),
            f"h.{layer}.mlp.c_fc": {
                "weight": normal(width, 4 * width, small),
                "bias": torch.zeros(4 * width),
            },
            f"h.{layer}.mlp.c_proj": {"weight": torch.zeros(4 * width, width), "bias": torch.zeros(width)},
        }
    # The table of words also writes the answer: it is read large, so what comes before it is made small.
    parts["ln_f"] = norm(small)
    return {f"{BASE}{part}.{name}": tensor for part, own in parts.items() for name, tensor in own.items()}


def _looking_back(
    frequencies: Tensor, head_dim: int, offset: int, dice: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(query, key), each (width, head_dim): the query at position i equals the key at i + ``offset``.

    With sines and cosines for positions a step of ``offset`` is a rotation of each pair of waves.
    """
    half = len(frequencies)
    chosen = torch.randperm(half, generator=dice)[: head_dim // 2]
    columns = torch.arange(len(chosen))
    turn = frequencies[chosen] * offset
    query, key = torch.zeros(2 * half, head_dim), torch.zeros(2 * half, head_dim)
    key[chosen, 2 * columns] = key[half + chosen, 2 * columns + 1] = _HEAD_GAIN
    query[chosen, 2 * columns] = query[half + chosen, 2 * columns + 1] = _HEAD_GAIN * turn.cos()
    query[half + chosen, 2 * columns] = _HEAD_GAIN * turn.sin()
    query[chosen, 2 * columns + 1] = -_HEAD_GAIN * turn.sin()
    return query, key


def answers_loss(weights: Weights, input_ids: Tensor, num_heads: int) -> Tensor:
    """Mean loss, in nats, of the words after the arrows of some prompts; ``input_ids`` is (prompt, 1 + 4 x pairs)."""
    logits, _ = forward(weights, input_ids, num_heads=num_heads, answers=slice(2, None, TOKENS_PER_PAIR))
    return cross_entropy(logits.flatten(0, 1), input_ids[:, 3::TOKENS_PER_PAIR].flatten())


class Trainer:
    """A model in training. Everything random is a function of (seed, step): a saved state holds no generator."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.weights = {name: tensor.requires_grad_() for name, tensor in start_weights(settings).items()}
        self.step = 0
        self._optimizers = self._make_optimizers()

    @property
    def tokens(self) -> int:
        """Tokens read so far."""
        return self.step * self.settings.tokens_per_step

    @property
    def finished(self) -> bool:
        """Whether the budget is used."""
        return self.step >= self.settings.num_steps

    def _make_optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices (Jordan et al. 2024), AdamW for tables, norms and biases.

        The table of words is larger, and the last norm smaller, than AdamW's rate was meant for by sqrt(width).
        """
        s = self.settings
        scaled = {f"{BASE}wte.weight": s.width**0.5, f"{BASE}ln_f.weight": s.width**-0.5}
        matrices, others = [], []
        for name, parameter in self.weights.items():
            if parameter.ndim == 2 and "wte" not in name and "wpe" not in name:
                matrices.append(parameter)
            else:
                others.append({"params": [parameter], "lr": s.rate * scaled.get(name, 1.0)})
        found: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=s.matrix_rate, weight_decay=0.0),
            torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        for optimizer in found:
            for group in optimizer.param_groups:
                group["full"] = group["lr"]
        return found

    def take_step(self) -> float:
        """Read one batch, move the weights, and return the mean loss of its answers in nats."""
        s = self.settings
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full"] * s.factor(self.tokens)
        ids = torch.from_numpy(training_prompts(s.seed, self.step, s.batch_size).token_ids())
        with torch.enable_grad():
            loss = answers_loss(self.weights, ids, s.num_heads)
            torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """Everything needed to go on: pass it to :meth:`load`."""
        return {
            "step": self.step,
            "weights": {name: tensor.detach().clone() for name, tensor in self.weights.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        with torch.no_grad():
            for name, tensor in self.weights.items():
                tensor.copy_(state["weights"][name])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step = int(state["step"])
