"""How variants of the text-to-text model answer by the length of the text, as recorded; shared by two pages."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from components.elements.transformer.variant_runs import RunGroups
from components.lessons.recorded import TRACES
from components.words import t

VARIANTS = TRACES / "transformer" / "encoder_decoder_variants.json"
_WORDS = "encoder_decoder"


@cache
def variants() -> dict[str, Any]:
    """What ``python -m components.pretraining text-to-text-study`` recorded."""
    found: dict[str, Any] = json.loads(VARIANTS.read_text(encoding="utf-8"))
    return found


def length_groups(names: Mapping[str, str]) -> RunGroups:
    """Bars by length of the text: labels, and for each variant (identifier -> its name) shares and what a bar says."""
    found = {variant: variants()["variants"][variant]["by_length"] for variant in names}
    first = next(iter(found.values()))
    bounds = [(group["from"], group["from"] + 9) for group in first]
    return {
        "labels": [t(_WORDS, "length_group", low=low, high=high) for low, high in bounds],
        "bars": [
            {
                "name": names[variant],
                "shares": [group["exact"] for group in groups],
                "titles": [
                    t(
                        _WORDS,
                        "group_title",
                        name=names[variant],
                        low=low,
                        high=high,
                        share=f"{group['exact']:.1%}",
                        n=group["lessons"],
                    )
                    for group, (low, high) in zip(groups, bounds, strict=True)
                ],
            }
            for variant, groups in found.items()
        ],
    }
