"""From logits to one token: temperature, top-k, top-p, and the draw, with every intermediate number kept.

A language model ends in one number per vocabulary entry, the logits. Choosing the next token from them takes
a few small steps, and this module returns each step as data so that it can be drawn:

1. ``probs``: softmax of the logits, what the model says.
2. ``tempered``: softmax of ``logits / temperature`` (Ackley, Hinton and Sejnowski 1985, "A learning algorithm
   for Boltzmann machines", section 2).
3. The cut: top-k keeps the k highest (Fan et al. 2018, "Hierarchical Neural Story Generation",
   arXiv:1805.04833, section 5.1), then top-p keeps the smallest set of the rest that holds the mass p
   (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751, section 3.1).
4. ``final``: what was kept, divided by its mass, so that it sums to 1 again.
5. The choice: the highest (greedy), or the token that a random number u in [0, 1) lands on.

The order and the edge cases of 2 and 3 are those of ``transformers`` (``TemperatureLogitsWarper``,
``TopKLogitsWarper``, ``TopPLogitsWarper`` with ``min_tokens_to_keep=1``, in float32):

- top-k keeps every token that ties with the k-th, so it can keep more than k;
- top-p goes up from the least probable token and removes while the running sum is at most ``1 - top_p``. Among
  equally probable tokens on that border the lower ids go first. (``transformers`` sorts there with an unstable
  sort, so which of the tied tokens it removes can differ between machines; how many it removes does not.)
- ``top_k=0`` and ``top_p=1`` mean off, as in ``generate``; at least one token always stays.

Greedy decoding ignores temperature, top-k and top-p, as ``generate(do_sample=False)`` does: ``tempered`` equals
``probs`` and only the highest token is kept. A temperature of 0 is greedy decoding.

Numbers are float64 except the logits and what decides the cut (float32, as in ``transformers``). No torch.

>>> logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
>>> stages = decoding_stages(logits, SamplingSettings(top_k=3, top_p=0.7))
>>> [round(float(p), 3) for p in stages.final]  # top-k removed the fourth, top-p the third
[0.625, 0.375, 0.0, 0.0]
>>> choose(stages, u=0.7).token_id  # 0.7 lies beyond the first token's 0.625
1
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Cut = Literal["top_k", "top_p", "greedy"]
How = Literal["greedy", "sample", "hand", "tie"]

_LN2 = math.log(2.0)
# Names this use of the generator, so that no other use of the same seed shares its numbers ("GLASSBOX").
_STREAM = int.from_bytes(b"GLASSBOX", "big")


@dataclass(frozen=True)
class SamplingSettings:
    """What the reader sets: greedy or sampling, temperature, top-k, top-p, and the seed.

    ``temperature`` is finite and not negative (0 means greedy); ``top_k`` is 0 (off) or more; ``top_p`` lies in
    [0, 1] (1 is off). ``seed`` is any integer. Other values raise ``ValueError``.
    """

    do_sample: bool = True
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"temperature must be a finite number of at least 0, not {self.temperature}")
        if self.top_k < 0:
            raise ValueError(f"top_k must be at least 0 (0 is off), not {self.top_k}")
        if not 0 <= self.top_p <= 1:
            raise ValueError(f"top_p must lie between 0 and 1 (1 is off), not {self.top_p}")

    @property
    def greedy(self) -> bool:
        """True if the highest token is taken and the other settings play no part."""
        return not self.do_sample or self.temperature == 0


@dataclass(frozen=True)
class Stages:
    """All intermediate numbers of one choice. Every array has shape (vocab_size,)."""

    settings: SamplingSettings
    logits: NDArray[np.float32]
    weights: NDArray[np.float64]  # exp(logits - max), the numerators of the softmax
    total: float  # their sum
    tempered_weights: NDArray[np.float64]  # the same after division by the temperature
    tempered_total: float
    kept: NDArray[np.bool_]  # what the cut left
    top_k_kept: NDArray[np.bool_] | None  # what top-k alone left; None if top-k is off
    kept_count: int
    kept_mass: float  # share of the tempered probability that was kept
    log_z: float  # log of the sum of exp(logits), in nats
    tempered_log_z: float  # the same for logits / temperature
    entropy_bits: float  # of the model's softmax
    tempered_entropy_bits: float

    @cached_property
    def probs(self) -> NDArray[np.float64]:
        """The model's softmax."""
        return self.weights / self.total

    @cached_property
    def tempered(self) -> NDArray[np.float64]:
        """The softmax after temperature."""
        return self.tempered_weights / self.tempered_total

    @cached_property
    def final(self) -> NDArray[np.float64]:
        """What is drawn from: ``tempered`` with the cut tokens at 0, summing to 1 again."""
        return np.where(self.kept, self.tempered_weights, 0.0) / (self.tempered_total * self.kept_mass)

    def cut_by(self, token_id: int) -> Cut | None:
        """The rule that removed this token, or None if it was kept."""
        if self.kept[token_id]:
            return None
        if self.settings.greedy:
            return "greedy"
        if self.top_k_kept is not None and not self.top_k_kept[token_id]:
            return "top_k"
        return "top_p"

    def rank(self, token_id: int) -> int:
        """Place of the token by the model's logits, 1 for the highest; ties by id."""
        value = self.logits[token_id]
        ahead = np.count_nonzero(self.logits > value) + np.count_nonzero(self.logits[:token_id] == value)
        return int(ahead) + 1

    def surprisal_bits(self, token_id: int) -> float:
        """-log2 of the model's own probability of the token (before any setting)."""
        return (self.log_z - float(self.logits[token_id])) / _LN2


