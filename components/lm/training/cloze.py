"""Fill-in-the-blank probes: what a language model has learned, by kind of knowledge.

A probe is a sentence with one blank, the right word and some wrong ones. A model passes when it finds the sentence
with the right word the most likely. BERT fills the blank (one [MASK] per piece of the word) and sees both sides; GPT
scores the whole sentence, so what comes after the blank counts through the probability of that continuation. The
kinds are those of the course; the sentences in ``assets/facts/cloze_probes.csv`` are ours.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLANK = "___"
PROBES_PATH = Path(__file__).parents[3] / "assets" / "facts" / "cloze_probes.csv"


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


def score_probe(model: Any, tokenizer: Any, probe: ClozeProbe) -> ProbeResult:
    """Log-probability of each candidate under a masked or a causal language model of transformers."""
    score = _masked_logprob if tokenizer.mask_token_id is not None else _causal_logprob
    return ProbeResult(probe, tuple(score(model, tokenizer, probe, word) for word in probe.candidates))


def score_probes(model: Any, tokenizer: Any, probes: Iterable[ClozeProbe]) -> tuple[ProbeResult, ...]:
    """Results of many probes, in order."""
    return tuple(score_probe(model, tokenizer, probe) for probe in probes)


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


def _masked_logprob(model: Any, tokenizer: Any, probe: ClozeProbe, word: str) -> float:
    """Sum over the word's pieces of their log-probability, all pieces masked together."""
    import torch

    pieces = tokenizer(word, add_special_tokens=False)["input_ids"]
    before, after = probe.sentence.split(BLANK)
    left = tokenizer(before, add_special_tokens=False)["input_ids"]
    right = tokenizer(after, add_special_tokens=False)["input_ids"]
    masks = [tokenizer.mask_token_id] * len(pieces)
    ids = [tokenizer.cls_token_id, *left, *masks, *right, tokenizer.sep_token_id]
    with torch.inference_mode():
        out = model(input_ids=torch.tensor([ids]))
    logits = out.prediction_logits if hasattr(out, "prediction_logits") else out.logits
    first = 1 + len(left)
    logprobs = torch.log_softmax(logits[0, first : first + len(pieces)].float(), -1)
    return float(logprobs[torch.arange(len(pieces)), torch.tensor(pieces)].sum())


def _causal_logprob(model: Any, tokenizer: Any, probe: ClozeProbe, word: str) -> float:
    """Log-probability of the whole sentence, read after the end-of-text token."""
    import torch

    ids = [tokenizer.bos_token_id, *tokenizer(probe.filled(word), add_special_tokens=False)["input_ids"]]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits
    logprobs = torch.log_softmax(logits[0, :-1].float(), -1)
    return float(logprobs[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].sum())
