"""One text through many tokenizers: a lane of tokens with ids for each, and what the text costs there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.elements.mount import element
from components.lm.tokens.tokenizations import Tokenization
from components.words import labels

_mount = element("tokens/token_lanes")
MOST_TOKENS = 300


@dataclass(frozen=True)
class LaneOfTokens:
    """A tokenizer with what it made of the text: its short name, what it is in a few words, the tokens."""

    key: str
    name: str
    about: str
    made: Tokenization


def token_lanes(lanes: Sequence[LaneOfTokens]) -> None:
    """Draw the lanes."""
    _mount(
        key="token_lanes",
        data={"lanes": [_lane(lane) for lane in lanes], "words": labels("compare")},
    )


def _lane(lane: LaneOfTokens) -> dict[str, Any]:
    made = lane.made
    shown = made.tokens[:MOST_TOKENS]
    # Tokens of a byte-level tokenizer that are parts of one character are framed together.
    groups = [
        [segment.start, min(segment.end, MOST_TOKENS), segment.text]
        for segment in made.segments
        if segment.end - segment.start > 1 and segment.start < MOST_TOKENS
    ]
    return {
        "key": lane.key,
        "name": lane.name,
        "about": lane.about,
        "tokens": [[one.token, one.token_id, one.unknown] for one in shown],
        "groups": groups,
        "left_out": len(made.tokens) - len(shown),
        "count": made.num_tokens,
        "per_word": made.tokens_per_word,
        "per_token": made.characters_per_token,
        "unknown": made.num_unknown,
        "vocab": made.vocab_size,
    }
