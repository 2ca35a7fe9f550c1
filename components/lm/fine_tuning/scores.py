"""How good an answer set is, and how sure one can be of it.

>>> wilson(50, 60)
(0.7197, 0.9069)
>>> f1(["O", "ANIMAL", "PLACE"], ["O", "ANIMAL", "O"])
0.6667
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Z = 1.959964
"""Of a 95% interval."""


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927). Raises ``ValueError`` for no answers."""
    if total < 1:
        raise ValueError("no answers to count")
    share = right / total
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    middle, scale = share + Z * Z / (2 * total), 1 + Z * Z / total
    return round(max(0.0, (middle - spread) / scale), 4), round(min(1.0, (middle + spread) / scale), 4)


def f1(said: Sequence[str], gold: Sequence[str], nothing: str = "O") -> float:
    """Return F1 over words: ``nothing`` counts neither as found nor as to be found. 0 if nothing is to be found or said."""
    found = sum(a == b != nothing for a, b in zip(said, gold, strict=True))
    counted = sum(a != nothing for a in said) + sum(b != nothing for b in gold)
    return round(2 * found / counted, 4) if counted else 0.0
