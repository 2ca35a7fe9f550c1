"""What a page sends to the browser of a text being written: small, plain, and the same from a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from components.lm.gpt.generation import GeneratedStep, Prompt, SequenceStatistics, compact_step
from components.lm.tokens.token_text import TokenInfo


def line_entry(token: TokenInfo, bits: float | None, how: str) -> list[Any]:
    """One token of the running text: text, id, surprisal in bits, bytes if it is part of a character, how."""
    return [
        token.text,
        token.token_id,
        None if bits is None else round(bits, 4),
        token.raw.hex() if token.partial else "",
        how,
    ]


def prompt_line(prompt: Prompt, statistics: SequenceStatistics) -> list[list[Any]]:
    """The tokens of the prompt; the first has no surprisal, because nothing stands before it."""
    return [
        line_entry(token, None if i == 0 else float(statistics.surprisal_bits[i]), "prompt")
        for i, token in enumerate(prompt.tokens)
    ]


def written_line(steps: Iterable[GeneratedStep]) -> list[list[Any]]:
    """The tokens that were written."""
    return [line_entry(s.token, s.trace.surprisal_bits, s.trace.chosen.how) for s in steps]


# What the picture of a step does not use.
_UNUSED = {"step", "position", "tokens", "tempered_entropy_bits", "window_start", "stop_reason"}
_UNUSED_OF_CHOSEN = {"token", "bytes", "partial", "special", "logit", "surprisal_bits"}


def details(steps: Sequence[GeneratedStep]) -> list[dict[str, Any]]:
    """The candidates of each step, without what the browser does not draw."""
    compact = [{k: v for k, v in compact_step(s).items() if k not in _UNUSED} for s in steps]
    for step in compact:
        step["chosen"] = {k: v for k, v in step["chosen"].items() if k not in _UNUSED_OF_CHOSEN}
    return compact
