"""One word in several places: vectors against transformers, maps and mixtures against their definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm import checkpoints
from components.lm.bert.contextual import (
    NotFound,
    Occurrence,
    WordVectors,
    cosine_matrix,
    find_word,
    layer_cosines,
    layer_products,
    meanings,
    mix,
    separation,
    word_map,
    word_vectors,
)
from components.lm.reading import CannotRead

SENTENCES = ["The river is wide.", "A wide stone sat on the wide bridge."]


@pytest.fixture(scope="module")
def bert(tiny_bert_folder: Path) -> Any:
    store = checkpoints.Checkpoints(checkpoints.Settings(local_folders=(tiny_bert_folder,)))
    return store.load("local:tiny-bert")


def test_words_are_found_whole_and_in_any_case() -> None:
    found = find_word(["Record the records, I record it."], "record")
    assert [o.start for o in found] == [0, 22]
    assert find_word(["말이 말을 하는 말씀"], "말")[2].start == 9
    assert find_word(["anything"], "  ") == ()
    assert find_word(["a.b a+b"], "a+b")[0].start == 4  # not a pattern


def test_vectors_are_the_models_own(bert: Any) -> None:
    import torch

    vectors = word_vectors(bert, SENTENCES, "wide")
    assert [vectors.words[i].text for i in vectors.chosen] == ["wide", "wide", "wide"]
    ids = bert.tokenizer(SENTENCES[0])["input_ids"]
    tokens = bert.tokenizer.convert_ids_to_tokens(ids)
    at = [i for i, token in enumerate(tokens) if "".join(tokens[i:]).replace("##", "").startswith("wide")][:1]
    count = vectors.pieces[vectors.chosen[0]]
    at = list(range(at[0], at[0] + count))
    out = bert.forward(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
    for layer, hidden in enumerate(out):
        mean = hidden[0, at].mean(0).numpy()
        np.testing.assert_allclose(vectors.layers[layer, vectors.chosen[0]], mean, atol=1e-6)


def test_static_vectors_of_one_word_are_one_vector(bert: Any) -> None:
    cosines = layer_cosines(word_vectors(bert, SENTENCES, "wide"))
    np.testing.assert_allclose(cosines[0], 1, atol=1e-6)  # float32 rows
    assert cosines[-1].min() < 0.999
    assert cosines.shape == (4, 3, 3)  # the table, the input and two layers


def test_map_starts_in_one_point_and_keeps_distances_it_can(bert: Any) -> None:
    vectors = word_vectors(bert, SENTENCES[1:], "wide")
    found = word_map(vectors)
    np.testing.assert_allclose(found.places[0], 0, atol=1e-6)
    # Two occurrences differ along one line in each layer; two axes cannot lengthen it.
    apart = np.linalg.norm(found.places[-1, 0] - found.places[-1, 1])
    true = np.linalg.norm(vectors.layers[-1, vectors.chosen[0]] - vectors.layers[-1, vectors.chosen[1]])
    assert apart <= true + 1e-6
    assert sum(found.explained) <= 1 + 1e-9
    assert found.explained[0] >= found.explained[1] >= 0
    assert np.array_equal(found.places, word_map(vectors).places)


@given(st.lists(st.floats(0, 5), min_size=3, max_size=3))
def test_mixture_is_a_weighted_mean(weights: list[float]) -> None:
    layers = np.arange(24.0).reshape(3, 4, 2)
    mixed = mix(layers, weights)
    assert mixed.min() >= layers.min()
    assert mixed.max() <= layers.max()
    if sum(weights) == 0:
        np.testing.assert_allclose(mixed, layers.mean(0))
    else:
        np.testing.assert_allclose(
            mixed,
            sum(w * layer for w, layer in zip(weights, layers, strict=True)) / sum(weights),
            atol=1e-300,
        )


def test_products_give_the_same_neighbours(bert: Any) -> None:
    """What the browser computes from products of three layers is the cosine of the mixed vectors."""
    vectors = word_vectors(bert, SENTENCES, "wide")
    weights = np.array([0.2, 0.5, 0.3])
    mixed = np.einsum("j,jbd->bd", weights, vectors.layers.astype(float))
    found = layer_products(vectors)
    dots = np.einsum("j,k,jkab->ab", weights, weights, found.products)
    squares = np.einsum("j,k,jkb->b", weights, weights, found.squares)
    cosines = dots / np.sqrt(squares[list(vectors.chosen)][:, None] * squares[None])
    for row, word in enumerate(vectors.chosen):
        expected = cosine_matrix(mixed)[word]
        np.testing.assert_allclose(cosines[row], expected, atol=1e-5)  # float32 products


@pytest.mark.parametrize("word", ["absent", "", "  ", "😀"])
def test_an_absent_word_is_said(bert: Any, word: str) -> None:
    with pytest.raises(NotFound):
        word_vectors(bert, SENTENCES, word)


def test_too_long(bert: Any) -> None:
    with pytest.raises(CannotRead):
        word_vectors(bert, ["wide " * 300], "wide")


def test_empty_lines_part_meanings() -> None:
    assert meanings(["", "a", "b", "", "  ", "c", ""]) == (0, 0, 1)
    assert meanings([]) == ()


def test_separation_of_known_vectors() -> None:
    """Two meanings at right angles: 1 within, 0 across; one vector turned away spoils the completeness."""
    import dataclasses

    words = tuple(Occurrence(i, 0, 1, "a") for i in range(4))
    layers = np.array([[[1, 0], [2, 0], [0, 1], [0, 3]]], np.float32)
    vectors = WordVectors(("a",) * 4, words, (0, 1, 2, 3), (1,) * 4, layers[0], layers)
    found = separation(vectors, (0, 0, 1, 1))
    assert found is not None
    assert (found.within, found.across) == pytest.approx((1, 0))
    assert found.complete
    turned = dataclasses.replace(vectors, layers=np.array([[[1, 0], [0, 2], [0, 1], [0, 3]]], np.float32))
    found = separation(turned, (0, 0, 1, 1))
    assert found is not None
    assert not found.complete
    assert separation(vectors, (0, 0, 0, 0)) is None
