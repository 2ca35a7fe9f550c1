"""Masks and sparse patterns: the published counts, and reachability against matrix powers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.transformer.attention_patterns import (
    NAMES,
    bidirectional,
    causal,
    count_pairs,
    cross,
    fixed,
    local,
    padding,
    prefix_lm,
    sparse,
    strided,
)

# n, l, full, strided head 1, head 2, union, fixed head 1, head 2, union (c = 1): counted from the definitions of
# the Sparse Transformer, section 4.3.
COUNTS = [
    (16, 4, 136, 70, 40, 82, 40, 28, 64),
    (36, 6, 666, 231, 126, 291, 126, 96, 216),
    (64, 8, 2080, 540, 288, 708, 288, 232, 512),
    (144, 12, 10440, 1794, 936, 2454, 936, 804, 1728),
    (256, 16, 32896, 4216, 2176, 5896, 2176, 1936, 4096),
    (1024, 32, 524800, 33264, 16896, 48144, 16896, 15904, 32768),
]


@pytest.mark.parametrize("row", COUNTS, ids=[str(row[0]) for row in COUNTS])
def test_published_counts(row: tuple[int, ...]) -> None:
    n, stride, *wanted = row
    a, b = strided(n, stride), fixed(n, stride, 1)
    found = [
        sparse("causal", n, stride).count,
        *(int(h.sum()) for h in a.heads),
        a.count,
        *(int(h.sum()) for h in b.heads),
        b.count,
    ]
    assert found == wanted
    if n <= 256:
        assert int(a.reach(2).sum()) == int(b.reach(2).sum()) == causal(n).sum()


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 6))
def test_counted_without_the_matrix(n: int, stride: int, summary: int) -> None:
    for name in NAMES:
        assert count_pairs(name, n, stride, summary) == sparse(name, n, stride, summary).count
        union = sparse(name, n, stride, summary).union
        assert name == "full" or (union <= causal(n)).all()
        assert union.diagonal().all() or name == "fixed"
    assert sparse("fixed", n, stride, summary).heads[0].diagonal().all()


def test_a_band_reaches_further_each_step() -> None:
    band = local(20, 4)
    assert band.union[10].nonzero()[0].tolist() == [7, 8, 9, 10]
    assert band.reach(2)[10].nonzero()[0].tolist() == [4, 5, 6, 7, 8, 9, 10]


def test_masks() -> None:
    assert bidirectional(3).all()
    assert padding(3, 2).astype(int).tolist() == [[1, 1, 0]] * 3
    assert prefix_lm(4, 2).astype(int).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert (prefix_lm(4, 0) == causal(4)).all()
    assert (prefix_lm(4, 4) == bidirectional(4)).all()
    assert cross(2, 5).shape == (2, 5)
