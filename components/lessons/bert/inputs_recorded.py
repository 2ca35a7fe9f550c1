"""The first view of "Token + segment + position" from a file, so that it stands before torch is imported."""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from components.lessons.recorded import TRACES
from components.lm.bert.embeddings import InputEmbeddings, ModelInput, Neighbour, Normed

INPUTS, KOREAN_INPUTS = "bert/inputs.npz", "bert/inputs_ko.npz"


def _arrays(thing: Any, prefix: str) -> dict[str, Any]:
    """Return the fields of a dataclass as arrays named ``prefix.field``."""
    return {f"{prefix}.{field.name}": np.asarray(getattr(thing, field.name)) for field in fields(thing)}


@dataclass(frozen=True, eq=False)
class InputsView:
    """One input with its rows; ``near`` holds the neighbours of each of its tokens, by id."""

    of: tuple[str, str, str, str]  # model, revision, A, B
    segments: int
    given: ModelInput
    parts: InputEmbeddings
    near: dict[int, tuple[Neighbour, ...]]

    def save(self, path: Path) -> None:
        """Write everything exactly; the rows that are sums of others are added up again."""
        parts = _arrays(self.parts, "parts")
        for name in (
            "parts.normed",
            "parts.segment_embedding",
            "parts.embedding_sum",
            "parts.projected_width",
        ):
            del parts[name]
        flat = [(of, near) for of, found in self.near.items() for near in found]
        rows = {near.token_id: near.row for _, near in flat}
        np.savez_compressed(
            path,
            of=np.array(self.of),
            segments=np.array(self.segments),
            projected=np.array(self.parts.projected_width or 0),
            near_of=np.array([of for of, _ in flat]),
            near_token=np.array([near.token for _, near in flat]),
            near_id=np.array([near.token_id for _, near in flat]),
            near_cosine=np.array([near.cosine for _, near in flat]),
            row_id=np.array(list(rows)),
            rows=np.stack(list(rows.values())),
            **_arrays(self.given, "given"),
            **_arrays(self.parts.normed, "normed"),
            **parts,
        )

    @classmethod
    def read(cls, path: Path) -> "InputsView":
        """Return what :meth:`save` wrote."""
        with np.load(path) as file:
            numbers = dict(file)
        given = {field.name: numbers[f"given.{field.name}"] for field in fields(ModelInput)}
        given |= {
            "tokens": tuple(given["tokens"].tolist()),
            "without_segments": bool(given["without_segments"]),
        }
        segment = numbers["parts.segment_table"][given["token_type_ids"]]
        token, position = numbers["parts.token_embedding"], numbers["parts.position_embedding"]
        parts = InputEmbeddings(
            token_embedding=token,
            segment_table=numbers["parts.segment_table"],
            segment_embedding=segment,
            position_embedding=position,
            embedding_sum=token + segment + position,
            normed=Normed(*(numbers[f"normed.{field.name}"] for field in fields(Normed))),
            gamma=numbers["parts.gamma"],
            beta=numbers["parts.beta"],
            eps=float(numbers["parts.eps"]),
            largest_difference=float(numbers["parts.largest_difference"]),
            projected_width=int(numbers["projected"]) or None,
        )
        rows = dict(zip(numbers["row_id"].tolist(), numbers["rows"], strict=True))
        near: dict[int, list[Neighbour]] = {}
        names = ("near_of", "near_token", "near_id", "near_cosine")
        for of, name, token_id, cosine in zip(*(numbers[name].tolist() for name in names), strict=True):
            near.setdefault(of, []).append(Neighbour(name, token_id, cosine, rows[token_id]))
        model, revision, first, second = numbers["of"].tolist()
        return cls(
            (model, revision, first, second),
            int(numbers["segments"]),
            ModelInput(**given),
            parts,
            {of: tuple(found) for of, found in near.items()},
        )


@cache
def _views() -> tuple[InputsView, ...]:
    paths = (TRACES / name for name in (INPUTS, KOREAN_INPUTS))
    return tuple(InputsView.read(path) for path in paths if path.exists())


def inputs(
    name: str, revision: str, first: str | None = None, second: str | None = None
) -> InputsView | None:
    """Return the view of a pair that the page begins with in its own model, or None for anything else.

    Without texts: what is true of the model whatever it reads.
    """
    for view in _views():
        if view.of[:2] == (name, revision) and (first is None or view.of[2:] == (first, second)):
            return view
    return None
