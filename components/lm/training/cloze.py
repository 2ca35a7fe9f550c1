"""Fill-in-the-blank probes: what a language model has learned, by kind of knowledge.

A probe is a sentence with one blank, the right word and some wrong ones. A model passes when it finds the sentence
with the right word the most likely. BERT fills the blank (one [MASK] per piece of the word) and sees both sides; GPT
scores the whole sentence, so what comes after the blank counts through the probability of that continuation. The
kinds are those of the course; the sentences in ``assets/facts/cloze_probes.csv`` (sixty, in every model card) and
``cloze_probes_280.csv`` (forty a kind, a probe's candidates equally long in the tokens of the pocket models) are ours, and
so are the forty Korean ones of ``cloze_probes_ko.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.lm.reading import Reading, check_places, inputs, is_causal, read

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

BLANK = "___"
PROBES_PATH = Path(__file__).parents[3] / "assets" / "facts" / "cloze_probes.csv"
LARGE_PROBES_PATH = PROBES_PATH.with_name("cloze_probes_280.csv")
KOREAN_PROBES_PATH = PROBES_PATH.with_name("cloze_probes_ko.csv")


@dataclass(frozen=True)
class ClozeProbe:
    """One sentence with a blank; ``candidates`` are the answer, then the wrong words."""

    kind: str
    sentence: str
    candidates: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The right word."""
        return self.candidates[0]

    def filled(self, word: str) -> str:
        """The sentence with ``word`` in the blank."""
        return self.sentence.replace(BLANK, word)


@dataclass(frozen=True)
class ProbeResult:
    """Scores of the candidates in the probe's order: log-probabilities in nats."""

    probe: ClozeProbe
    logprobs: tuple[float, ...]

    @property
    def choice(self) -> str:
        """The candidate the model finds most likely."""
        return self.probe.candidates[self.logprobs.index(max(self.logprobs))]

    @property
    def correct(self) -> bool:
        """Whether the right word beats every wrong one; a tie does not count."""
        return self.logprobs[0] > max(self.logprobs[1:])


@dataclass(frozen=True)
class KindAccuracy:
    """Result for one kind of probe; ``chance`` is what guessing gives."""

    kind: str
    num_correct: int
    num_probes: int
    chance: float

    @property
    def accuracy(self) -> float:
        """Share of probes passed, 0…1."""
        return self.num_correct / self.num_probes


def load_probes(path: Path = PROBES_PATH) -> tuple[ClozeProbe, ...]:
    """Read probes from a CSV with the columns kind, sentence, answer, wrong (words separated by spaces).

    Raises ValueError naming the line for a sentence without exactly one blank, or without wrong words.
    """
    probes = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if row["sentence"].count(BLANK) != 1:
                raise ValueError(f"{path.name} line {number}: a probe needs exactly one {BLANK}")
            candidates = (row["answer"], *row["wrong"].split())
            if len(candidates) < 2 or len(set(candidates)) != len(candidates):
                raise ValueError(f"{path.name} line {number}: wrong words are missing or repeated")
            probes.append(ClozeProbe(row["kind"], row["sentence"], candidates))
    return tuple(probes)


def score_probe(loaded: LoadedModel, probe: ClozeProbe) -> ProbeResult:
    """Log-probability of each candidate under a masked or a causal language model.

    Raises:
        CannotRead: the sentence is too long for the model, or has a token it has no row for.
    """
    score = _causal_logprobs if is_causal(loaded.card) else _masked_logprobs
    return ProbeResult(probe, score(loaded, [read_filled(loaded, probe, word) for word in probe.candidates]))


def score_probes(loaded: LoadedModel, probes: Iterable[ClozeProbe]) -> tuple[ProbeResult, ...]:
    """Results of many probes, in order."""
    return tuple(score_probe(loaded, probe) for probe in probes)


@dataclass(frozen=True, eq=False)
class FilledProbe:
    """A sentence with one candidate in its blank, as a model reads it; ``blank`` are the positions of the candidate's
    tokens. A causal model reads it after the token that texts begin with."""

    reading: Reading
    blank: tuple[int, ...]

    @property
    def token_ids(self) -> tuple[int, ...]:
        """The candidate's tokens."""
        return tuple(self.reading.input_ids[list(self.blank)].tolist())


def read_filled(loaded: LoadedModel, probe: ClozeProbe, word: str) -> FilledProbe:
    """Read the sentence of a probe with ``word`` in the blank.

    Raises:
        CannotRead: see :func:`components.lm.reading.read`; also ``no_places``.
    """
    check_places(loaded)
    reading = read(loaded, probe.filled(word), begin=True)
    start = probe.sentence.index(BLANK)
    end = start + len(word)
    places = enumerate(reading.spans)
    return FilledProbe(reading, tuple(i for i, span in places if span and span[0] < end and span[1] > start))


def accuracy_by_kind(results: Sequence[ProbeResult]) -> tuple[KindAccuracy, ...]:
    """Accuracy of each kind, in the order the kinds first appear.

    >>> probe = ClozeProbe("syntax", "She ___ here.", ("is", "are"))
    >>> accuracy_by_kind([ProbeResult(probe, (-1.0, -2.0)), ProbeResult(probe, (-2.0, -1.0))])
    (KindAccuracy(kind='syntax', num_correct=1, num_probes=2, chance=0.5),)
    """
    kinds = dict.fromkeys(result.probe.kind for result in results)
    return tuple(
        KindAccuracy(
            kind,
            sum(result.correct for result in chosen),
            len(chosen),
            sum(1 / len(result.probe.candidates) for result in chosen) / len(chosen),
        )
        for kind in kinds
        if (chosen := [result for result in results if result.probe.kind == kind])
    )


def _masked_logprobs(loaded: LoadedModel, filled: Sequence[FilledProbe]) -> tuple[float, ...]:
    """For each candidate, the sum over its pieces of their log-probability, all pieces masked together.

    Candidates of as many pieces leave the same sentence behind, which the model reads once.
    """
    import torch

    masked = {(one.blank, len(one.reading)): one.reading.with_mask_at(*one.blank) for one in filled}
    logits = loaded.masked_logits(loaded.forward(**inputs(loaded, list(masked.values()))))
    rows = dict(zip(masked, logits, strict=True))
    found = []
    for one in filled:
        logprobs = torch.log_softmax(rows[one.blank, len(one.reading)][list(one.blank)].float(), -1)
        found.append(float(logprobs[torch.arange(len(one.blank)), torch.tensor(one.token_ids)].sum()))
    return tuple(found)


def _causal_logprobs(loaded: LoadedModel, filled: Sequence[FilledProbe]) -> tuple[float, ...]:
    """For each candidate, the log-probability of the whole sentence, read after the token that texts begin with."""
    import torch

    logits = loaded.forward(**inputs(loaded, [one.reading for one in filled])).logits
    found = []
    for row, one in zip(logits, filled, strict=True):
        ids = torch.from_numpy(one.reading.input_ids)
        logprobs = torch.log_softmax(row[: len(ids) - 1].float(), -1)
        found.append(float(logprobs[torch.arange(len(ids) - 1), ids[1:]].sum()))
    return tuple(found)
