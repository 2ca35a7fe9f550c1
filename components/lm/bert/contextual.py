"""One word in several places: the same row of the token table, different vectors in every layer.

A static embedding has one vector per word (Mikolov et al. 2013, https://arxiv.org/abs/1301.3781); a contextual model
gives each occurrence its own (Peters et al. 2018, https://arxiv.org/abs/1802.05365; Devlin et al. 2019). ELMo's
feature is a weighted sum of its layers, with softmax weights s_j and a scale gamma (Peters et al. 2018, equation 1);
:func:`mix` does the same with the layers of any model here.

>>> [(o.sentence, o.start) for o in find_word(["I record the record."], "record")]
[(0, 2), (0, 13)]
>>> [o.text for o in find_word(["배가 고파서 배를 먹었다"], "배")]
['배', '배']
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MOST_SENTENCES, MOST_OCCURRENCES = 12, 24


class NotFound(ValueError):
    """The word stands in none of the sentences."""


@dataclass(frozen=True)
class Occurrence:
    """Where a word stands: sentence, first character, one past the last, and the text there."""

    sentence: int
    start: int
    end: int
    text: str


def find_word(sentences: Sequence[str], word: str) -> tuple[Occurrence, ...]:
    """Return every occurrence of a whole word, in any case.

    A Korean word also counts with a particle behind it (배 in 배를), as long as it begins there.
    """
    word = word.strip()
    if not word:
        return ()
    korean = any("가" <= letter <= "힣" for letter in word)
    pattern = re.compile(rf"(?<!\w){re.escape(word)}" + ("" if korean else r"(?!\w)"), re.IGNORECASE)
    return tuple(
        Occurrence(i, match.start(), match.end(), match.group())
        for i, sentence in enumerate(sentences)
        for match in pattern.finditer(sentence)
    )


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of words in their sentences.

    ``words`` are all words of all sentences; ``chosen`` lists which of them are the word asked for. ``static`` (word,
    width) is the row of the token table, ``layers`` (layer, word, width) what the model makes of it: layer 0 is its
    input, the last one its final vectors. A word of several tokens is the mean of them; ``pieces`` says how many.
    """

    sentences: tuple[str, ...]
    words: tuple[Occurrence, ...]
    chosen: tuple[int, ...]
    pieces: tuple[int, ...]
    static: Floats
    layers: Floats


def word_vectors(loaded: LoadedModel, sentences: Sequence[str], word: str) -> WordVectors:
    """Read each sentence on its own and return the vectors of its words.

    Raises:
        NotFound: no sentence has the word.
        TooLong: a sentence has more tokens than the model has positions.
        ValueError: the tokenizer does not say where its tokens stand.
    """
    from components.lm.checkpoints import import_torch
    from components.lm.transformer.attention import TooLong

    torch = import_torch()
    kept = tuple(sentence for sentence in sentences if sentence.strip())[:MOST_SENTENCES]
    wanted = find_word(kept, word)[:MOST_OCCURRENCES]
    if not wanted:
        raise NotFound(word)
    if not getattr(loaded.tokenizer, "is_fast", False):
        raise ValueError("no offsets")
    table = loaded.model.get_input_embeddings().weight.detach().float()
    words: list[Occurrence] = []
    pieces: list[int] = []
    static: list[npt.NDArray[np.float32]] = []
    layers: list[npt.NDArray[np.float32]] = []
    for number, sentence in enumerate(kept):
        given = loaded.tokenizer(sentence, return_offsets_mapping=True, verbose=False)
        ids, offsets = given["input_ids"], given["offset_mapping"]
        if loaded.card.max_positions is not None and len(ids) > loaded.card.max_positions:
            raise TooLong(len(ids), loaded.card.max_positions)
        output = loaded.forward(input_ids=torch.tensor([ids]), output_hidden_states=True)
        hidden = np.stack([layer[0].float().numpy() for layer in output.hidden_states])  # (layer, seq, width)
        mine = [o for o in wanted if o.sentence == number]
        others = [
            Occurrence(number, match.start(), match.end(), match.group())
            for match in re.finditer(r"\w+", sentence)
            if not any(match.start() < o.end and o.start < match.end() for o in mine)
        ]
        for found in sorted([*mine, *others], key=lambda o: o.start):
            at = [i for i, (a, b) in enumerate(offsets) if a < b and a < found.end and b > found.start]
            if not at:
                continue
            words.append(found)
            pieces.append(len(at))
            static.append(table[torch.tensor([ids[i] for i in at])].mean(0).numpy())
            layers.append(hidden[:, at].mean(1))
    chosen = tuple(i for i, found in enumerate(words) if found in wanted)
    if not chosen:
        raise NotFound(word)
    return WordVectors(kept, tuple(words), chosen, tuple(pieces), np.stack(static), np.stack(layers, axis=1))


