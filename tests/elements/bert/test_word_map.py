"""The map of a word has one place for each column of cosines, whatever the widths of a model's tables."""

import numpy as np
import pytest

from components.elements.bert.word_map import places_on_map
from components.lm.bert.contextual import Occurrence, WordVectors, layer_cosines


@pytest.mark.parametrize("width", [4, 2])  # 2: narrower than the layers, as in ALBERT and ELECTRA
def test_table_and_layers_have_places(width: int) -> None:
    rng = np.random.default_rng(0)
    words = tuple(Occurrence(i, 0, 1, "a") for i in range(3))
    static = np.repeat(rng.standard_normal((1, width)), 3, axis=0).astype(np.float32)
    layers = rng.standard_normal((5, 3, 4)).astype(np.float32)
    vectors = WordVectors(("a",) * 3, words, (0, 1, 2), (1,) * 3, static, layers)
    places, _ = places_on_map(vectors)
    assert places.shape == (6, 3, 2)
    assert len(layer_cosines(vectors)) == len(places)
    assert places[0] == pytest.approx(0)  # one spelling is one point
