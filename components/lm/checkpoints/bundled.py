"""Which of the models in the repository a page begins with."""

from components.lm import checkpoints

BERTS = ("pocket-bert", "nano-bert")
"""Bundled BERTs, best first."""
KOREAN_BERT, KOREAN_GPT = "pocket-bert-ko", "pocket-gpt-ko"
"""Their twins that read Korean: pages whose text is the reader's own open with them in Korean."""


def best_bert(otherwise: str = BERTS[0]) -> str:
    """Return the best BERT in the repository, or ``otherwise`` while there is none."""
    bundled = checkpoints.store().bundled_names()
    return next((name for name in BERTS if name in bundled), otherwise)
