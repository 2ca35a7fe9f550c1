"""The first view of "Attention heads" from a file, so that it stands before torch is imported."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from components.lessons.recorded import TRACES
from components.lm.reading import from_arrays
from components.lm.transformer.attention import Attention
from components.lm.transformer.head_scores import Induction

ATTENTION = "bert/attention.npz"
KOREAN_ATTENTION = "bert/attention_ko.npz"


@dataclass(frozen=True, eq=False)
class AttentionView:
    """The attention of one text with what made it; ``separators`` are the ids of the separating tokens, ``induction``
    belongs to the model."""

    of: tuple[str, str, str, str]  # model, revision, text, second text
    attention: Attention
    separators: frozenset[int]
    induction: Induction

    def save(self, path: Path) -> None:
        """Write everything exactly."""
        arrays: dict[str, Any] = {
            "of": np.array(self.of),
            "weights": self.attention.weights,
            "causal": np.array(self.attention.causal),
            "separators": np.array(sorted(self.separators)),
            "induction": self.induction.scores,
            "even_induction": np.array(self.induction.even),
        }
        for name, array in self.attention.reading.as_arrays().items():
            arrays[f"reading.{name}"] = array
        np.savez_compressed(path, **arrays)

    @classmethod
    def read(cls, path: Path) -> "AttentionView":
        """Return what :meth:`save` wrote."""
        with np.load(path) as file:
            arrays = {
                name.removeprefix("reading."): file[name] for name in file if name.startswith("reading.")
            }
            weights = file["weights"]
            model, revision, text, pair = file["of"].tolist()
            layers = tuple(range(len(weights)))
            return cls(
                (model, revision, text, pair),
                Attention(from_arrays(arrays), weights, layers, bool(file["causal"]), (None,) * len(layers)),
                frozenset(file["separators"].tolist()),
                Induction(file["induction"], float(file["even_induction"])),
            )


@cache
def _views() -> tuple[AttentionView, ...]:
    paths = (TRACES / name for name in (ATTENTION, KOREAN_ATTENTION))
    return tuple(AttentionView.read(path) for path in paths if path.exists())


def attention(name: str, revision: str, text: str, pair: str) -> AttentionView | None:
    """Return the attention of a text that the page begins with in its own model, or None for anything else."""
    return next((view for view in _views() if view.of == (name, revision, text, pair)), None)


def induction(name: str, revision: str) -> Induction | None:
    """Return the induction of the heads of a model that the page begins with, or None for any other."""
    return next((view.induction for view in _views() if view.of[:2] == (name, revision)), None)
