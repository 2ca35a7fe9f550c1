"""Switch attention heads off and see what the prediction loses.

A head is switched off where the heads are joined: its part of the input of the output projection becomes zero, so
the bias of that projection stays (Michel et al. 2019, https://arxiv.org/abs/1905.10650, section 2.3, multiply each
head by 0 or 1). Trying every head costs one row of a batch each, on a :func:`components.lm.transformer.attention.twin`.

    baseline = predict(loaded, reading, position)
    without = predict(loaded, reading, position, off=[(2, 1)])
    for trial in try_heads(loaded, reading, position): ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.reading import Reading, inputs
from components.lm.tokens.token_text import token_info
from components.lm.transformer.attention import layer_parts, twin

if TYPE_CHECKING:
    from transformers.utils import ModelOutput

    from components.lm.checkpoints import LoadedModel

Head = tuple[int, int]
"""(layer, head), both from 0."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model expects at one position: ``probs`` is (vocab,) and sums to 1."""

    position: int
    probs: npt.NDArray[np.float64]

    def top(self, count: int) -> list[int]:
        """The ``count`` most probable token ids, most probable first; ties go to the lower id."""
        order = np.argsort(-self.probs, kind="stable")
        return [int(i) for i in order[:count]]


@dataclass(frozen=True)
class HeadEffect:
    """What happens when one head is switched off.

    ``log2_change`` is log2 of p(token) without the head, less the same with it: below zero the head helped this
    prediction. ``divergence`` is the Kullback-Leibler divergence of the two distributions in bits.
    """

    layer: int
    head: int
    prob: float
    log2_change: float
    divergence: float


def _logits(loaded: LoadedModel, output: ModelOutput) -> Any:
    return loaded.masked_logits(output) if loaded.card.can("masked_prediction") else output["logits"]


def _probs(loaded: LoadedModel, output: ModelOutput, position: int) -> npt.NDArray[np.float64]:
    import torch

    logits = _logits(loaded, output)[:, position].double()
    return np.asarray(torch.softmax(logits, -1).numpy())


class _Switched:
    """A twin whose heads are multiplied by ``keep``, (batch, layer, head), in every layer."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.model = twin(loaded.model)
        self.keep: Any = None
        num_heads = loaded.card.num_heads
        for number, part in enumerate(layer_parts(self.model)):

            def switch(module: Any, args: tuple[Any, ...], number: int = number) -> tuple[Any, ...]:
                joined = args[0]  # (batch, seq, hidden)
                split = joined.view(*joined.shape[:-1], num_heads, -1)
                kept = split * self.keep[:, None, number, :, None]
                return (kept.reshape(joined.shape), *args[1:])

            part.output.register_forward_pre_hook(switch)

    def run(self, loaded: LoadedModel, reading: Reading, keep: npt.NDArray[np.float32]) -> ModelOutput:
        import torch

        self.keep = torch.from_numpy(keep)
        with torch.inference_mode():
            return self.model(**inputs(loaded, [reading] * len(keep)))


def all_on(loaded: LoadedModel, batch: int = 1) -> npt.NDArray[np.float32]:
    """Ones, (batch, layer, head)."""
    return np.ones((batch, loaded.card.num_layers, loaded.card.num_heads), np.float32)


def predict(loaded: LoadedModel, reading: Reading, position: int, off: Iterable[Head] = ()) -> Prediction:
    """The distribution at ``position``, with some heads switched off.

    For a masked-language model it is over the token at that position, for a causal one over the token after it.

    Raises:
        Unreadable: heads of this family cannot be switched.
        IndexError: there is no such head.
    """
    switched = list(off)
    if not switched:
        return Prediction(position, _probs(loaded, loaded.forward(**inputs(loaded, [reading])), position)[0])
    keep = all_on(loaded)
    for layer, head in switched:
        keep[0, layer, head] = 0.0
    return Prediction(position, _probs(loaded, _Switched(loaded).run(loaded, reading, keep), position)[0])


def hidden_states(loaded: LoadedModel, reading: Reading, off: Iterable[Head] = ()) -> ModelOutput:
    """The output of transformers with ``hidden_states``, with some heads switched off."""
    import torch

    switched = _Switched(loaded)
    keep = all_on(loaded)
    for layer, head in off:
        keep[0, layer, head] = 0.0
    switched.keep = torch.from_numpy(keep)
    with torch.inference_mode():
        return switched.model(**inputs(loaded, [reading]), output_hidden_states=True)


def divergence(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
    """Kullback-Leibler divergence D(p ‖ q) in bits.

    >>> divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75])).__round__(4)
    0.2075
    """
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / np.maximum(q[seen], 1e-300))).sum())


def try_heads(
    loaded: LoadedModel,
    reading: Reading,
    position: int,
    *,
    token_id: int | None = None,
    off: Sequence[Head] = (),
    skip: int = 0,
    batch_tokens: int = 1024,
) -> Iterator[list[HeadEffect]]:
    """Switch off every head in turn (on top of ``off``) and yield the effects, a batch at a time.

    ``token_id`` is the prediction whose probability is followed; the most probable one if not given. Stop iterating
    to stop the search; ``skip`` as many heads as were tried before to go on with it.
    """
    before = predict(loaded, reading, position, off).probs
    followed = int(before.argmax()) if token_id is None else token_id
    switched = _Switched(loaded)
    heads = [
        (layer, head)
        for layer in range(loaded.card.num_layers)
        for head in range(loaded.card.num_heads)
        if (layer, head) not in set(off)
    ]
    size = max(1, batch_tokens // max(1, len(reading)))
    for start in range(skip, len(heads), size):
        group = heads[start : start + size]
        keep = all_on(loaded, len(group))
        for row, head in enumerate(group):
            for layer, number in (*off, head):
                keep[row, layer, number] = 0.0
        after = _probs(loaded, switched.run(loaded, reading, keep), position)
        yield [
            HeadEffect(
                layer,
                number,
                float(probs[followed]),
                float(np.log2(max(probs[followed], 1e-300)) - np.log2(max(before[followed], 1e-300))),
                divergence(before, probs),
            )
            for (layer, number), probs in zip(group, after, strict=True)
        ]


@dataclass(frozen=True)
class Candidate:
    """One row of a comparison: a token with its probability before and after."""

    token_id: int
    text: str
    before: float
    after: float


def compare(loaded: LoadedModel, before: Prediction, after: Prediction, count: int = 8) -> list[Candidate]:
    """The most probable tokens of both predictions, ordered by the larger of the two probabilities."""
    ids = dict.fromkeys((*before.top(count), *after.top(count)))
    rows = [
        Candidate(i, token_info(loaded.tokenizer, i).text, float(before.probs[i]), float(after.probs[i]))
        for i in ids
    ]
    return sorted(rows, key=lambda row: -max(row.before, row.after))[: count + 2]
