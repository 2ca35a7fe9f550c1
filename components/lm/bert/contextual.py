"""One word in several places: the same row of the token table, different vectors in every layer.

A static embedding has one vector per word (Mikolov et al. 2013, https://arxiv.org/abs/1301.3781); a contextual model
gives each occurrence its own (Peters et al. 2018, https://arxiv.org/abs/1802.05365; Devlin et al. 2019). ELMo's
feature is a weighted sum of its layers, with softmax weights s_j and a scale gamma (Peters et al. 2018, equation 1);
:func:`mix` does the same with the layers of any model here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components.lm.reading import Reading, check_places, clean, inputs, read
from components.lm.tokens.occurrences import Occurrence, find_word, words_of

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MOST_SENTENCES, MOST_OCCURRENCES = 12, 24


class NotFound(ValueError):
    """The word stands in none of the sentences."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of words in their sentences.

    ``words`` are all words of all sentences; ``chosen`` lists which of them are the word asked for. ``static`` (word,
    table width) is the row of the token table, ``layers`` (layer, word, width) what the model makes of it: layer 0 is
    its input, the last one its final vectors. A word of several tokens is the mean of them; ``pieces`` says how many.
    Some models keep a table narrower than their layers (:attr:`narrow`).
    """

    sentences: tuple[str, ...]
    words: tuple[Occurrence, ...]
    chosen: tuple[int, ...]
    pieces: tuple[int, ...]
    static: Floats
    layers: Floats

    @property
    def narrow(self) -> bool:
        """Whether a row of the token table is not as wide as the vectors of the layers: the two cannot be compared."""
        return bool(self.static.shape[-1] != self.layers.shape[-1])


def word_vectors(loaded: LoadedModel, sentences: Sequence[str], word: str) -> WordVectors:
    """Read each sentence on its own and return the vectors of its words.

    Raises:
        NotFound: no sentence has the word.
        CannotRead: a sentence has more tokens than the model has positions, or a token without a row, or the tokenizer
            does not say where its tokens stand.
    """
    import torch

    kept = tuple(clean(sentence) for sentence in sentences if sentence.strip())[:MOST_SENTENCES]
    wanted = find_word(kept, clean(word))[:MOST_OCCURRENCES]
    if not wanted:
        raise NotFound(word)
    check_places(loaded)
    table = loaded.model.get_input_embeddings().weight.detach().float()
    words: list[Occurrence] = []
    pieces: list[int] = []
    static: list[npt.NDArray[np.float32]] = []
    layers: list[npt.NDArray[np.float32]] = []
    for number, sentence in enumerate(kept):
        reading = read(loaded, sentence)
        hidden = hidden_states(loaded, reading)
        mine = [o for o in wanted if o.sentence == number]
        others = [
            Occurrence(number, start, end, sentence[start:end])
            for start, end in words_of(sentence)
            if not any(start < o.end and o.start < end for o in mine)
        ]
        for found in sorted([*mine, *others], key=lambda o: o.start):
            at = [
                i
                for i, span in enumerate(reading.spans)
                if span and span[0] < found.end and span[1] > found.start
            ]
            if not at:
                continue
            words.append(found)
            pieces.append(len(at))
            static.append(table[torch.from_numpy(reading.input_ids[at])].mean(0).numpy())
            layers.append(hidden[:, at].mean(1))
    chosen = tuple(i for i, found in enumerate(words) if found in wanted)
    if not chosen:
        raise NotFound(word)
    return WordVectors(kept, tuple(words), chosen, tuple(pieces), np.stack(static), np.stack(layers, axis=1))


def hidden_states(loaded: LoadedModel, reading: Reading) -> Floats:
    """The input of the layers and what each of them makes of it, (1 + layer, seq, width).

    OPT-350m projects the vectors of its last layer down to the width of its narrow table and gives those as its last
    state; here are the vectors themselves.
    """
    import torch

    from components.lm.transformer.attention import twin

    given = inputs(loaded, [reading])
    states = list(loaded.forward(**given, output_hidden_states=True).hidden_states)
    if states[-1].shape != states[0].shape:
        own = twin(loaded.model)
        kept: list[Any] = []
        own.base_model.decoder.project_out.register_forward_pre_hook(
            lambda module, args: kept.append(args[0])
        )
        with torch.inference_mode():
            own(**given)
        states[-1] = kept[0]
    return np.stack([state[0].float().numpy() for state in states])


def cosine_matrix(rows: npt.ArrayLike) -> Doubles:
    """Return the cosine of every row with every other, (n, n); a row of zeros has cosine 0."""
    vectors = np.asarray(rows, np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    found: Doubles = np.clip(unit @ unit.T, -1, 1)  # a product of rounded vectors may pass 1 by 2e-16
    return found


def layer_cosines(vectors: WordVectors) -> Doubles:
    """Return the cosines between the occurrences of the word, (1 + layer, n, n): first the token table, then layers."""
    chosen = list(vectors.chosen)
    stack = [vectors.static[chosen], *vectors.layers[:, chosen]]
    return np.stack([cosine_matrix(rows) for rows in stack])


def meanings(lines: Sequence[str]) -> tuple[int, ...]:
    """Return the number of the group of each line that is not empty; empty lines part the groups.

    >>> meanings(["a bat", "bats", "", "the bat flew"])
    (0, 0, 1)
    """
    groups: list[int] = []
    group, parted = -1, True
    for line in lines:
        if not line.strip():
            parted = True
            continue
        group, parted = group + parted, False
        groups.append(group)
    return tuple(groups)


@dataclass(frozen=True)
class Separation:
    """Cosines of the final vectors of one word whose meanings are known: the mean of pairs with one meaning and of pairs
    with two, the least of the former and the largest of the latter."""

    within: float
    across: float
    least_within: float
    most_across: float

    @property
    def complete(self) -> bool:
        """Whether every pair of one meaning is closer than every pair of two."""
        return self.least_within > self.most_across


def separation(vectors: WordVectors, groups: Sequence[int]) -> Separation | None:
    """Compare the word's final vectors within and across ``groups``, the meaning of each sentence.

    None unless there are pairs of both kinds.
    """
    chosen = list(vectors.chosen)
    of = np.array([groups[vectors.words[i].sentence] for i in chosen])
    cosines = cosine_matrix(vectors.layers[-1, chosen])
    one, other = np.triu_indices(len(chosen), 1)
    same = of[one] == of[other]
    pairs = cosines[one, other]
    if same.all() or not same.any():
        return None
    within, across = pairs[same], pairs[~same]
    return Separation(float(within.mean()), float(across.mean()), float(within.min()), float(across.max()))


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
    """Where the occurrences stand on a map, (table and layers, n, 2), and the share of variance of its two axes."""

    places: Doubles
    explained: tuple[float, float]


def word_map(vectors: WordVectors) -> WordMap:
    """Project the occurrences of the word on the two axes along which they differ most.

    Each layer is centred first, so that the map shows how the occurrences differ from one another and not how the
    layers do; one principal component analysis of all centred vectors then gives one map for all layers. The token
    table comes first: there all occurrences of one spelling are the same point. A narrow table has no place on a map
    of wider vectors and is left out, (layer, n, 2).
    """
    chosen = list(vectors.chosen)
    table = [] if vectors.narrow else [vectors.static[None, chosen]]
    stack = np.concatenate([*table, vectors.layers[:, chosen]]).astype(np.float64)
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