@dataclass(frozen=True)
class Choice:
    """The token taken, and how. ``low`` to ``high`` is its part of the cumulative bar that ``u`` fell into.

    For a greedy token and one taken by hand or for a tie ``u``, ``low`` and ``high`` are None.
    """

    token_id: int
    how: How
    u: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class StepTrace:
    """One step in few numbers, enough for a browser to draw all three stages.

    For a listed token with logit x: the model's probability is ``exp(x - log_z)``, after temperature
    ``exp(x / temperature - tempered_log_z)`` with the quotient rounded to float32 (``Math.fround`` in a browser;
    it matters only for temperatures near 0), and if it was kept, finally that divided by ``kept_mass``. (With
    greedy decoding ``temperature`` reads 1.) The three ``rest_*`` are the tokens that are not listed.
    """

    position: int  # tokens before the chosen one
    token_ids: tuple[int, ...]  # the top n, the model's first choice first
    logits: tuple[float, ...]
    cut_by: tuple[Cut | None, ...]
    temperature: float
    log_z: float
    tempered_log_z: float
    kept_count: int
    kept_mass: float
    rest_prob: float
    rest_tempered: float
    rest_final: float
    rest_kept_count: int
    vocab_size: int
    chosen: Choice
    chosen_rank: int
    chosen_logit: float
    chosen_cut_by: Cut | None  # a token taken by hand may be one that the cut removed
    entropy_bits: float
    tempered_entropy_bits: float
    surprisal_bits: float

    @property
    def logprob(self) -> float:
        """Natural logarithm of the model's probability of the chosen token."""
        return self.chosen_logit - self.log_z

    @property
    def prob(self) -> float:
        """The model's probability of the chosen token."""
        return math.exp(self.logprob)

    def probs_of(self, logit: float) -> tuple[float, float]:
        """Probability of a token with this logit: by the model, and after temperature."""
        tempered = _divided(logit, self.temperature) - self.tempered_log_z
        return math.exp(logit - self.log_z), math.exp(min(0.0, tempered))

    @property
    def tempered_prob(self) -> float:
        """Probability of the chosen token after temperature."""
        return self.probs_of(self.chosen_logit)[1]

    @property
    def final_prob(self) -> float:
        """Probability of the chosen token in the distribution that was drawn from; 0 if it had been cut."""
        return 0.0 if self.chosen_cut_by else min(1.0, self.tempered_prob / self.kept_mass)


