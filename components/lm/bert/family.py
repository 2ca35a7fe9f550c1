"""BERT and the models that came after it: what each one changed, and what its paper measured.

Two tables of facts. ``family_models.csv`` has a row a model and a column a decision (what is predicted, what is hidden, on
which data ...). ``family_results.csv`` has the published comparisons, each with what was held equal; :attr:`Comparison.fair`
follows from that and is not typed in.

>>> found = {c.name: c for c in comparisons()}
>>> found["roberta_recipe"].gain, found["roberta_recipe"].fair
(2.4, False)
"""

from dataclasses import dataclass
from functools import cache

from components.lm.transformer.model_size import fact_rows

COLUMNS = (
    "objective",
    "masking",
    "sentence",
    "tokenizer",
    "data",
    "batch",
    "sizes",
    "sharing",
    "positions",
    "loss",
)  # fmt: skip
"""The decisions, in the order in which a text meets them."""


@dataclass(frozen=True)
class Relative:
    """One model of the family.

    Attributes:
        cells: column -> value: a name of ours (``mask_static``) or what the paper prints (``8K × 500K``).
        changed: columns whose value is not BERT's.
        base_counted: parameters of the Base size without any head, counted from the published configuration; None where
            it is BERT's architecture under another name.
    """

    name: str
    year: int
    cells: dict[str, str]
    changed: tuple[str, ...]
    base_counted: int | None
    source: str
    address: str


@dataclass(frozen=True)
class Comparison:
    """One comparison as published: the same score of two or more models.

    Attributes:
        rows: (label, score in points of 100), the one to compare with first.
        same_data, same_compute: held equal between the rows (compute: as many tokens through as large a network).
        one_change: the rows differ in one decision.
    """

    name: str
    model: str
    score: str
    rows: tuple[tuple[str, float], ...]
    same_data: bool
    same_compute: bool
    one_change: bool
    source: str

    @property
    def fair(self) -> bool:
        """Whether the difference can be put down to the one thing that was changed.

        More data or more steps can be the change itself: then the other of the two must be equal.
        """
        return self.one_change and (self.same_data or self.same_compute)

    @property
    def gain(self) -> float:
        """The last row's score minus the first one's, in points."""
        return round(self.rows[-1][1] - self.rows[0][1], 1)


@cache
def relatives() -> tuple[Relative, ...]:
    """Return the models, BERT first."""
    rows = fact_rows("family_models")
    bert = rows[0]
    return tuple(
        Relative(
            row["model"],
            int(row["year"]),
            {column: row[column] for column in COLUMNS},
            tuple(column for column in COLUMNS if row[column] != bert[column]),
            int(row["base_counted"]) if row["base_counted"] else None,
            row["source"],
            row["address"],
        )
        for row in rows
    )


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Return the published comparisons in the order of the models."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in fact_rows("family_results"):
        grouped.setdefault(row["comparison"], []).append(row)
    return tuple(
        Comparison(
            name,
            rows[0]["model"],
            rows[0]["score"],
            tuple((row["label"], float(row["value"])) for row in rows),
            rows[0]["same_data"] == "1",
            rows[0]["same_compute"] == "1",
            rows[0]["one_change"] == "1",
            rows[0]["source"],
        )
        for name, rows in grouped.items()
    )


SINGLE_CHANGES = ("roberta_dynamic", "roberta_nsp", "roberta_data", "roberta_steps")
"""What RoBERTa's paper changed one at a time, in the order of the paper."""


def best_single_change() -> str:
    """Return the one of :data:`SINGLE_CHANGES` that gained most on MNLI-m."""
    gains = {c.name: c.gain for c in comparisons() if c.name in SINGLE_CHANGES}
    return max(gains, key=gains.__getitem__)
