"""What goes into a BERT: token + segment + position, LayerNorm, and what each part is good for.

Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 3 and Figure 2: the input of a token is the sum of three
rows, one from each of three learned tables. LayerNorm follows (Ba et al. 2016, https://arxiv.org/abs/1607.06450,
section 3): subtract the mean of the vector, divide by its standard deviation, multiply by gamma, add beta.

>>> normed = layer_norm(np.array([[1.0, 2.0, 3.0]]), np.ones(3), np.zeros(3), 0.0)
>>> normed.out.round(4).tolist(), normed.mean.tolist()
([[-1.2247, 0.0, 1.2247]], [2.0])

The relatives differ and are handled: RoBERTa counts positions from 2 and has one segment row, DistilBERT has no
segments, ELECTRA (small) and ALBERT keep a narrow table and project it to the width of the layers afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.reading import (
    Bools,
    Ints,
    Reading,
    as_inputs,
    positions_of,
    read,
    segment_rows,
    table_rows,
)

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]

FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "albert")
SEGMENTS = ("normal", "none", "all_a", "all_b")
"""As the tokenizer says; the segment row left out of the sum; every token in A; every token in B."""
POSITIONS = ("normal", "reversed", "shuffled", "zero")


class NotBert(ValueError):
    """The model does not add up its input as BERT does."""

    def __init__(self, family: str) -> None:
        self.family = family
        super().__init__(f"{family} is not of the BERT family")


class NoPadding(ValueError):
    """The tokenizer has no token to fill a batch with."""


# --- The input --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ModelInput:
    """The lists a BERT is called with, (seq,) each; ``tokens`` and ``special`` say what they mean.

    ``without_segments``: the segment row is left out of the sum.
    """

    tokens: tuple[str, ...]
    input_ids: Ints
    token_type_ids: Ints
    attention_mask: Ints
    position_ids: Ints
    special: Bools
    without_segments: bool = False

    def __len__(self) -> int:
        return len(self.tokens)


def read_input(loaded: LoadedModel, first: str, second: str = "") -> ModelInput:
    """Tokenize one text or a pair into the lists the model is called with.

    Raises:
        NotBert: another kind of model.
        CannotRead: more tokens than the model has positions, or a token it has no row for.
    """
    _module(loaded)
    return as_model_input(read(loaded, first, second))


def as_model_input(reading: Reading) -> ModelInput:
    """The lists of a reading; a model without segments has zeros."""
    segments = reading.token_type_ids
    return ModelInput(
        reading.tokens,
        reading.input_ids,
        np.zeros(len(reading), np.int64) if segments is None else segments,
        reading.attention_mask,
        reading.position_ids,
        reading.special,
    )


@dataclass(frozen=True)
class Changes:
    """What is done to an input before the model reads it. The default changes nothing.

    ``painted`` are tokens moved to the other segment; ``swap`` two places whose tokens change seats.
    """

    segments: str = "normal"
    painted: tuple[int, ...] = ()
    positions: str = "normal"
    seed: int = 0
    swap: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        return self != Changes(seed=self.seed)


def apply(given: ModelInput, changes: Changes, num_segments: int = 2) -> ModelInput:
    """Return the changed input. Nothing but what ``changes`` names differs; places outside the text are ignored."""
    count = len(given)
    segments = given.token_type_ids.copy()
    if num_segments > 1:
        if changes.segments in ("all_a", "all_b"):
            segments[:] = int(changes.segments == "all_b")
        for place in set(changes.painted):
            if 0 <= place < count:
                segments[place] = 1 - segments[place]
    positions = given.position_ids
    if changes.positions == "reversed":
        positions = positions[::-1].copy()
    elif changes.positions == "zero":
        positions = np.full_like(positions, positions[0])
    elif changes.positions == "shuffled":
        order = list(range(count))
        random.Random(changes.seed).shuffle(order)
        positions = positions[order]
    ids, tokens, special = given.input_ids.copy(), list(given.tokens), given.special.copy()
    if changes.swap is not None and all(0 <= place < count for place in changes.swap):
        one, other = changes.swap
        ids[[one, other]] = ids[[other, one]]
        special[[one, other]] = special[[other, one]]
        tokens[one], tokens[other] = tokens[other], tokens[one]
    return replace(
        given,
        tokens=tuple(tokens),
        input_ids=ids,
        token_type_ids=segments,
        position_ids=positions,
        special=special,
        without_segments=changes.segments == "none" and num_segments > 0,
    )


# --- The sum ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Normed:
    """LayerNorm with what it measured: ``mean`` and ``deviation`` (seq,), ``out`` (seq, width)."""

    mean: npt.NDArray[Any]
    deviation: npt.NDArray[Any]
    out: npt.NDArray[Any]


def layer_norm(rows: npt.NDArray[Any], gamma: npt.NDArray[Any], beta: npt.NDArray[Any], eps: float) -> Normed:
    """Normalise each row of (seq, width); ``deviation`` is sqrt(variance + eps), what the row is divided by."""
    mean = rows.mean(-1)
    deviation = np.sqrt(((rows - mean[:, None]) ** 2).mean(-1) + eps)
    return Normed(mean, deviation, (rows - mean[:, None]) / deviation[:, None] * gamma + beta)


@dataclass(frozen=True, eq=False)
class InputEmbeddings:
    """Every row of the picture, (seq, width) unless said otherwise.

    ``segment_table`` is (segments, width), empty for a model without segments. ``largest_difference`` is between
    ``layer_norm_out`` and what the model's own module gives for the same lists. ``projected_width`` is the width of
    the layers where the table is narrower, else ``None``.
    """

    token_embedding: Floats
    segment_table: Floats
    segment_embedding: Floats
    position_embedding: Floats
    embedding_sum: Floats
    normed: Normed
    gamma: Floats
    beta: Floats
    eps: float
    largest_difference: float
    projected_width: int | None

    @property
    def layer_norm_out(self) -> npt.NDArray[Any]:
        """The final row, what the first layer (or the projection) reads."""
        return self.normed.out


def _module(loaded: LoadedModel) -> Any:
    """The module that adds the rows up."""
    family = loaded.card.family
    if family not in FAMILIES:
        raise NotBert(family)
    return loaded.model.base_model.embeddings


def num_segments(loaded: LoadedModel) -> int:
    """Return the rows of the segment table: 2 in BERT, 1 in RoBERTa, 0 in DistilBERT."""
    _module(loaded)
    return segment_rows(loaded)


def _rows(table: Any, ids: Ints) -> Floats:
    import torch

    return np.asarray(table.weight.detach()[torch.from_numpy(ids)].float().numpy(), np.float32)


def embed(loaded: LoadedModel, given: ModelInput) -> InputEmbeddings:
    """Look up the three rows of every token, add them, normalise, and compare with the model's own module.

    Raises:
        NotBert: another kind of model.
    """
    module = _module(loaded)
    token = _rows(module.word_embeddings, given.input_ids)
    position = _rows(module.position_embeddings, given.position_ids)
    width = token.shape[1]
    table = np.zeros((0, width), np.float32)
    segment = np.zeros_like(token)
    if segment_rows(loaded):
        table = np.asarray(module.token_type_embeddings.weight.detach().float().numpy(), np.float32)
        segment = table[given.token_type_ids]
        if given.without_segments:
            segment = np.zeros_like(segment)
    total = token + segment + position
    norm = module.LayerNorm
    gamma = np.asarray(norm.weight.detach().float().numpy(), np.float32)
    beta = np.asarray(norm.bias.detach().float().numpy(), np.float32)
    # In float64: what then differs from the model is the rounding of its own float32 arithmetic.
    normed = layer_norm(total.astype(np.float64), gamma, beta, float(norm.eps))
    own = _own_embedding(loaded, given)
    hidden = loaded.card.hidden_size
    return InputEmbeddings(
        token,
        table,
        segment,
        position,
        total,
        normed,
        gamma,
        beta,
        float(norm.eps),
        float(np.abs(own - normed.out).max()),
        hidden if hidden != width else None,
    )


def _own_embedding(loaded: LoadedModel, given: ModelInput) -> Floats:
    """What the model's embedding module gives, (seq, width)."""
    from components.lm.checkpoints import import_torch

    inputs = _inputs([given], loaded)
    inputs.pop("attention_mask")
    with import_torch().inference_mode():
        out = _module(loaded)(**inputs)
    found: Floats = out[0].float().numpy()
    return found


