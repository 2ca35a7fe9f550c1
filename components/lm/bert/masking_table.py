"""The published comparison of corruption recipes, and a measured one of our own where its file is there.

Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, appendix C.2, Table 8: six ways of treating the chosen 15%
of the tokens, with scores on MNLI (accuracy, fine-tuned) and CoNLL-2003 NER (F1, fine-tuned and feature-based).

>>> [row.name for row in published(FACTS)][:2]
['80/10/10', '100/0/0']
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from components.lm.bert.masking import Action, mask_tokens

FACTS = Path(__file__).resolve().parents[3] / "assets" / "facts"
_COLUMNS = ("mnli_finetune_acc", "ner_finetune_f1", "ner_feature_based_f1")
BERT_ROW = 0


@dataclass(frozen=True)
class PublishedRow:
    """One row of Table 8. Shares are of the chosen tokens, in 0…1; scores are as printed, in points of 100."""

    mask: float
    same: float
    random: float
    scores: tuple[float, float, float]  # MNLI fine-tuned (accuracy), NER fine-tuned and from features (F1)

    @property
    def name(self) -> str:
        """[MASK] / kept / random in percent, as the paper orders them."""
        return "/".join(f"{100 * share:.0f}" for share in (self.mask, self.same, self.random))


def published(folder: Path = FACTS) -> tuple[PublishedRow, ...]:
    """Table 8 in its own order; the first row is BERT's recipe."""
    with (folder / "bert_masking_rates.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            PublishedRow(
                int(row["mask_pct"]) / 100,
                int(row["same_pct"]) / 100,
                int(row["rnd_pct"]) / 100,
                tuple(float(row[column]) for column in _COLUMNS),  # type: ignore[arg-type]
            )
            for row in csv.DictReader(file)
        )


def nearest(rows: Sequence[PublishedRow], mask: float, random: float) -> int:
    """The row whose split lies nearest to a split that may not have been measured."""
    far = [
        (row.mask - mask) ** 2 + (row.random - random) ** 2 + (row.same - (1 - mask - random)) ** 2
        for row in rows
    ]
    return int(np.argmin(far))


# --- A recipe on a sentence -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AppliedWord:
    """One word of a sentence after the dice: what is read in its place."""

    word: str
    action: Action
    read: str


def apply_to_words(
    sentence: str, other_words: Sequence[str], row: PublishedRow, *, mlm_probability: float, seed: int
) -> list[AppliedWord]:
    """Throw the dice on the words of a sentence; random words come from ``other_words``.

    Words stand in for tokens, so that this needs no model.
    """
    words = sentence.split()
    if not words:
        return []
    table = [*dict.fromkeys(other_words or words)]
    own = [len(table) + 1 + i for i in range(len(words))]
    masked = mask_tokens(
        np.array(own),
        np.zeros(len(words), bool),
        mask_token_id=len(table),
        vocab_size=len(table),
        mlm_probability=mlm_probability,
        mask_replace_prob=row.mask,
        random_replace_prob=min(row.random, 1 - row.mask),
        seed=seed,
    )
    texts = [*table, "[MASK]", *words]
    return [
        AppliedWord(word, Action(int(action)), texts[int(token_id)])
        for word, action, token_id in zip(words, masked.actions, masked.input_ids, strict=True)
    ]


# --- The study ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StudyCell:
    """One recipe of our study: its values over seeds, in 0…1 (losses in nats); empty where it was not run."""

    group: str  # "split" or "rate"
    rate: float
    mask: float
    same: float
    random: float
    values: dict[str, tuple[float, ...]]
    seeds: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()  # read in pre-training, one a seed
    settings: str = ""

    @property
    def name(self) -> str:
        """As the published rows are named; rates as a percentage."""
        if self.group == "rate":
            return f"{100 * self.rate:.0f}%"
        return "/".join(f"{100 * share:.0f}" for share in (self.mask, self.same, self.random))


STUDY_FILE = "masking_study.csv"
SCORES = (
    "nli_finetune_accuracy",
    "ner_finetune_f1",
    "ner_feature_f1",
    "all_mask_accuracy",
    "clean_accuracy",
    "nli_feature_accuracy",
    "sentiment_finetune_accuracy",
    "sentiment_feature_accuracy",
)
"""Columns of the study that are drawn, in 0…1; first those that the paper has too."""


