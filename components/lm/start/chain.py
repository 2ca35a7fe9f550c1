"""The probability of a text, token by token: P(w_1 ... w_n) is the product of P(w_i | w_1 ... w_(i-1)).

The chain rule, as GPT-2's report writes it (Radford et al. 2019, section 2, equation 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.lm.reading import beginning_ids, pieces
from components.lm.tokens.token_text import token_info

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

MOST_TOKENS = 40
"""More are not drawn."""


class TooMany(ValueError):
    """The text has more tokens than are drawn."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} tokens, at most {MOST_TOKENS}")
        self.count = count


@dataclass(frozen=True)
class Link:
    """One token with what the model gave it after all before it: its probability (natural logarithm), and what it found likeliest."""

    text: str
    log_prob: float
    best: str
    best_log_prob: float


def chain(loaded: LoadedModel, text: str) -> tuple[Link, ...]:
    """Return the tokens of a text behind the model's beginning-of-text token; empty for an empty text.

    Raises:
        TooMany: more than ``MOST_TOKENS``.
        CannotRead: the model cannot read the text from its first token.
    """
    import torch

    own, begin = pieces(loaded, text), beginning_ids(loaded)
    if len(own) > MOST_TOKENS:
        raise TooMany(len(own))
    if not own:
        return ()
    with torch.inference_mode():
        logits = loaded.model(torch.tensor([[*begin, *own]])).logits[0, len(begin) - 1 : -1]
        scores = logits.double().log_softmax(-1)
    best = scores.max(-1)
    return tuple(
        Link(
            token_info(loaded.tokenizer, one).text,
            float(scores[i, one]),
            token_info(loaded.tokenizer, int(best.indices[i])).text,
            float(best.values[i]),
        )
        for i, one in enumerate(own)
    )
