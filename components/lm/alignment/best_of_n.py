"""The other way to more reward: write n texts, keep the best one, and leave the weights alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.lm.alignment import kl, rewards
from components.lm.alignment.reinforce import (
    HELD_OUT,
    MEASURED_TOKENS,
    RewardSetting,
    beginnings_of,
    end_of,
    said,
)

if TYPE_CHECKING:
    from components.lm.alignment.judge import Judge
    from components.lm.checkpoints import LoadedModel

SIZES = (1, 2, 4, 8, 16, 32)
DRAWN = 64
"""Texts written after every held-out beginning; the mean over all choices of n of them is exact."""


def curve(
    loaded: LoadedModel, setting: RewardSetting, drawn: int = DRAWN, judge: Judge | None = None
) -> list[dict[str, Any]]:
    """Return, for every n, the mean reward of the best of n texts over the held-out beginnings.

    ``kl`` is the formula log n − (n − 1)/n, not a measurement; the expectation over the choice of n of the written texts is exact.
    """
    import torch

    generator = torch.Generator().manual_seed(setting.seed)
    paid: list[list[float]] = []
    for start, beginning in zip(HELD_OUT, beginnings_of(loaded, HELD_OUT), strict=True):
        texts = kl.write(
            loaded.model, [beginning] * drawn, new_tokens=MEASURED_TOKENS, end=end_of(loaded), generator=generator
        )  # fmt: skip
        written = [said(loaded, text) for text in texts.written]
        paid.append(
            [setting.pays(text) for text in written]
            if judge is None
            else judge.scores([start] * drawn, written)
        )
    return [
        {
            "n": n,
            "kl": round(rewards.best_of_kl(n), 4),
            "reward": round(sum(rewards.best_of(one, n) for one in paid) / len(paid), 3),
        }
        for n in SIZES
        if n <= drawn
    ]
