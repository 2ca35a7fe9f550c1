"""Where a token stands: sine and cosine, learned tables, and what is left when the words are shuffled.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.5, adds to each token the vector

    PE(pos, 2i) = sin(pos / 10000^(2i / d)),   PE(pos, 2i + 1) = cos(pos / 10000^(2i / d)).

BERT and the GPTs learn one vector per position instead (Devlin et al. 2019, section 3; Radford et al. 2018, section
4.1); :func:`learned_table` reads it from a model's file without torch.

>>> sinusoids(2, 4).round(3).tolist()
[[0.0, 1.0, 0.0, 1.0], [0.841, 0.54, 0.01, 1.0]]
>>> wavelengths(4).round(2).tolist()
[6.28, 628.32]
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.lm.reading import (
    COUNT_FROM_PADDING,
    Reading,
    as_inputs,
    check_places,
    clean,
    is_causal,
    positions_of,
    read,
)

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel
    from components.lm.checkpoints.model_card import ModelCard

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

BASE = 10_000
"""Vaswani et al. 2017, section 3.5: wavelengths go from 2 pi to BASE * 2 pi."""

_TABLES: Mapping[str, tuple[str, int]] = {
    "gpt2": ("wpe.weight", 0),
    "opt": ("embed_positions.weight", 2),
    "gpt_neo": ("wpe.weight", 0),
    "bert": ("embeddings.position_embeddings.weight", 0),
    "distilbert": ("embeddings.position_embeddings.weight", 0),
    "electra": ("embeddings.position_embeddings.weight", 0),
    "albert": ("embeddings.position_embeddings.weight", 0),
    # Positions of the RoBERTa family begin after the padding id, usually 1; the card knows.
    "roberta": ("embeddings.position_embeddings.weight", 2),
    "xlm-roberta": ("embeddings.position_embeddings.weight", 2),
    "camembert": ("embeddings.position_embeddings.weight", 2),
}
"""Family -> (end of the tensor's name, row of the first position)."""


class TooFewWords(ValueError):
    """A sentence has too few words to be shuffled."""


class NoTable(ValueError):
    """The family adds no learned position vectors (rotary, relative or none)."""

    def __init__(self, family: str) -> None:
        self.family = family
        super().__init__(f"{family} has no table of positions")


# --- Sine and cosine --------------------------------------------------------------------------------------------------


def angular_frequencies(d_model: int) -> Doubles:
    """Return radians per position of each pair of dimensions, (d_model / 2,).

    Raises:
        ValueError: ``d_model`` is odd or below 2.
    """
    if d_model < 2 or d_model % 2:
        raise ValueError("sine and cosine come in pairs: the width must be even")
    return BASE ** -(np.arange(0, d_model, 2) / d_model)


def wavelengths(d_model: int) -> Doubles:
    """Return positions per full turn of each pair of dimensions, (d_model / 2,)."""
    return 2 * np.pi / angular_frequencies(d_model)


def sinusoids(num_positions: int, d_model: int) -> Doubles:
    """Return the encodings of positions 0, 1, ..., (num_positions, d_model)."""
    angles = np.arange(num_positions)[:, None] * angular_frequencies(d_model)[None]
    table = np.empty((num_positions, d_model))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


def cosines(table: npt.ArrayLike) -> Doubles:
    """Return the cosine of every row with every row, (positions, positions); a row of zeros has cosine 0."""
    rows = np.asarray(table, np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    found: Doubles = unit @ unit.T
    return found


# --- Learned tables ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PositionTable:
    """A learned table: row ``p`` of ``rows`` (positions, width) is added to the token at position ``p``.

    ``tensor`` is its name in the file and ``first_row`` the row of position 0 there.
    """

    rows: Floats
    tensor: str
    first_row: int


def learned_table(folder: Path, card: ModelCard) -> PositionTable:
    """Read a model's position table from its safetensors file, without torch.

    Raises:
        NoTable: the family has none.
    """
    from safetensors import safe_open

    from components.lm.checkpoints.model_card import weight_files

    if card.family not in _TABLES:
        raise NoTable(card.family)
    ending, first = _TABLES[card.family]
    for file in weight_files(folder):
        path = str(folder / file)
        with safe_open(path, "numpy") as tensors:
            names = [name for name in tensors.keys() if name == ending or name.endswith("." + ending)]  # noqa: SIM118 - not a dictionary
            if not names:
                continue
            try:
                rows = np.asarray(tensors.get_tensor(names[0]), np.float32)
            except TypeError:  # bfloat16, a type that numpy does not have
                rows = _rows_by_torch(path, names[0])
        if card.family in COUNT_FROM_PADDING and card.max_positions is not None:
            first = len(rows) - card.max_positions
        return PositionTable(rows[first:], names[0], first)
    raise NoTable(card.family)


def _rows_by_torch(path: str, name: str) -> Floats:
    from safetensors import safe_open

    from components.lm.checkpoints import import_torch

    import_torch()
    with safe_open(path, "pt") as tensors:
        return np.asarray(tensors.get_tensor(name).float().numpy(), np.float32)


# --- Shuffled words -------------------------------------------------------------------------------------------------

POSITIONS = ("normal", "same")
"""Every position its own row, or the row of position 0 for every token: nothing left that says who comes first."""


@dataclass(frozen=True)
class ReadOrder:
    """What a model made of one order of the words.

    ``words`` are in this order; ``tokens`` what the model read. ``top`` holds (token, probability), best first, for
    the [MASK] of a BERT or for the next token of a GPT.
    """

    words: tuple[str, ...]
    tokens: tuple[str, ...]
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Shuffle:
    """One sentence and its shuffled twin, each read with positions and without.

    ``order`` lists the words of the original in the shuffled order. ``readings[positions]`` is (original, shuffled),
    for each of :data:`POSITIONS`. ``cosines[positions]`` has, for every token of the original except the special
    ones (``token_texts``), the cosine between its final vector here and in the shuffled sentence; ``largest[positions]`` is the largest difference of any number in those vectors. ``mask`` is the mask token among a BERT's words.
    """

    order: tuple[int, ...]
    readings: Mapping[str, tuple[ReadOrder, ReadOrder]]
    token_texts: tuple[str, ...]
    cosines: Mapping[str, tuple[float, ...]]
    largest: Mapping[str, float]
    causal: bool
    mask: str | None


def shuffled_order(num_words: int, seed: int, fixed: Sequence[int] = ()) -> tuple[int, ...]:
    """Return an order of the words that is not the original one; words at ``fixed`` stay.

    >>> shuffled_order(4, 0, fixed=[3])[3]
    3
    """
    moving = [i for i in range(num_words) if i not in set(fixed)]
    moved = list(moving)
    draw = random.Random(seed)
    for _ in range(20):
        draw.shuffle(moved)
        if moved != moving or len(moving) < 2:
            break
    order = list(range(num_words))
    for place, word in zip(moving, moved, strict=True):
        order[place] = word
    return tuple(order)


def shuffle_words(loaded: LoadedModel, text: str, seed: int, most_words: int = 24) -> Shuffle:
    """Read ``text`` and a shuffled twin, with position information and without.

    A BERT needs one [MASK] among the words (its last word is masked if there is none); that word and, for a GPT, the
    last word stay in their place, so that both orders are asked the same question.

    Raises:
        TooFewWords: fewer than three.
        ModelRefused: the model neither predicts masked tokens nor generates.
        CannotRead: the text is too long for the model, or cannot be read.
        NoTable: the family adds no position vectors.
    """
    card, tokenizer = loaded.card, loaded.tokenizer
    if card.family not in _TABLES or card.family == "opt":  # OPT counts its positions from the attention mask
        raise NoTable(card.family)
    causal = is_causal(card)
    words = clean(text).split()[:most_words]
    if len(words) < 3:
        raise TooFewWords("at least three words")
    asked = len(words) - 1
    if not causal:
        card.check("masked_prediction")
        mask = str(tokenizer.mask_token)
        if mask not in words:
            words[-1] = mask
        asked = words.index(mask)
    order = shuffled_order(len(words), seed, [asked])
    check_places(loaded)
    framed = _by_word(loaded, words)
    orders = (tuple(range(len(words))), order)
    readings: dict[str, tuple[ReadOrder, ReadOrder]] = {}
    cosine: dict[str, tuple[float, ...]] = {}
    largest: dict[str, float] = {}
    for kind in POSITIONS:
        (one, here), (two, there) = (
            _read(loaded, words, framed, arrangement, same=kind == "same") for arrangement in orders
        )
        readings[kind] = (one, two)
        cosine[kind] = tuple(_cosine(vector, there[key]) for key, vector in here.items())
        largest[kind] = max(float(np.abs(vector - there[key]).max()) for key, vector in here.items())
    texts = tuple(framed.reading.tokens[i] for piece in framed.pieces for i in piece)
    return Shuffle(order, readings, texts, cosine, largest, causal, None if causal else mask)


@dataclass(frozen=True)
class _ByWord:
    """A text and where the tokens of each word stand in it; ``before`` and ``after`` are the frame."""

    reading: Reading
    before: tuple[int, ...]
    pieces: tuple[tuple[int, ...], ...]
    after: tuple[int, ...]


def _by_word(loaded: LoadedModel, words: Sequence[str]) -> _ByWord:
    """Read the words with a space before each, so that each is cut the same wherever it stands."""
    reading = read(loaded, "".join(f" {word}" for word in words))
    ends = np.cumsum([len(word) + 1 for word in words])
    found: list[list[int]] = [[] for _ in words]
    before: list[int] = []
    after: list[int] = []
    word = 0
    for i, span in enumerate(reading.spans):
        if reading.kinds[i] == "frame":
            (before if not any(found) else after).append(i)
            continue
        if span is not None:
            word = int(np.searchsorted(ends, span[1]))
        found[word].append(i)
    return _ByWord(reading, tuple(before), tuple(map(tuple, found)), tuple(after))


def _read(
    loaded: LoadedModel, words: Sequence[str], framed: _ByWord, order: Sequence[int], same: bool
) -> tuple[ReadOrder, dict[tuple[int, int], Doubles]]:
    """One forward pass: what the model expects, and the final vector of each (word, piece)."""
    import torch

    tokenizer, causal = loaded.tokenizer, is_causal(loaded.card)
    at = [*framed.before, *(i for word in order for i in framed.pieces[word]), *framed.after]
    owner: list[tuple[int, int] | None] = [
        *[None] * len(framed.before),
        *((word, piece) for word in order for piece in range(len(framed.pieces[word]))),
        *[None] * len(framed.after),
    ]
    ids = framed.reading.input_ids[at]
    places = positions_of(loaded, ids)
    if same:
        places = np.full_like(places, places[0])
    output = loaded.forward(
        **as_inputs(loaded, ids[None]), position_ids=torch.from_numpy(places)[None], output_hidden_states=True
    )
    target = len(ids) - 1 if causal else ids.tolist().index(int(tokenizer.mask_token_id))
    logits = output.logits if causal else loaded.masked_logits(output)
    best = logits[0, target].float().softmax(-1).topk(min(5, logits.shape[-1]))
    top = tuple(
        (str(tokenizer.convert_ids_to_tokens(int(i))), float(p))
        for i, p in zip(best.indices, best.values, strict=True)
    )
    hidden = output.hidden_states[-1][0].float().numpy().astype(np.float64)
    vectors = {key: hidden[place] for place, key in enumerate(owner) if key is not None}
    tokens = tuple(framed.reading.tokens[i] for i in at)
    return ReadOrder(tuple(words[i] for i in order), tokens, top), vectors


def _cosine(one: Doubles, other: Doubles) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size else 0.0
