"""Counted n-gram models, to know what a network has to beat.

Interpolated Kneser-Ney: Kneser and Ney 1995; in the form of Chen and Goodman 1999, "An empirical study of smoothing
techniques for language modeling", section 3.3, with one discount per order, n1 / (n1 + 2 n2).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
KeyArray = npt.NDArray[np.uint64]

_MIX = np.uint64(0x9E3779B97F4A7C15)


def _keys(windows: IntArray) -> KeyArray:
    """One 64-bit key per row; two of ten million different rows share one with a chance of about 3 in a million."""
    keys = np.full(len(windows), np.uint64(windows.shape[1] + 1))
    for column in windows.T:
        keys = (keys ^ (column.astype(np.uint64) + np.uint64(1))) * _MIX
        keys ^= keys >> np.uint64(29)
    return keys


@dataclass(frozen=True)
class _Order:
    """Counts of one order: of whole n-grams, and per context the total and the number of different followers."""

    grams: KeyArray
    gram_counts: IntArray
    contexts: KeyArray
    context_totals: IntArray
    context_types: IntArray
    discount: float


class KneserNey:
    """An n-gram model over token ids, counted on rows of training text."""

    def __init__(self, rows: IntArray, order: int, vocab_size: int) -> None:
        """``rows`` (rows, length >= order): n-grams do not cross rows."""
        if rows.shape[1] < order:
            raise ValueError(f"rows of {rows.shape[1]} tokens are shorter than the order {order}")
        self.order = order
        self.vocab_size = vocab_size
        windows = np.lib.stride_tricks.sliding_window_view(rows, order, axis=1).reshape(-1, order)
        _, first, counts = np.unique(_keys(windows), return_index=True, return_counts=True)
        types = windows[first]
        self._orders = {order: _count(types, counts)}
        for k in range(order - 1, 0, -1):
            # Lower orders count in how many different left contexts a gram was seen, not how often.
            _, first, counts = np.unique(_keys(types[:, 1:]), return_index=True, return_counts=True)
            types = types[first][:, 1:]
            self._orders[k] = _count(types, counts)

    def logprobs(self, windows: IntArray) -> FloatArray:
        """Natural-log probability of the last token of each row of ``windows`` (rows, order) given the others."""
        probs = np.full(len(windows), 1.0 / self.vocab_size)
        for k in range(1, self.order + 1):
            counts = self._orders[k]
            part = windows[:, self.order - k :]
            gram = _look_up(counts.grams, counts.gram_counts, _keys(part))
            context_keys = _keys(part[:, :-1])
            total = _look_up(counts.contexts, counts.context_totals, context_keys)
            types = _look_up(counts.contexts, counts.context_types, context_keys)
            seen = total > 0
            discounted = np.maximum(gram - counts.discount, 0.0)
            mixed = (discounted + counts.discount * types * probs) / np.maximum(total, 1)
            probs = np.where(seen, mixed, probs)
        return np.asarray(np.log(probs))


def _count(types: IntArray, counts: IntArray) -> _Order:
    grams = _keys(types)
    order = np.argsort(grams)
    context_keys = _keys(types[:, :-1])
    contexts, inverse = np.unique(context_keys, return_inverse=True)
    totals = np.bincount(inverse, counts).astype(np.int64)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    discount = once / (once + 2 * twice) if once else 0.5
    return _Order(grams[order], counts[order], contexts, totals, np.bincount(inverse), discount)


def _look_up(keys: KeyArray, values: IntArray, wanted: KeyArray) -> IntArray:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


@dataclass(frozen=True)
class NeighbourCounts:
    """Unigram counts, and for each token the one that most often follows it."""

    counts: IntArray  # (vocab,)
    most_frequent_follower: IntArray  # (vocab,); the most frequent token overall where none was seen

    @classmethod
    def of(cls, rows: IntArray, vocab_size: int) -> "NeighbourCounts":
        """Count ``rows`` (rows, length)."""
        counts = np.bincount(rows.ravel(), minlength=vocab_size)
        pairs, number = np.unique(rows[:, :-1].ravel() * vocab_size + rows[:, 1:].ravel(), return_counts=True)
        follower = np.full(vocab_size, int(counts.argmax()), np.int64)
        order = np.argsort(number, kind="stable")  # the most frequent pair of a token is written last
        follower[pairs[order] // vocab_size] = pairs[order] % vocab_size
        return cls(counts, follower)

    def unigram_logprobs(self) -> FloatArray:
        """Natural-log probability of each token, one added to every count."""
        return np.asarray(np.log((self.counts + 1) / (self.counts.sum() + len(self.counts))))
