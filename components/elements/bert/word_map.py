"""One word in several sentences: a map from layer to layer, cosines, and a mixture of layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Bound, Real, Several, Whole, reported, started
from components.lm.bert.contextual import WordVectors, layer_cosines, layer_products, three_layers, word_map

_mount = element("bert/word_map")


@dataclass(frozen=True)
class MapView:
    """``layer`` 0 is the token table, 1 the model's input, then its layers; ``pair`` two occurrences; ``weights`` of
    the three layers that are mixed, 0 to 1."""

    layer: int
    pair: tuple[int, int]
    weights: tuple[float, float, float]


def _sentences(vectors: WordVectors) -> list[list[tuple[str, int]]]:
    """Each sentence as pieces (text, occurrence or -1)."""
    found = []
    for number, sentence in enumerate(vectors.sentences):
        pieces, at = [], 0
        for i, index in enumerate(vectors.chosen):
            word = vectors.words[index]
            if word.sentence == number:
                pieces += [(sentence[at : word.start], -1), (sentence[word.start : word.end], i)]
                at = word.end
        found.append([piece for piece in (*pieces, (sentence[at:], -1)) if piece[0]])
    return found


def show_word_map(
    vectors: WordVectors,
    view: MapView,
    *,
    senses: Sequence[int],
    words: Mapping[str, str],
    stepper: Mapping[str, str],
    rev: int,
    key: str,
) -> MapView:
    """Draw the word in its sentences and return where the reader is now.

    Args:
        senses: the meaning of each sentence; with more than one, colours are those of the meanings.
        view: the state of the link; the element follows it when ``rev`` changes.
        words: labels of the element; ``stepper``: those of the stepper.
        rev: raised when a link moved the state.
        key: the element's key in the session.
    """
    start = started(key, view, rev)
    numbers = {index: i for i, index in enumerate(vectors.chosen, 1)}
    drawn, mixing = word_map(vectors), layer_products(vectors)
    header: dict[str, Any] = {
        "rev": rev,
        "start": {"layer": start.layer, "pair": start.pair, "weights": start.weights},
        "sentences": _sentences(vectors),
        "chosen": [
            {
                "word": index,
                "sense": senses[vectors.words[index].sentence],
                "label": f"{vectors.words[index].text} · {vectors.sentences[vectors.words[index].sentence]}",
            }
            for index in vectors.chosen
        ],
        "all": [
            {"text": word.text, "number": numbers.get(i), "sentence": vectors.sentences[word.sentence]}
            for i, word in enumerate(vectors.words)
        ],
        "explained": drawn.explained,
        # Widths of table and layers where the table is narrower and has no place on the map.
        "narrow": [vectors.static.shape[-1], vectors.layers.shape[-1]] if vectors.narrow else None,
        "spellings": len({tuple(row) for row in vectors.static[list(vectors.chosen)].tolist()}),
        "mix_layers": three_layers(len(vectors.layers) - 1),
        "words": dict(words),
        "stepper": dict(stepper),
    }
    arrays: dict[str, npt.ArrayLike] = {
        "places": drawn.places,
        "cosines": layer_cosines(vectors),
        "products": mixing.products,
        "squares": mixing.squares,
    }
    result = _mount(key=key, data=packed(header, arrays), on_view_change=lambda: None)
    bounds: dict[str, Bound] = {
        "layer": Whole(0, len(vectors.layers)),
        "pair": Several(Whole(0, len(vectors.chosen) - 1), 2),
        "weights": Several(Real(0, 1), 3),
    }
    return reported(result.get("view"), view, rev, bounds)
