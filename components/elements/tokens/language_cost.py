"""The cost of the same sentence in two languages, tokenizer by tokenizer."""

from collections.abc import Sequence

from components.elements.mount import element
from components.elements.tokens.token_lanes import LaneOfTokens
from components.words import labels

_mount = element("tokens/language_cost")


def language_cost(english: Sequence[LaneOfTokens], korean: Sequence[LaneOfTokens]) -> None:
    """Draw two bars for each tokenizer: tokens of the English and of the Korean sentence.

    Args:
        english, korean: the same tokenizers in the same order.
    """
    _mount(
        key="language_cost",
        data={
            "rows": [
                {
                    "name": en.name,
                    "about": en.about,
                    "en": en.made.num_tokens,
                    "ko": ko.made.num_tokens,
                    "en_unknown": en.made.num_unknown,
                    "ko_unknown": ko.made.num_unknown,
                }
                for en, ko in zip(english, korean, strict=True)
            ],
            "words": labels("compare"),
        },
    )
