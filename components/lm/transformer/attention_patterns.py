"""Who may look at whom: masks of full attention, and sparse patterns that leave most pairs out.

A pattern is a boolean matrix (query, key), true where the query may read the key. The masks are those of the
Transformer (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.2.3) and of prefix language models
(Raffel et al. 2020, https://arxiv.org/abs/1910.10683, figure 4); the sparse patterns are those of the Sparse
Transformer (Child et al. 2019, https://arxiv.org/abs/1904.10509, section 4.3), all causal here but ``full``.

>>> causal(3).astype(int).tolist()
[[1, 0, 0], [1, 1, 0], [1, 1, 1]]
>>> strided(16, 4).count, fixed(16, 4, 1).count, sparse("causal", 16, 4).count
(82, 64, 136)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Pattern = npt.NDArray[np.bool_]
Name = Literal["full", "causal", "local", "strided", "fixed"]
NAMES: tuple[Name, ...] = ("full", "causal", "local", "strided", "fixed")


# --- Masks ----------------------------------------------------------------------------------------------------------


def bidirectional(num_tokens: int) -> Pattern:
    """Everybody reads everybody: encoders, BERT."""
    return np.ones((num_tokens, num_tokens), bool)


def causal(num_tokens: int) -> Pattern:
    """A position reads itself and what came before: decoders, GPT."""
    return np.tril(np.ones((num_tokens, num_tokens), bool))


def padding(num_tokens: int, num_real: int) -> Pattern:
    """Nobody reads the filler behind the last real token (attention_mask = 0)."""
    return np.broadcast_to(np.arange(num_tokens) < num_real, (num_tokens, num_tokens)).copy()


def prefix_lm(num_tokens: int, prefix: int) -> Pattern:
    """Causal, but the first ``prefix`` positions are read by everybody.

    >>> prefix_lm(3, 2).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    return causal(num_tokens) | (np.arange(num_tokens) < prefix)


def cross(num_queries: int, num_keys: int) -> Pattern:
    """Every query of the decoder reads every key of the encoder."""
    return np.ones((num_queries, num_keys), bool)


# --- Sparse patterns ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sparse:
    """A pattern as one matrix (query, key) per head; layers of the model may use one head each or all."""

    name: Name
    heads: tuple[Pattern, ...]

    @property
    def union(self) -> Pattern:
        """Pairs that at least one head computes."""
        return np.asarray(np.logical_or.reduce(self.heads))

    @property
    def count(self) -> int:
        """Number of (query, key) pairs that at least one head computes."""
        return int(self.union.sum())

    def reach(self, steps: int) -> Pattern:
        """Which positions can have reached which after ``steps`` layers, each computing the union."""
        one = self.union.astype(np.float32)
        reached = one
        for _ in range(steps - 1):
            reached = ((one @ reached) > 0).astype(np.float32)
        return np.asarray(reached > 0)


def _positions(num_tokens: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return np.arange(num_tokens)[:, None], np.arange(num_tokens)[None, :]


def local(num_tokens: int, width: int) -> Sparse:
    """A band: itself and the ``width`` - 1 positions before."""
    i, j = _positions(num_tokens)
    return Sparse("local", ((j <= i) & (i - j < width),))


def strided(num_tokens: int, stride: int) -> Sparse:
    """Head 1: the previous ``stride`` positions and itself; head 2: every ``stride``-th earlier position."""
    i, j = _positions(num_tokens)
    return Sparse("strided", ((j <= i) & (i - j <= stride), (j <= i) & ((i - j) % stride == 0)))


def fixed(num_tokens: int, stride: int, summary: int = 1) -> Sparse:
    """Head 1: the own block of ``stride`` positions; head 2: the last ``summary`` positions of every block."""
    i, j = _positions(num_tokens)
    own_block = (j <= i) & (i // stride == j // stride)
    return Sparse("fixed", (own_block, (j <= i) & (j % stride >= stride - summary)))


def sparse(name: Name, num_tokens: int, stride: int, summary: int = 1) -> Sparse:
    """One of the five patterns by name; ``stride`` is the band width of ``local``."""
    made: dict[Name, Callable[[], Sparse]] = {
        "full": lambda: Sparse("full", (bidirectional(num_tokens),)),
        "causal": lambda: Sparse("causal", (causal(num_tokens),)),
        "local": lambda: local(num_tokens, stride),
        "strided": lambda: strided(num_tokens, stride),
        "fixed": lambda: fixed(num_tokens, stride, summary),
    }
    return made[name]()


def count_pairs(name: Name, num_tokens: int, stride: int, summary: int = 1) -> int:
    """The number of pairs of the union without drawing the matrix, for lengths a matrix would not fit in memory.

    >>> [count_pairs(name, 64, 8) for name in NAMES]
    [4096, 2080, 484, 708, 512]
    """
    rows = np.arange(num_tokens, dtype=np.int64)
    stride = max(1, stride)
    if name == "full":
        return num_tokens * num_tokens
    if name == "causal":
        return int((rows + 1).sum())
    if name == "local":
        return int(np.minimum(rows + 1, stride).sum())
    if name == "strided":
        near = np.minimum(rows, stride) + 1
        # every stride-th key, without those already counted as near: distance 0 and distance stride
        far = np.maximum(rows // stride - 1, 0)
        return int((near + far).sum())
    block = rows % stride + 1
    earlier_blocks = rows // stride
    return int((block + earlier_blocks * min(summary, stride)).sum())


def memory_bytes(pairs: int, bytes_per_weight: int = 2) -> int:
    """Bytes to hold one weight for every pair, for one head (2 bytes: half precision)."""
    return pairs * bytes_per_weight
