"""What a model did at the moments of its training, as ``python -m components.pretraining moments`` recorded it. Needs no torch.

For every moment: tokens read, the loss on held-out text, the log-probability of every candidate of every cloze probe, a few
samples, and what every head looks at in a few fixed texts. The weights of the moments need not ship.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.lm.training.cloze import ClozeProbe
from components.lm.training.learning import Learned, Moment


@dataclass(frozen=True)
class Sample:
    """What one moment made of a beginning: of a GPT's, the text that follows (``guesses`` empty); of a sentence with [MASK],
    BERT's most probable tokens there with their probabilities (``text`` empty)."""

    text: str
    guesses: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, eq=False)
class RecordedMoments:
    """One model at the moments of its training, earliest first.

    ``revision``: ``sha256:`` of the weights that ship. ``samples``: (moment, given). ``tokens``: of each text;
    ``attention``: of each text (moment, layer, head, query, key), uint8 in 255ths.
    """

    model: str
    revision: str
    moments: tuple[Moment, ...]
    learned: tuple[Learned, ...]
    given: tuple[str, ...]
    samples: tuple[tuple[Sample, ...], ...]
    tokens: tuple[tuple[str, ...], ...]
    attention: tuple[npt.NDArray[np.uint8], ...]


def read_moments(path: Path) -> RecordedMoments:
    """Read a file of ``python -m components.pretraining moments``. Raises OSError or KeyError for another file."""
    with np.load(path) as arrays:
        model, revision = (str(text) for text in arrays["of"])
        facts = json.loads(str(arrays["facts"]))
        attention = tuple(arrays[f"text_{number}"] for number in range(len(facts["texts"])))
    given = tuple(facts["prompts"])
    at = facts["moments"]
    return RecordedMoments(
        model,
        revision,
        tuple(Moment(m["step"], m["tokens"], float(m["held_out"]["loss"]), "") for m in at),
        tuple(
            Learned(
                ClozeProbe(kind, sentence, tuple(candidates)),
                tuple(tuple(pieces) for pieces in facts["pieces"][number]),
                tuple(tuple(m["logprobs"][number]) for m in at),
            )
            for number, (kind, sentence, *candidates) in enumerate(facts["probes"])
        ),
        given,
        tuple(
            tuple(_sample(made, start) for made, start in zip(m["samples"], given, strict=True)) for m in at
        ),
        tuple(tuple(tokens) for tokens in facts["tokens_of_texts"]),
        attention,
    )


def _sample(made: str | Sequence[tuple[str, float]], start: str) -> Sample:
    if isinstance(made, str):
        return Sample(made.removeprefix(start))
    return Sample("", tuple((str(token), float(p)) for token, p in made))