def study_rows(folder: Path | None = None) -> list[dict[str, str]]:
    """The lines of the study's file as they are; none while there is no file."""
    path = (folder or FACTS) / STUDY_FILE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def study(folder: Path | None = None) -> tuple[StudyCell, ...] | None:
    """The measured study, one cell a recipe in the paper's order, or None while there is no file.

    The split 80/10/10 is also the rate of 15%: one run serves both groups.
    """
    lines = study_rows(folder)
    if not lines:
        return None
    grouped: dict[tuple[str, float, float, float, float], list[dict[str, str]]] = {}
    for line in lines:
        mine = grouped.setdefault(
            (
                line["group"],
                float(line["mlm_probability"]),
                float(line["mask_replace_prob"]),
                float(line["same_prob"]),
                float(line["random_replace_prob"]),
            ),
            [],
        )
        if line["status"] == "measured":
            mine.append(line)
    cells = [
        StudyCell(
            *key,
            {score: tuple(float(line[score]) for line in mine if line.get(score)) for score in SCORES},
            tuple(int(line["seed"]) for line in mine),
            tuple(int(line["tokens"]) for line in mine if line.get("tokens")),
            next((line["settings"] for line in mine if line.get("settings")), ""),
        )
        for key, mine in grouped.items()
    ]
    bert = next((c for c in cells if c.group == "split" and c.name == "80/10/10"), None)
    if bert is not None and not any(c.group == "rate" and c.rate == bert.rate for c in cells):
        cells.append(replace(bert, group="rate"))
    order = {"split": 0, "rate": 1}
    names = [row.name for row in published()]
    return tuple(
        sorted(
            cells,
            key=lambda c: (order.get(c.group, 2), names.index(c.name) if c.name in names else 99, c.rate),
        )
    )


@dataclass(frozen=True)
class Comparison:
    """A recipe against the reference on one score: can the difference be told from the spread of seeds?"""

    name: str
    score: str
    difference: float  # mean minus the reference's mean, in 0…1
    noise: float | None  # half of the 95% interval of the difference; None with a single seed on either side

    @property
    def verdict(self) -> str:
        """``higher``, ``lower``, ``same`` (within the noise) or ``one_seed``."""
        if self.noise is None:
            return "one_seed"
        if abs(self.difference) <= self.noise:
            return "same"
        return "higher" if self.difference > 0 else "lower"


# Student's t, two-sided 95%: quantiles for 1, 2, 3 … degrees of freedom.
_T95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09)  # fmt: skip


def compare(cells: Sequence[StudyCell], reference: StudyCell, score: str) -> list[Comparison]:
    """Each measured recipe against the reference.

    The spread of seeds is taken to be the same for every recipe and pooled over those with more than one seed (two or
    three seeds alone say little about it); the noise is half of Student's 95% interval of a difference of means.
    """
    base = reference.values.get(score, ())
    several = [v for cell in cells if len(v := cell.values.get(score, ())) > 1]
    freedom = sum(len(v) - 1 for v in several)
    spread = float(np.sqrt(sum(np.var(v) * len(v) for v in several) / freedom)) if freedom else 0.0
    result = []
    for cell in cells:
        values = cell.values.get(score, ())
        if cell is reference or not values or not base:
            continue
        noise = None
        if len(values) > 1 and len(base) > 1:
            t = _T95[min(freedom, len(_T95)) - 1]
            noise = float(t * spread * np.sqrt(1 / len(values) + 1 / len(base)))
        result.append(Comparison(cell.name, score, float(np.mean(values) - np.mean(base)), noise))
    return result


PAPER_SCORE = {"nli_finetune_accuracy": 0, "ner_finetune_f1": 1, "ner_feature_f1": 2}
"""Which score of Table 8 (place in ``PublishedRow.scores``) asks the same as one of ours."""


def paper_difference(name: str, score: str) -> float | None:
    """What Table 8 has for a split minus what it has for BERT's, in points; None where it has nothing like it."""
    place = PAPER_SCORE.get(score)
    row = next((r for r in published() if r.name == name), None)
    if place is None or row is None:
        return None
    return round(row.scores[place] - published()[BERT_ROW].scores[place], 1)
