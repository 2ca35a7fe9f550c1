"""State and numbers of the page "Positions"."""

from typing import Any

from components.lm.model_card import ModelCard
from components.shell import cached
from components.shell.bundled import best_bert

GPT_SENTENCE = "The old woman opened the door and looked at the"
BERT_SENTENCE = "the old woman opened the [MASK] and looked out of the house"


def default_model() -> str:
    """BERT where it is bundled; before that the only model there is."""
    return best_bert(cached.FIRST_MODEL)


def example(card: ModelCard) -> str:
    """A sentence whose words are worth shuffling."""
    return GPT_SENTENCE if card.can("generation") else BERT_SENTENCE


def rows_of(rows: Any) -> list[dict[str, float]]:
    """A table of positions as rows for a file."""
    return [{"position": p, **{f"dim{d}": float(x) for d, x in enumerate(row)}} for p, row in enumerate(rows)]