def cosine_matrix(rows: npt.ArrayLike) -> Doubles:
    """Return the cosine of every row with every other, (n, n); a row of zeros has cosine 0."""
    vectors = np.asarray(rows, np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    found: Doubles = unit @ unit.T
    return found


def layer_cosines(vectors: WordVectors) -> Doubles:
    """Return the cosines between the occurrences of the word, (1 + layer, n, n): first the token table, then layers."""
    chosen = list(vectors.chosen)
    stack = [vectors.static[chosen], *vectors.layers[:, chosen]]
    return np.stack([cosine_matrix(rows) for rows in stack])


def mean_cosine_to_others(vectors: WordVectors) -> float:
    """Return the mean cosine of the word's final vectors with all other words: what is ordinary in this model.

    Vectors of contextual models point in similar directions (Ethayarajh 2019, https://arxiv.org/abs/1909.00512), so a
    cosine says something only beside this number. 0 if there are no other words.
    """
    others = [i for i in range(len(vectors.words)) if i not in vectors.chosen]
    if not others:
        return 0.0
    return float(cosine_matrix(vectors.layers[-1])[np.ix_(list(vectors.chosen), others)].mean())


@dataclass(frozen=True, eq=False)
class WordMap:
    """Where the occurrences stand on a map, (1 + layer, n, 2), and the share of variance of its two axes."""

    places: Doubles
    explained: tuple[float, float]


def word_map(vectors: WordVectors) -> WordMap:
    """Project the occurrences of the word on the two axes along which they differ most.

    Each layer is centred first, so that the map shows how the occurrences differ from one another and not how the
    layers do; one principal component analysis of all centred vectors then gives one map for all layers. The token
    table comes first: there all occurrences of one spelling are the same point.
    """
    chosen = list(vectors.chosen)
    stack = np.concatenate([vectors.static[None, chosen], vectors.layers[:, chosen]]).astype(np.float64)
    centred = stack - stack.mean(1, keepdims=True)
    flat = centred.reshape(-1, centred.shape[-1])
    _, sizes, axes = np.linalg.svd(flat, full_matrices=False)
    two = np.zeros((2, flat.shape[1]))
    two[: min(2, len(axes))] = axes[:2]
    # An axis may point either way: the largest entry points up, so that the map does not flip between machines.
    for axis in two:
        if axis[np.abs(axis).argmax()] < 0:
            axis *= -1
    total = float((sizes**2).sum()) or 1.0
    shares = [*(sizes**2 / total), 0.0, 0.0][:2]
    places: Doubles = centred @ two.T
    return WordMap(places, (float(shares[0]), float(shares[1])))


def mix(layers: npt.ArrayLike, weights: Sequence[float]) -> Doubles:
    """Return the weighted sum of layers, (n, width); weights are divided by their sum (all 0: the plain mean).

    >>> mix([[[1.0]], [[3.0]]], [1, 1]).tolist()
    [[2.0]]
    """
    stack = np.asarray(layers, np.float64)
    share = np.clip(np.asarray(weights, np.float64), 0, None)
    share = share / share.sum() if share.sum() > 0 else np.full(len(share), 1 / len(share))
    found: Doubles = np.tensordot(share, stack, axes=1)
    return found


def three_layers(num_layers: int) -> tuple[int, int, int]:
    """Return the layers that stand in for ELMo's three: the input, the middle, the last.

    >>> three_layers(6)
    (0, 3, 6)
    """
    return 0, num_layers // 2, num_layers


@dataclass(frozen=True, eq=False)
class LayerProducts:
    """Dot products of the three layers of :func:`three_layers`, enough to mix them elsewhere.

    ``products`` (3, 3, chosen, word): layer j of an occurrence with layer k of a word. ``squares`` (3, 3, word): of a
    word with itself. The dot product of two mixtures is the sum of s_j s_k products[j, k].
    """

    products: Floats
    squares: Floats


def layer_products(vectors: WordVectors) -> LayerProducts:
    """Return the products that mixing needs, for every occurrence of the word and every word."""
    stack = vectors.layers[list(three_layers(len(vectors.layers) - 1))].astype(np.float64)
    products = np.einsum("jad,kbd->jkab", stack[:, list(vectors.chosen)], stack)
    squares = np.einsum("jbd,kbd->jkb", stack, stack)
    return LayerProducts(products.astype(np.float32), squares.astype(np.float32))


def nearest_words(
    vectors: WordVectors, weights: Sequence[float], word: int, count: int = 6
) -> tuple[tuple[int, float], ...]:
    """Return the words nearest to ``word`` (an index of ``vectors.words``) in the mixed feature: (index, cosine)."""
    use = three_layers(len(vectors.layers) - 1)
    similar = cosine_matrix(mix(vectors.layers[list(use)], weights))[word]
    order = [int(i) for i in np.argsort(-similar, kind="stable") if i != word]
    return tuple((i, float(similar[i])) for i in order[:count])
