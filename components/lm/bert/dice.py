"""Throwing BERT's dice on one text: one draw, thousands of draws, epochs.

The sampler itself is ``masking.py`` (Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 3.1 and appendix
A.1); here it is asked the questions of a lesson: what are the shares after n draws, and what has a model seen of a
text after some epochs when the draws are prepared once (static) or made anew (dynamic; Liu et al. 2019,
https://arxiv.org/abs/1907.11692, section 4.1).

>>> recipe = Recipe()
>>> [round(share, 4) for share in recipe.shares().values()]
[0.12, 0.015, 0.015]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from components.lm.bert.masking import (
    MASK_REPLACE_PROB,
    MLM_PROBABILITY,
    RANDOM_REPLACE_PROB,
    Action,
    MaskedTokens,
    choose_spans,
    choose_tokens,
    choose_whole_words,
    corrupt_tokens,
    draws_over_epochs,
)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Strategy = Literal["tokens", "words", "spans"]
STRATEGIES: tuple[Strategy, ...] = ("tokens", "words", "spans")

BERT_STATIC_COPIES = 10  # Liu et al. 2019, section 4.1: each sequence was masked in 10 ways over 40 epochs
DRAWS_AT_ONCE = 2_000


class Maskable(Protocol):
    """What the dice need to know of a text; see ``mlm.MaskableText``."""

    @property
    def input_ids(self) -> Ints: ...
    @property
    def special(self) -> Bools: ...
    @property
    def blank(self) -> Bools: ...
    @property
    def word_ids(self) -> tuple[int | None, ...]: ...
    @property
    def mask_token_id(self) -> int: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def first_random_id(self) -> int: ...


@dataclass(frozen=True)
class Recipe:
    """One way of corrupting a text. All numbers are shares in 0…1; the rest of the chosen tokens is kept."""

    mlm_probability: float = MLM_PROBABILITY
    mask_replace_prob: float = MASK_REPLACE_PROB
    random_replace_prob: float = RANDOM_REPLACE_PROB
    strategy: Strategy = "tokens"

    @property
    def kept_prob(self) -> float:
        """Share of the chosen tokens that stay as they are."""
        return max(0.0, 1.0 - self.mask_replace_prob - self.random_replace_prob)

    def shares(self) -> dict[Action, float]:
        """Expected share of all ordinary tokens in each case."""
        rate = self.mlm_probability
        return {
            Action.MASKED: rate * self.mask_replace_prob,
            Action.RANDOM: rate * self.random_replace_prob,
            Action.KEPT: rate * self.kept_prob,
        }


def draw(
    text: Maskable, recipe: Recipe, *, seed: int | Sequence[int], num_draws: int = 1
) -> tuple[MaskedTokens, Ints | None]:
    """Choose and corrupt ``num_draws`` times: arrays (draws, seq), and the span of each token for spans.

    Special tokens are never chosen, nor are blanks whose token is not known.
    """
    rng = np.random.default_rng(seed)
    off = text.special | text.blank
    span_ids: Ints | None = None
    if recipe.strategy == "tokens":
        chosen = choose_tokens(off, recipe.mlm_probability, seed=rng, num_draws=num_draws)
    else:
        words = [None if closed else word for word, closed in zip(text.word_ids, off, strict=True)]
        if recipe.strategy == "words":
            chosen = choose_whole_words(words, recipe.mlm_probability, seed=rng, num_draws=num_draws)
        else:
            chosen, span_ids = choose_spans(words, recipe.mlm_probability, seed=rng, num_draws=num_draws)
    masked = corrupt_tokens(
        text.input_ids,
        chosen,
        mask_token_id=text.mask_token_id,
        vocab_size=text.vocab_size,
        mask_replace_prob=recipe.mask_replace_prob,
        random_replace_prob=recipe.random_replace_prob,
        first_random_id=text.first_random_id,
        span_ids=span_ids,
        seed=rng,
    )
    return masked, span_ids


# --- Many draws -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settled:
    """Running counts over many draws of one text.

    Attributes:
        tokens: ordinary tokens of the text; after n draws n x tokens have been looked at.
        draws: after how many draws the counts below were taken, rising; the last is all of them.
        counts: per case, the count up to each of ``draws``.
    """

    tokens: int
    draws: tuple[int, ...]
    counts: Mapping[Action, tuple[int, ...]]

    def share(self, action: Action, at: int = -1) -> float:
        """Share of all ordinary tokens that met this case, up to ``draws[at]``."""
        looked_at = self.tokens * self.draws[at]
        return self.counts[action][at] / looked_at if looked_at else 0.0

    def chosen(self, at: int = -1) -> int:
        """How many tokens were chosen up to ``draws[at]``."""
        return sum(counts[at] for counts in self.counts.values())


def settle(text: Maskable, recipe: Recipe, *, num_draws: int, seed: int, points: int = 60) -> Settled:
    """Draw ``num_draws`` times and keep the running counts at about ``points`` places, evenly on a log scale.

    Raises:
        ValueError: fewer than one draw.
    """
    if num_draws < 1:
        raise ValueError("num_draws must be at least 1")
    ticks = np.unique(np.round(np.geomspace(1, num_draws, points)).astype(np.int64))
    cases = (Action.MASKED, Action.RANDOM, Action.KEPT)
    per_draw: dict[Action, list[npt.NDArray[np.int64]]] = {action: [] for action in cases}
    for part, start in enumerate(range(0, num_draws, DRAWS_AT_ONCE)):
        size = min(DRAWS_AT_ONCE, num_draws - start)
        masked, _ = draw(text, recipe, seed=seed if part == 0 else [seed, part], num_draws=size)
        for action in cases:
            per_draw[action].append((masked.actions == action).sum(axis=-1))
    running = {action: np.cumsum(np.concatenate(parts)) for action, parts in per_draw.items()}
    return Settled(
        tokens=int((~(text.special | text.blank)).sum()),
        draws=tuple(int(t) for t in ticks),
        counts={action: tuple(int(c) for c in total[ticks - 1]) for action, total in running.items()},
    )


# --- Epochs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a model has met of one text after some epochs.

    Attributes:
        actions: (epochs, seq), values of ``Action``.
        draw_of_epoch: (epochs,), which draw each epoch read.
        ordinary: (seq,), true where a token can be chosen.
    """

    actions: npt.NDArray[np.int8]
    draw_of_epoch: Ints
    ordinary: Bools

    @property
    def predicted(self) -> Ints:
        """How often each position was predicted, (seq,)."""
        return np.asarray((self.actions != Action.NOT_CHOSEN).sum(axis=0), np.int64)

    @property
    def coverage(self) -> float:
        """Share of the ordinary tokens that were predicted at least once."""
        n = int(self.ordinary.sum())
        return float((self.predicted[self.ordinary] > 0).sum() / n) if n else 0.0

    @property
    def different(self) -> int:
        """How many different inputs the model has read."""
        return len(np.unique(self.draw_of_epoch))