def random_number(seed: int, position: int) -> float:
    """The random number u in [0, 1) that belongs to a seed and a position in the text.

    A pure function of both (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11: the
    Philox generator turns a key and a counter into random bits). It does not matter how many tokens were
    generated before, in how many goes, or on which branch: a link that carries the seed shows the same text.
    Seeds count modulo 2**64.

    >>> random_number(1, 5) == random_number(1, 5), random_number(1, 5) == random_number(1, 6)
    (True, False)
    """
    if position < 0:
        raise ValueError(f"position must be at least 0, not {position}")
    key = np.array([seed % 2**64, _STREAM], dtype=np.uint64)  # a plain list of large integers becomes floats
    generator = np.random.Philox(key=key, counter=np.array([0, position, 0, 0], dtype=np.uint64))
    return (int(generator.random_raw()) >> 11) * 2.0**-53  # the top 53 bits fill a float64 exactly


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Softmax over one vector of shape (vocab_size,), in float64; safe for large values and -inf."""
    weights, total, _, _ = _weights(np.asarray(logits, dtype=np.float64))
    return weights / total


def entropy_bits(probs: ArrayLike) -> float:
    """Entropy in bits (Shannon 1948, section 6): how many yes-no questions the next token is worth.

    >>> entropy_bits([0.25, 0.25, 0.25, 0.25])
    2.0
    """
    p = np.asarray(probs, dtype=np.float64)
    p = p[p > 0]
    return max(0.0, float(-(p * np.log2(p)).sum()))


def surprisal_bits(logits: ArrayLike, token_id: int) -> float:
    """-log2 of the softmax probability of ``token_id``; infinite if its logit is -inf.

    >>> surprisal_bits([0.0, 0.0, 0.0, 0.0], 2)
    2.0
    """
    x = np.asarray(logits, dtype=np.float64)
    _, _, log_z, _ = _weights(x)
    return (log_z - float(x[token_id])) / _LN2


def decoding_stages(logits: ArrayLike, settings: SamplingSettings) -> Stages:
    """All stages for logits of shape (vocab_size,).

    Raises ``ValueError`` for an empty vector, for NaN, for +inf, or if no logit is finite.
    """
    x = np.ascontiguousarray(logits, dtype=np.float32)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"logits must have shape (vocab_size,), not {x.shape}")
    if not math.isfinite(float(x.max())):  # max is NaN if any is NaN
        raise ValueError("logits must be numbers below infinity, and at least one above minus infinity")
    weights, total, log_z, entropy = _weights(x.astype(np.float64))
    if settings.greedy:
        kept = np.zeros(x.size, dtype=np.bool_)
        best = int(x.argmax())  # the lowest id wins a tie, as in transformers
        kept[best] = True
        return Stages(
            settings, x, weights, total, weights, total, kept, None, 1, float(weights[best]) / total,
            log_z, log_z, entropy, entropy,
        )  # fmt: skip
    if settings.temperature == 1:
        scaled, t_weights, t_total, t_log_z, t_entropy = x, weights, total, log_z, entropy
    else:
        scaled, shift = _tempered_logits(x, settings.temperature)
        t_weights, t_total, t_log_z, t_entropy = _weights(scaled.astype(np.float64))
        t_log_z += shift
    kept, top_k_kept = _cut(scaled, settings.top_k, settings.top_p)
    kept_count = int(np.count_nonzero(kept))
    kept_mass = 1.0 if kept_count == x.size else float((t_weights * kept).sum()) / t_total
    return Stages(
        settings, x, weights, total, t_weights, t_total, kept, top_k_kept, kept_count, kept_mass,
        log_z, t_log_z, entropy, t_entropy,
    )  # fmt: skip


def choose(stages: Stages, u: float | None = None) -> Choice:
    """The token that the settings take: the highest, or the one that ``u`` in [0, 1) lands on.

    The kept tokens lie side by side on [0, 1), the most probable first and ties by id, each as wide as its
    ``final`` probability; the one whose part contains ``u`` is taken (sampling by inverting the cumulative
    distribution). ``u`` is needed only for sampling.
    """
    if stages.settings.greedy:
        return Choice(int(stages.logits.argmax()), "greedy")
    if u is None or not 0 <= u < 1:
        raise ValueError(f"u must lie in [0, 1), not {u}")
    kept_total = stages.kept_mass * stages.tempered_total
    target = u * kept_total
    # The number nearly always lands among the most probable; sorting all of the vocabulary can wait until not.
    limit = 256
    while True:
        order = _descending(stages.logits, stages.kept, limit)
        cumulative = np.cumsum(stages.tempered_weights[order])
        index = int(np.searchsorted(cumulative, target, side="right"))
        if index < len(order) or len(order) == stages.kept_count:
            break
        limit *= 16
    if index == len(order):  # u so near 1 that rounding of the sum carried it past the end
        index = int(np.searchsorted(cumulative, cumulative[-1], side="left"))
    low = float(cumulative[index - 1]) / kept_total if index else 0.0
    high = min(1.0, float(cumulative[index]) / kept_total)
    return Choice(int(order[index]), "sample", u, low, high)


def take(stages: Stages, token_id: int) -> Choice:
    """The token the reader picked by hand. Raises ``ValueError`` if the vocabulary does not have it."""
    if not 0 <= token_id < stages.logits.size:
        raise ValueError(f"token id {token_id} is not in the vocabulary of {stages.logits.size}")
    return Choice(int(token_id), "hand")


def step_trace(
    logits: ArrayLike, settings: SamplingSettings, position: int, *, token_id: int | None = None, n: int = 20
) -> StepTrace:
    """One step from logits already computed: the stages, the choice, and the numbers a page draws.

    ``position`` is the number of tokens before the chosen one; with ``settings.seed`` it fixes the random
    number. ``token_id`` takes that token by hand instead.
    """
    stages = decoding_stages(logits, settings)
    if token_id is not None:
        chosen = take(stages, token_id)
    elif settings.greedy:
        chosen = choose(stages)
    else:
        chosen = choose(stages, random_number(settings.seed, position))
    order = _first(stages, n)
    token_ids = order.tolist()
    rest_kept = _rest_kept(stages, order)
    rest_prob, rest_tempered, rest_final = _rests(stages, _listed(stages, order), rest_kept)
    return StepTrace(
        position=position,
        token_ids=tuple(token_ids),
        logits=tuple(stages.logits[order].tolist()),
        cut_by=tuple(stages.cut_by(token_id) for token_id in token_ids),
        temperature=1.0 if settings.greedy else settings.temperature,
        log_z=stages.log_z,
        tempered_log_z=stages.tempered_log_z,
        kept_count=stages.kept_count,
        kept_mass=stages.kept_mass,
        rest_prob=rest_prob,
        rest_tempered=rest_tempered,
        rest_final=rest_final,
        rest_kept_count=rest_kept,
        vocab_size=stages.logits.size,
        chosen=chosen,
        chosen_rank=stages.rank(chosen.token_id),
        chosen_logit=float(stages.logits[chosen.token_id]),
        chosen_cut_by=stages.cut_by(chosen.token_id),
        entropy_bits=stages.entropy_bits,
        tempered_entropy_bits=stages.tempered_entropy_bits,
        surprisal_bits=stages.surprisal_bits(chosen.token_id),
    )


def _weights(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float, float]:
    """exp(x - max), their sum, log of the sum of exp(x), and the entropy in bits."""
    top = float(x.max())
    shifted = x - top
    weights = np.exp(shifted)
    total = float(weights.sum())
    lowest = float(shifted.min())
    if lowest == -math.inf:
        shifted = np.where(weights > 0, shifted, 0.0)  # 0 times infinity counts as 0
    log_total = math.log(total)
    entropy = (log_total - float((weights * shifted).sum()) / total) / _LN2
    return weights, total, top + log_total, max(0.0, entropy)


def _divided(logit: float, temperature: float) -> float:
    """``logit / temperature`` as it is divided for the stages: in float32 wherever float32 can hold it."""
    with np.errstate(all="ignore"):
        value = float(np.float32(logit) / np.float32(temperature))
    return value if math.isfinite(value) else logit / temperature


def _tempered_logits(x: NDArray[np.float32], temperature: float) -> tuple[NDArray[np.float32], float]:
    """``x / temperature`` in float32, as ``transformers`` divides, and what to add to it.

    Where the quotient leaves the range of float32 (a temperature near 0), the highest logit is taken away
    first, which changes no probability; it is the second value returned, 0 otherwise.
    """
    with np.errstate(all="ignore"):
        scaled = x / np.float32(temperature)
        if np.isfinite(scaled.max()) and not np.isnan(scaled.min()):
            return scaled, 0.0
        top = float(x.max())
        return ((x.astype(np.float64) - top) / temperature).astype(np.float32), top / temperature


def _cut(
    scaled: NDArray[np.float32], top_k: int, top_p: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """What top-k and then top-p keep, and what top-k alone keeps (None if it is off)."""
    size = scaled.size
    top_k_kept: NDArray[np.bool_] | None = None
    if 0 < top_k < size:
        threshold = np.partition(scaled, size - top_k)[size - top_k]
        top_k_kept = scaled >= threshold
    kept = np.ones(size, dtype=np.bool_) if top_k_kept is None else top_k_kept
    if top_p >= 1:
        return kept, top_k_kept
    # float32 as in transformers; its cumulative sum adds in float64 and rounds each entry to float32.
    values = scaled if top_k_kept is None else scaled[top_k_kept]
    top = values.max()
    with np.errstate(over="ignore"):  # a difference beyond float32 is a probability of 0
        probs = np.exp(values - top)
    total = probs.sum()
    probs /= total
    # Tokens this improbable stay below 1 - top_p even all together: they go, and need no sorting.
    hopeless = values < top + np.log(np.float32(0.99 * (1 - top_p) / values.size) * total)
    below = float((probs * hopeless).sum(dtype=np.float64))
    ascending = np.sort(values[~hopeless])
    sorted_probs = np.exp(ascending - top) / total
    cumulative = (below + np.cumsum(sorted_probs, dtype=np.float64)).astype(np.float32)
    removed = int(np.searchsorted(cumulative, np.float32(1 - top_p), side="right"))
    removed = min(removed, len(ascending) - 1)  # min_tokens_to_keep = 1
    border = ascending[removed]
    top_p_kept = scaled >= border
    tied_removed = removed - int(np.searchsorted(ascending, border, side="left"))
    if tied_removed:
        top_p_kept[np.flatnonzero(scaled == border)[:tied_removed]] = False
    return top_p_kept, top_k_kept


def _descending(
    logits: NDArray[np.float32], allowed: NDArray[np.bool_] | None, limit: int
) -> NDArray[np.intp]:
    """The allowed ids among (at least) the ``limit`` highest, highest logit first, ties by id.

    The result is the beginning of the full order, whatever the limit.
    """
    if limit <= 0:
        return np.empty(0, dtype=np.intp)
    if limit < logits.size:
        threshold = np.partition(logits, logits.size - limit)[logits.size - limit]
        among = logits >= threshold
        ids = np.flatnonzero(among if allowed is None else among & allowed)
    else:
        ids = np.arange(logits.size) if allowed is None else np.flatnonzero(allowed)
    order: NDArray[np.intp] = ids[np.argsort(-logits[ids], kind="stable")]
    return order


def _first(stages: Stages, n: int) -> NDArray[np.intp]:
    """The n highest ids."""
    return _descending(stages.logits, None, max(0, n))[: max(0, n)]


def _listed(stages: Stages, order: NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
    """Probability of these ids at the three stages: the model's, after temperature, after the cut."""
    tempered = stages.tempered_weights[order] / stages.tempered_total
    final = np.where(stages.kept[order], tempered / stages.kept_mass, 0.0)
    return stages.weights[order] / stages.total, tempered, final


def _rest_kept(stages: Stages, order: NDArray[np.intp]) -> int:
    """How many tokens the cut left besides these."""
    return stages.kept_count - int(np.count_nonzero(stages.kept[order]))


def _rests(
    stages: Stages, listed: tuple[NDArray[np.float64], ...], rest_kept: int
) -> tuple[float, float, float]:
    """The mass of everything else at the three stages; exactly 0 where there is nothing else."""
    prob, tempered, final = (max(0.0, 1.0 - math.fsum(values.tolist())) for values in listed)
    others = len(listed[0]) < stages.logits.size
    return prob if others else 0.0, tempered if others else 0.0, final if rest_kept else 0.0
