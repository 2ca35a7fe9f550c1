"""What a tokenizer gives a model, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenizerCall:
    """What a tokenizer call gives a model, shape (seq,) each.

    Attributes:
        tokens: the tokens.
        input_ids: their ids.
        token_type_ids: 0 for the first segment, 1 for the second; empty when the tokenizer gives none.
        attention_mask: 1 for tokens, 0 for padding.
    """

    tokens: tuple[str, ...]
    input_ids: tuple[int, ...]
    token_type_ids: tuple[int, ...]
    attention_mask: tuple[int, ...]