def _inputs(batch: Sequence[ModelInput], loaded: LoadedModel) -> dict[str, Any]:
    """Tensors for inputs of one length, (batch, seq).

    No argument of a model leaves out the segment row; it is cancelled in ``inputs_embeds``: what the module will add
    is subtracted first.
    """
    import torch

    def stack(name: str) -> Ints:
        return np.stack([getattr(one, name) for one in batch])

    inputs = as_inputs(
        loaded,
        stack("input_ids"),
        attention_mask=stack("attention_mask"),
        token_type_ids=stack("token_type_ids"),
    )
    inputs["position_ids"] = torch.from_numpy(stack("position_ids"))
    left_out = torch.tensor([one.without_segments for one in batch])
    if not bool(left_out.any()) or "token_type_ids" not in inputs:
        return inputs
    module = _module(loaded)
    with torch.no_grad():
        segments = module.token_type_embeddings(inputs["token_type_ids"])
        rows = module.word_embeddings(inputs.pop("input_ids")) - segments * left_out[:, None, None]
    return {"inputs_embeds": rows, **inputs}


def norms(rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the length of each row, (seq,)."""
    found: npt.NDArray[np.float64] = np.linalg.norm(np.asarray(rows, np.float64), axis=-1)
    return found


def cosine(one: npt.ArrayLike, other: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the cosine of matching rows, (seq,); 0 where a row is zero."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    found: npt.NDArray[np.float64] = np.divide((a * b).sum(-1), size, out=np.zeros_like(size), where=size > 0)
    return found


# --- What a change changes --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Guess:
    """A token the model expects, with its probability before and after a change."""

    token: str
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Effects:
    """What a change did.

    ``cosines`` (seq,): the final vector of each token, before and after; a swapped token is compared with itself in
    its new seat. ``largest`` is the largest difference of any number in them. ``guesses`` are what the model expects
    under a [MASK] at ``asked`` (empty if it cannot predict, or without a place). ``is_next`` is P(B follows A) before
    and after, ``None`` for a model without that answer.
    """

    cosines: npt.NDArray[np.float64]
    largest: float
    asked: int | None
    guesses: tuple[Guess, ...]
    is_next: tuple[float, float] | None


def compare(
    loaded: LoadedModel,
    before: ModelInput,
    after: ModelInput,
    asked: int | None,
    swap: tuple[int, int] | None = None,
    most: int = 4,
) -> Effects:
    """Run the model on both inputs and say what differs.

    Args:
        asked: the place whose token is covered for the prediction; after a swap the same token, in its new seat.
    """
    seat = list(range(len(before)))
    if swap is not None and all(0 <= place < len(before) for place in swap):
        seat[swap[0]], seat[swap[1]] = seat[swap[1]], seat[swap[0]]
    # Two passes: inputs_embeds of one must not stand in for the input_ids of the other.
    runs = [loaded.forward(**_inputs([one], loaded), output_hidden_states=True) for one in (before, after)]
    here, there = (run.hidden_states[-1][0].float().numpy().astype(np.float64) for run in runs)
    there = there[seat]
    is_next = None
    if loaded.card.can("next_sentence"):
        chances = [float(loaded.next_sentence_logits(run)[0].float().softmax(-1)[0]) for run in runs]
        is_next = (chances[0], chances[1])
    guesses: tuple[Guess, ...] = ()
    mask_id = loaded.tokenizer.mask_token_id
    if asked is not None and loaded.card.can("masked_prediction") and 0 <= asked < len(before):
        places = (asked, seat[asked])
        probs = []
        for one, place in zip((before, after), places, strict=True):
            covered = one.input_ids.copy()
            covered[place] = mask_id
            output = loaded.forward(**_inputs([replace(one, input_ids=covered)], loaded))
            probs.append(loaded.masked_logits(output)[0, place].float().softmax(-1))
        best = list(dict.fromkeys(int(i) for p in probs for i in p.topk(min(most, p.shape[-1])).indices))
        best.sort(key=lambda i: -max(float(p[i]) for p in probs))
        names = loaded.tokenizer.convert_ids_to_tokens(best)
        guesses = tuple(
            Guess(str(name), float(probs[0][i]), float(probs[1][i]))
            for name, i in zip(names, best, strict=True)
        )
    return Effects(
        cosine(here, there),
        float(np.abs(here - there).max(initial=0.0)),
        asked if guesses else None,
        guesses,
        is_next,
    )


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A row of the token table, (width,), with its token, its id and its cosine with the row asked about."""

    token: str
    token_id: int
    cosine: float
    row: Floats


def neighbours(loaded: LoadedModel, token_id: int, count: int = 12) -> tuple[Neighbour, ...]:
    """Return a token's row of the table, and the ``count`` rows nearest to it by cosine, nearest first."""
    import torch

    with torch.no_grad():
        table = _module(loaded).word_embeddings.weight.float()
        unit = table / table.norm(dim=1, keepdim=True).clamp_min(1e-12)
        similar = unit @ unit[token_id]
        similar[token_id] = torch.inf
        best = similar.topk(min(count + 1, len(similar)))
        similar[token_id] = 1.0
    ids = [int(i) for i in best.indices]
    names = loaded.tokenizer.convert_ids_to_tokens(ids)
    rows = _rows(_module(loaded).word_embeddings, np.array(ids))
    return tuple(
        Neighbour(str(name), i, float(similar[i]), row) for name, i, row in zip(names, ids, rows, strict=True)
    )


# --- Padding ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PaddedBatch:
    """Texts of different length in one batch, (text, seq): short ones are filled with [PAD].

    ``attention_mask`` has the flips of the reader; ``change`` (text, seq) is 1 minus the cosine between a token's final
    vector with the right mask and with this one, ``largest`` (text,) the largest difference of any number at a real
    token. ``real`` says which places hold text.
    """

    tokens: tuple[tuple[str, ...], ...]
    input_ids: Ints
    attention_mask: Ints
    real: npt.NDArray[np.bool_]
    change: npt.NDArray[np.float64]
    largest: npt.NDArray[np.float64]


def pad_batch(
    loaded: LoadedModel, texts: Sequence[str], flipped: Iterable[tuple[int, int]] = ()
) -> PaddedBatch:
    """Batch texts to one length and read them twice: with the right attention mask, and with some places flipped.

    Raises:
        NoPadding: the tokenizer has no padding token that the model has a row for. CannotRead, NotBert: see
            :func:`read_input`.
    """
    pad = loaded.tokenizer.pad_token_id
    if pad is None or not 0 <= pad < table_rows(loaded):
        raise NoPadding("no padding token")
    inputs = [read_input(loaded, text) for text in texts]
    length = max(map(len, inputs))
    name = str(loaded.tokenizer.convert_ids_to_tokens(int(pad)))

    def filled(one: ModelInput) -> ModelInput:
        more = length - len(one)
        zeros = np.zeros(more, np.int64)
        ids = np.concatenate([one.input_ids, np.full(more, pad, np.int64)])
        return ModelInput(
            (*one.tokens, *[name] * more),
            ids,
            np.concatenate([one.token_type_ids, zeros]),
            np.concatenate([one.attention_mask, zeros]),
            positions_of(loaded, ids),
            np.concatenate([one.special, np.ones(more, bool)]),
        )

    batch = [filled(one) for one in inputs]
    right = np.stack([one.attention_mask for one in batch])
    mask = right.copy()
    for text, place in flipped:
        if 0 <= text < len(batch) and 0 <= place < length:
            mask[text, place] = 1 - mask[text, place]
    mask[mask.sum(1) == 0, 0] = 1  # a text with nothing to read has no answer
    changed = [replace(one, attention_mask=row) for one, row in zip(batch, mask, strict=True)]
    here, there = (
        loaded.forward(**_inputs(some, loaded), output_hidden_states=True)
        .hidden_states[-1]
        .float()
        .numpy()
        .astype(np.float64)
        for some in (batch, changed)
    )
    real = right == 1
    apart = np.where(real, np.abs(here - there).max(-1), 0.0)
    same = np.array([cosine(a, b) for a, b in zip(here, there, strict=True)])
    return PaddedBatch(
        tuple(one.tokens for one in batch),
        np.stack([one.input_ids for one in batch]),
        mask,
        real,
        np.where(apart > 0, np.maximum(1 - same, 0), 0.0),
        apart.max(1),
    )


# --- The forward pass, line by line -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of the run-through: code in our words, the name it makes, its shape and its values.

    ``values`` are those at one token where the shape ends in a width or 1, else of all tokens.
    """

    code: str
    name: str
    shape: tuple[int, ...]
    values: tuple[float, ...]


def run_through(given: ModelInput, parts: InputEmbeddings, token: int) -> tuple[Line, ...]:
    """Return what an embedding module does with ``given`` to get ``parts``, line by line, with the values at ``token``.

    What ``BertEmbeddings.forward`` of transformers does, written again; every shape and value is computed here.
    """
    count = len(given)
    width = parts.token_embedding.shape[1]
    token = min(max(token, 0), count - 1)

    def numbers(row: npt.NDArray[Any]) -> tuple[float, ...]:
        return tuple(float(x) for x in row)

    lines = [
        Line("batch_size, seq_len = input_ids.shape", "batch_size, seq_len", (2,), (1.0, float(count))),
        Line(
            "position_ids = arange(first, first + seq_len)",
            "position_ids",
            (1, count),
            numbers(given.position_ids),
        ),
    ]
    if len(parts.segment_table):
        lines.append(
            Line(
                "token_type_ids = token_type_ids or zeros(1, seq_len)",
                "token_type_ids",
                (1, count),
                numbers(given.token_type_ids),
            )
        )
    full = (1, count, width)
    lines.append(
        Line(
            "embeddings = word_embeddings[input_ids]",
            "embeddings",
            full,
            numbers(parts.token_embedding[token]),
        )
    )
    running = parts.token_embedding[token]
    if len(parts.segment_table) and not given.without_segments:
        running = running + parts.segment_embedding[token]
        lines.append(
            Line(
                "embeddings = embeddings + token_type_embeddings[token_type_ids]",
                "embeddings",
                full,
                numbers(running),
            )
        )
    running = running + parts.position_embedding[token]
    lines += [
        Line(
            "embeddings = embeddings + position_embeddings[position_ids]",
            "embeddings",
            full,
            numbers(running),
        ),
        Line("mean = embeddings.mean(last)", "mean", (1, count, 1), (float(parts.normed.mean[token]),)),
        Line(
            "deviation = sqrt(variance(last) + eps)",
            "deviation",
            (1, count, 1),
            (float(parts.normed.deviation[token]),),
        ),
        Line(
            "embeddings = (embeddings - mean) / deviation * gamma + beta",
            "embeddings",
            full,
            numbers(parts.layer_norm_out[token]),
        ),
        Line(
            "embeddings = dropout(embeddings)   # only while training",
            "embeddings",
            full,
            numbers(parts.layer_norm_out[token]),
        ),
    ]
    return tuple(lines)
