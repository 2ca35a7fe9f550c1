"""What the pages that look at attention share: which model they begin with, how much of a text they show, one head taken apart."""

from typing import TYPE_CHECKING

from components.lm.checkpoints.bundled import best_bert
from components.shell.loading import FIRST_MODEL, load_model
from components.shell.results import shared

if TYPE_CHECKING:
    from components.lm.transformer.attention_steps import HeadSteps


# A text each: 1 kB.
@shared
def beginning(name: str, revision: str, text: str, most: int) -> str:
    """Return the longest beginning of a text that a model reads as at most ``most`` tokens."""
    from components.lm.reading import beginning

    loaded = load_model(name)
    return beginning(loaded, text, min(most, loaded.card.max_positions or most))


# A head of 128 tokens: some 0.7 MB with the vectors of the layer.
@shared
def head_steps(name: str, revision: str, text: str, pair: str, layer: int, head: int) -> "HeadSteps":
    """Return one head taken apart, step by step."""
    from components.lm.reading import read
    from components.lm.transformer.attention_steps import head_steps as take_apart

    loaded = load_model(name, "attention")
    return take_apart(loaded, read(loaded, text, pair), layer, head)


def default_model() -> str:
    """The best bundled BERT; while there is none, the bundled GPT."""
    return best_bert(otherwise=FIRST_MODEL)
