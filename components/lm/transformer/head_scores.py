"""What an attention head does, as numbers: how much weight it gives to each kind of place.

The kinds follow Clark et al. 2019, "What Does BERT Look At?", https://arxiv.org/abs/1906.04341, section 3 (previous,
next, itself, first, separator, broad) and Olsson et al. 2022, https://arxiv.org/abs/2209.11895 (induction: to the
token that came after the earlier copy of the current one).

Weights are (layer, head, query, key); rows are queries and sum to 1.

>>> looks_back = np.eye(4, k=-1)[None, None]
>>> looks_back[0, 0, 0, 0] = 1
>>> scores = score_heads(looks_back, [5, 6, 7, 8], causal=True)
>>> float(scores.previous[0, 0]), float(scores.itself[0, 0])
(1.0, 0.25)
>>> scores.strongest(0, 0)
'previous'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FloatArray = npt.NDArray[np.float64]

KINDS = ("previous", "next", "itself", "first", "separator", "same_word", "broad", "induction")


@dataclass(frozen=True)
class HeadScores:
    """One number in 0…1 per head for each kind, all (layer, head); NaN where a text cannot tell.

    A score is the mean, over the queries for which the kind exists, of the weight on the keys of that kind;
    ``broad`` is the mean entropy of a row divided by its largest possible value.
    """

    previous: FloatArray  # the token before
    next: FloatArray  # the token after; 0 in a causal model
    itself: FloatArray
    first: FloatArray  # the first token, seen from the others
    separator: FloatArray  # all separators together, such as [SEP]
    same_word: FloatArray  # other places with the same token
    broad: FloatArray  # 1 = equal weight on everything visible
    induction: FloatArray  # what followed the earlier copies of this token

    def of(self, kind: str) -> FloatArray:
        """Scores of one of ``KINDS``."""
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        scores: FloatArray = getattr(self, kind)
        return scores

    def strongest(self, layer: int, head: int) -> str:
        """The kind of place with the highest score for this head on this text.

        ``broad`` is not a place, and a text alone cannot tell ``induction``: a head that always reads the token after
        some word looks the same where that word comes twice (:func:`measure_induction`).
        """
        places = [
            kind
            for kind in KINDS
            if kind not in ("broad", "induction") and not np.isnan(self.of(kind)[layer, head])
        ]
        return max(places, key=lambda kind: float(self.of(kind)[layer, head]))


def score_heads(
    attentions: npt.ArrayLike,
    token_ids: Sequence[int],
    *,
    causal: bool,
    separator_ids: Collection[int] = (),
    ignore_ids: Collection[int] = (),
    seen: npt.ArrayLike | None = None,
) -> HeadScores:
    """Score every head on one text without padding.

    ``attentions`` (layer, head, query, key) or a sequence of (head, query, key); ``token_ids`` (seq,).
    ``ignore_ids`` never count as a repeated word or as a copy (give the special tokens). ``seen`` (layer, query, key)
    says what each layer may read where that is less than everything, or everything before. Raises ValueError when the
    shapes do not fit.
    """
    weights = np.asarray(attentions, np.float64)
    ids = np.asarray(token_ids, np.int64)
    n = len(ids)
    if weights.ndim != 4 or weights.shape[2:] != (n, n):
        raise ValueError(f"attentions must be (layer, head, {n}, {n}), not {weights.shape}")
    query, key = np.indices((n, n))
    visible = key <= query if causal else np.ones((n, n), bool)
    ordinary = ~np.isin(ids, list(ignore_ids))
    same = (ids[:, None] == ids[None, :]) & ordinary[:, None] & ordinary[None, :]
    others = same & (key != query) & visible
    # Key k follows an earlier copy of the query's token: the token at k - 1 equals it and lies before the query.
    follows_copy = np.zeros((n, n), bool)
    follows_copy[:, 1:] = same[:, :-1]
    follows_copy &= (key <= query - 1) if causal else (key - 1 < query) & (key != query)
    separators = np.broadcast_to(np.isin(ids, list(separator_ids)), (n, n))
    return HeadScores(
        previous=_weight_on(weights, key == query - 1),
        next=_weight_on(weights, (key == query + 1)),
        itself=_weight_on(weights, key == query),
        first=_weight_on(weights, (key == 0) & (query > 0)),
        separator=_weight_on(weights, separators & visible),
        same_word=_weight_on(weights, others),
        broad=_relative_entropy(weights, visible.sum(-1) if seen is None else np.asarray(seen).sum(-1)),
        induction=_weight_on(weights, follows_copy),
    )


def mean_scores(scores: Iterable[HeadScores]) -> HeadScores:
    """Mean over several texts, kind by kind; texts that cannot tell are left out."""
    collected = list(scores)
    if not collected:
        raise ValueError("no scores to average")
    means: dict[str, FloatArray] = {}
    for field in fields(HeadScores):
        stacked = np.stack([one.of(field.name) for one in collected])
        known = (~np.isnan(stacked)).sum(0)
        total = np.nansum(stacked, 0)
        means[field.name] = np.where(known > 0, total / np.maximum(known, 1), np.nan)
    return HeadScores(**means)


def uniform_attention(seq_len: int, causal: bool) -> FloatArray:
    """Weights (1, 1, seq, seq) of a head that looks at everything alike: what a score is to be compared with."""
    weights = np.tril(np.ones((seq_len, seq_len))) if causal else np.ones((seq_len, seq_len))
    return np.asarray((weights / weights.sum(-1, keepdims=True))[None, None])


def repeated_sequence(
    token_ids: Sequence[int],
    length: int,
    *,
    seed: int,
    prefix: Sequence[int] = (),
    suffix: Sequence[int] = (),
) -> list[int]:
    """``prefix``, then ``length`` different tokens drawn from ``token_ids``, the same again, then ``suffix``:
    the text on which induction is measured."""
    if length > len(token_ids):
        raise ValueError("fewer different tokens than the length asked for")
    drawn = np.random.default_rng(seed).choice(np.asarray(token_ids), length, replace=False).tolist()
    return [*prefix, *drawn, *drawn, *suffix]


INDUCTION_TEXTS = ((12, 0), (17, 1), (23, 2))
"""Length and seed of the random sequences that are said twice. Different lengths, so that a head which always reads a
fixed number of tokens back does not pass for one that looks for the copy."""


@dataclass(frozen=True)
class Induction:
    """Induction of every head, (layer, head), on random tokens said twice; ``even`` is what a head that looks at
    everything alike would score. Layer 0 is NaN: a head there reads tokens that nothing has read before it, so it
    cannot know which of them followed the copy (Olsson et al. 2022: it takes two layers)."""

    scores: FloatArray
    even: float


def measure_induction(
    model: PreTrainedModel,
    token_ids: Sequence[int],
    *,
    causal: bool,
    prefix: Sequence[int] = (),
    suffix: Sequence[int] = (),
    segments: bool = False,
    most: int | None = None,
) -> Induction:
    """Measure induction on :data:`INDUCTION_TEXTS`, drawn from ``token_ids``; no longer than ``most`` tokens.

    Random tokens have no neighbours that a head could have learned, so only looking for the copy helps (Olsson et al.
    2022, "Model analysis"). ``prefix`` and ``suffix`` frame the text as the tokenizer does; ``segments`` for models
    that are given token_type_ids. Raises ValueError when the model gives no attention weights.
    """
    ignored = {*prefix, *suffix}
    kept = [token for token in token_ids if token not in ignored]
    room = len(kept) if most is None else min(len(kept), (most - len(prefix) - len(suffix)) // 2)
    found, even = [], []
    for length, seed in INDUCTION_TEXTS:
        ids = repeated_sequence(kept, min(length, room), seed=seed, prefix=prefix, suffix=suffix)
        weights = attentions_of(model, ids, [0] * len(ids) if segments else None)
        found.append(score_heads(weights, ids, causal=causal, ignore_ids=ignored).induction)
        alike = uniform_attention(len(ids), causal)
        even.append(float(score_heads(alike, ids, causal=causal, ignore_ids=ignored).induction[0, 0]))
    scores = np.mean(found, axis=0)
    scores[0] = np.nan
    return Induction(scores, float(np.mean(even)))


def attentions_of(
    model: PreTrainedModel, token_ids: Sequence[int], token_type_ids: Sequence[int] | None = None
) -> FloatArray:
    """Attention weights (layer, head, query, key) of a transformers model loaded with eager attention."""
    import torch

    inputs = {"input_ids": torch.tensor([list(token_ids)])}
    if token_type_ids is not None:
        inputs["token_type_ids"] = torch.tensor([list(token_type_ids)])
    with torch.inference_mode():
        out = model(**inputs, output_attentions=True)
    if not out.attentions or out.attentions[0] is None:
        raise ValueError("this model gives no attention weights; load it with attn_implementation='eager'")
    return np.stack([layer[0].float().numpy() for layer in out.attentions]).astype(np.float64)


def _weight_on(weights: FloatArray, wanted: npt.NDArray[np.bool_]) -> FloatArray:
    """Mean over the queries that have a wanted key of the weight on all their wanted keys; NaN if no query has."""
    queries = wanted.any(-1)
    if not queries.any():
        return np.full(weights.shape[:2], np.nan)
    on_wanted = (weights * wanted).sum(-1)  # (layer, head, query)
    return np.asarray(on_wanted[..., queries].mean(-1))


def _relative_entropy(weights: FloatArray, num_visible: npt.NDArray[np.int64]) -> FloatArray:
    """Mean entropy of the rows of each head over its largest possible value; ``num_visible`` is (query,) or
    (layer, query). Rows that see one key only are left out; NaN if there are no others."""
    counts = np.broadcast_to(num_visible, (len(weights), weights.shape[2])).astype(np.float64)
    several = counts > 1
    logs = np.log(np.where(weights > 0, weights, 1.0))
    entropy = -(weights * logs).sum(-1)  # (layer, head, query)
    shares = entropy / np.log(np.where(several, counts, np.e))[:, None]
    shares = np.where(several[:, None], shares, 0.0).sum(-1)
    rows = several.sum(-1)[:, None]
    return np.asarray(np.where(rows > 0, shares / np.maximum(rows, 1), np.nan))
