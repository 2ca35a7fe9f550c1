"""The pairs of every pattern, for files and for the question asked first."""

from math import isqrt
from typing import Any

from components.elements.predict_first import Prediction
from components.lm.transformer.attention_patterns import NAMES, count_pairs
from components.words import t

LENGTHS = tuple(2**power for power in range(4, 18))
N, STRIDE, SUMMARIES = 36, 6, 1
"""What the page begins with: a text of 36 tokens, in blocks of 6."""


def growth(stride: int, summaries: int) -> list[dict[str, Any]]:
    """The pairs of every pattern from 16 to 131,072 tokens: with the stride that is set, and with the square root of the
    length."""
    return [
        {
            "head_pattern": name,
            "tokens": n,
            "stride_rule": rule,
            "stride_used": used,
            "summaries_used": summaries,
            "pairs": count_pairs(name, n, used, summaries),
        }
        for name in NAMES
        for n in LENGTHS
        for rule, used in (("as set", stride), ("square root of tokens", isqrt(n)))
    ]


def prediction() -> Prediction:
    """How much of full attention does the strided pattern compute at the page's own length?"""
    pairs = count_pairs("strided", N, STRIDE)
    share = round(100 * pairs / N**2)
    shares = sorted({share, 5, 50, 75})
    return Prediction(
        t("sparse", "predict", n=N, l=STRIDE, full=f"{N * N:,}"),
        [f"{one}%" for one in shares],
        shares.index(share),
        t("sparse", "predict_why", pairs=f"{pairs:,}", full=f"{N * N:,}", half=f"{N * (N + 1) // 2:,}"),
        {"pattern": "strided"},
    )
