"""A model of ``transformers`` as the `Frontier` that the strategies grow their texts on, and what it says of a finished text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from components.lm import checkpoints

checkpoints.import_transformers()  # before the imports below: from several threads at once they can fail halfway, for as long as the server runs

import torch  # noqa: E402
from transformers import DynamicCache  # noqa: E402

from components.lm.gpt.strategies import Grown, log_softmax  # noqa: E402

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LISTED = 8
"""Candidates listed for each token of a text."""


class CachedFrontier:
    """Beginnings that share one cache of keys and values; a step picks the rows it goes on from."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._cache: Any = None
        self._rows = 0

    def begin(self, token_ids: Sequence[int]) -> Grown:
        """Read one text anew."""
        self._cache = DynamicCache()
        self._rows = 1
        scores, states = self._read([list(token_ids)])
        return Grown(scores[:, -1], states[0])

    def step(self, parents: Sequence[int], token_ids: Sequence[int]) -> Grown:
        """Read one token more behind each parent."""
        if list(parents) != list(range(self._rows)):
            self._cache.batch_select_indices(torch.tensor(list(parents), dtype=torch.long))
        self._rows = len(parents)
        scores, states = self._read([[token] for token in token_ids])
        return Grown(scores[:, -1], states[:, -1])

    def _read(self, rows: list[list[int]]) -> tuple[Any, Any]:
        with torch.inference_mode():
            output = self._model(
                input_ids=torch.tensor(rows, dtype=torch.long),
                past_key_values=self._cache,
                use_cache=True,
                output_hidden_states=True,
            )
        return output.logits.float().numpy(), output.hidden_states[-1].float().numpy()


@dataclass(frozen=True)
class Told:
    """What the model says of a text after a prompt, token by token; probabilities over the whole vocabulary, temperature 1.

    ``logprobs`` in nats; ``ranks`` from 1; ``candidates``: of each token, the `LISTED` most probable as (id, probability).
    """

    logprobs: tuple[float, ...]
    ranks: tuple[int, ...]
    candidates: tuple[tuple[tuple[int, float], ...], ...]


def tell(model: PreTrainedModel, prompt: Sequence[int], text: Sequence[int]) -> Told:
    """Ask the model how probable each token of ``text`` was."""
    if not text:
        return Told((), (), ())
    with torch.inference_mode():
        ids = torch.tensor([[*prompt, *text[:-1]]], dtype=torch.long)
        scores = model(input_ids=ids).logits[0, len(prompt) - 1 :].float().numpy()
    logprobs = log_softmax(scores)
    ranks = [
        int((row > row[t]).sum() + (row[:t] == row[t]).sum()) + 1 for row, t in zip(scores, text, strict=True)
    ]
    order = np.argsort(-scores, axis=1, kind="stable")[:, :LISTED]
    listed = tuple(
        tuple((int(i), float(np.exp(row[i]))) for i in ids_)
        for row, ids_ in zip(logprobs, order, strict=True)
    )
    return Told(tuple(float(row[t]) for row, t in zip(logprobs, text, strict=True)), tuple(ranks), listed)