def seen_after(
    text: Maskable, recipe: Recipe, *, num_epochs: int, static_copies: int | None, seed: int
) -> Seen:
    """The draws of each epoch: the same few again and again (static), or a new one each time (dynamic)."""
    which = draws_over_epochs(num_epochs, static_copies)
    masked, _ = draw(text, recipe, seed=seed, num_draws=int(which.max()) + 1)
    return Seen(masked.actions[which], which, ~(text.special | text.blank))


# --- Spans ----------------------------------------------------------------------------------------------------------


def span_lengths(text: Maskable, recipe: Recipe, *, seed: int, num_draws: int) -> dict[int, int]:
    """How often spans of each length (in words) were drawn; neighbouring spans are told apart."""
    _, span_ids = draw(text, recipe, seed=seed, num_draws=num_draws)
    if span_ids is None:
        raise ValueError("the recipe does not draw spans")
    words = np.array([-1 if word is None else word for word in text.word_ids])
    first_piece = np.concatenate([[True], words[1:] != words[:-1]])
    inside = (span_ids >= 0) & first_piece
    rows, _ = np.nonzero(inside)
    _, sizes = np.unique(np.stack([rows, span_ids[inside]]), axis=1, return_counts=True)
    lengths, counts = np.unique(sizes, return_counts=True)
    return {int(length): int(count) for length, count in zip(lengths, counts, strict=True)}
