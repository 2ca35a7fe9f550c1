"""What a tokenizer call gives a model: three rows of numbers under the tokens."""

from typing import Any

from components.elements.mount import element
from components.lm.tokens.tokenizer_call import TokenizerCall
from components.words import labels

_mount = element("tokens/tokenizer_call")
MOST_TOKENS = 256


def tokenizer_call(
    call: TokenizerCall, *, special: frozenset[str], unknown: str | None, printed: str
) -> None:
    """Draw tokens, input_ids, token_type_ids and attention_mask in columns, and the call as Python prints it.

    Args:
        call: the call.
        special: tokens that are marks of the model, not text.
        unknown: the token for what the tokenizer does not know.
        printed: code and output.
    """
    most = MOST_TOKENS
    data: dict[str, Any] = {
        "tokens": call.tokens[:most],
        "input_ids": call.input_ids[:most],
        "token_type_ids": call.token_type_ids[:most],
        "attention_mask": call.attention_mask[:most],
        "special": sorted(special),
        "unknown_token": unknown,
        "left_out": max(0, len(call.tokens) - most),
        "printed": printed,
        "words": labels("compare"),
    }
    _mount(key="tokenizer_call", data=data)
