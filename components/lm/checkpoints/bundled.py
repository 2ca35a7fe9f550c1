"""Which of the models in the repository a page begins with."""

from components.lm import checkpoints

BERTS = ("pocket-bert", "nano-bert")
"""Bundled BERTs, best first."""


def best_bert(otherwise: str = BERTS[0]) -> str:
    """Return the best BERT in the repository, or ``otherwise`` while there is none."""
    bundled = checkpoints.store().bundled_names()
    return next((name for name in BERTS if name in bundled), otherwise)
