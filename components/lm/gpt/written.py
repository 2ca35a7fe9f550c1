"""What a page sends to the browser of a text being written: small, plain, and the same from a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from components.lm.gpt.generation import GeneratedStep, Prompt, SequenceStatistics, compact_step
from components.lm.tokens.token_text import TokenInfo

Entry = tuple[str, int, float | None, str, str]
"""One token of the running text: text, id, surprisal in bits, its bytes (hexadecimal) if it is part of a character, how."""


class ChosenDetails(TypedDict):
    """The token that was taken: ``how``, the random number ``u`` and the slice it fell into, and its probabilities by the model,
    after temperature, and after the cut."""

    id: int
    text: str
    how: str
    u: float | None
    low: float | None
    high: float | None
    rank: int
    cut: str | None
    probs: list[float]


class StepDetails(TypedDict):
    """The candidates of one step; how their probabilities follow from the logits is said in ``decoding.StepTrace``.

    ``cut`` is None or what removed a candidate; ``rest`` is the mass of everything else by the model, after temperature, and
    after the cut.
    """

    ids: list[int]
    texts: list[str]
    logits: list[float | None]
    cut: list[str | None]
    temperature: float
    log_z: float
    tempered_log_z: float
    kept_count: int
    kept_mass: float
    rest: list[float]
    rest_kept_count: int
    vocab_size: int
    chosen: ChosenDetails
    entropy_bits: float


def line_entry(token: TokenInfo, bits: float | None, how: str) -> Entry:
    """One token of the running text."""
    return (
        token.text,
        token.token_id,
        None if bits is None else round(bits, 4),
        token.raw.hex() if token.partial else "",
        how,
    )


def prompt_line(prompt: Prompt, statistics: SequenceStatistics) -> list[Entry]:
    """The tokens of the prompt; the first has no surprisal, because nothing stands before it."""
    return [
        line_entry(token, None if i == 0 else float(statistics.surprisal_bits[i]), "prompt")
        for i, token in enumerate(prompt.tokens)
    ]


def written_line(steps: Iterable[GeneratedStep]) -> list[Entry]:
    """The tokens that were written."""
    return [line_entry(s.token, s.trace.surprisal_bits, s.trace.chosen.how) for s in steps]


def _details(step: GeneratedStep) -> StepDetails:
    whole = compact_step(step)
    chosen = whole["chosen"]
    return {
        "ids": whole["ids"],
        "texts": whole["texts"],
        "logits": whole["logits"],
        "cut": whole["cut"],
        "temperature": whole["temperature"],
        "log_z": whole["log_z"],
        "tempered_log_z": whole["tempered_log_z"],
        "kept_count": whole["kept_count"],
        "kept_mass": whole["kept_mass"],
        "rest": whole["rest"],
        "rest_kept_count": whole["rest_kept_count"],
        "vocab_size": whole["vocab_size"],
        "chosen": {
            "id": chosen["id"],
            "text": chosen["text"],
            "how": chosen["how"],
            "u": chosen["u"],
            "low": chosen["low"],
            "high": chosen["high"],
            "rank": chosen["rank"],
            "cut": chosen["cut"],
            "probs": chosen["probs"],
        },
        "entropy_bits": whole["entropy_bits"],
    }


def details(steps: Sequence[GeneratedStep]) -> list[StepDetails]:
    """The candidates of each step, without what the browser does not draw."""
    return [_details(step) for step in steps]
