"""How far a number may be away that another processor computed: what was recorded there is compared with what is computed here.

A processor adds the products of a matrix product in its own order. A float32 sum of n products whose partial sums stay
below m may then end n · 2^-24 · m away, if every rounding falls the same way; in fact they fall both ways, and the
differences seen between two processors are ten to fifty times smaller. A test that compares such numbers takes its
tolerance from here, or says beside it why it needs another.
"""

LOGIT = 4e-4
"""A logit, and a log-probability, of a bundled model: the last sum has at most 256 products and reaches 20,
256 · 2^-24 · 20 = 3.1e-4, and what it adds up was a sum before. Seen: 2e-5."""
PROBABILITY = 4e-4
"""A probability, relative: it moves as its logit does. Seen: 6.5e-6."""
SHARE = 2e-4
"""A probability between 0 and 1, in itself: p (1 - p) times the change of two logits, so a quarter of 2 · 4e-4."""
WEIGHT = 2e-5
"""An attention weight. A score of pocket-bert is a sum of 32 products and reaches 124 in layer 1 (568 in layer 0, where a weight
of 1 cannot move): 32 · 2^-24 · 124 = 2.4e-4, divided by √32 4.2e-5, and a weight moves by at most a quarter of that: 1e-5.
The next layer adds its own to what it was given. Seen: 1.9e-6."""
STREAM = 1e-4
"""An entry of a residual stream, in parts of the largest: a sum of 768 products, 768 · 2^-24 = 4.6e-5, and the blocks before. Seen: 2.6e-6."""
