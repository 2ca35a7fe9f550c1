"""The examples of "One word, many meanings" show what the page says they show, in the bundled model."""

import numpy as np
import pytest

from components.lessons.bert import contextual as page
from components.lm import checkpoints
from components.lm.bert.contextual import WordVectors, meanings, separation, word_vectors


def vectors_of(word: str) -> WordVectors:
    lines = page.written(page.EXAMPLES[word]).splitlines()
    return word_vectors(checkpoints.load(page.MODEL), lines, word)


@pytest.mark.parametrize("word", [word for word in page.EXAMPLES if word not in page.HARD])
def test_every_pair_of_one_meaning_is_closer_than_every_pair_of_two(word: str) -> None:
    """If this fails with a new model, choose other sentences for the word, or another word, by this same rule."""
    lines = page.written(page.EXAMPLES[word]).splitlines()
    apart = separation(vectors_of(word), meanings(lines))
    assert apart is not None
    assert apart.complete, (
        f"{page.MODEL} does not separate {word}: choose sentences where Separation.complete holds, or move it to HARD"
    )
    assert apart.within - apart.across > 0.2  # an order that a projector shows


@pytest.mark.parametrize("word", page.HARD)
def test_the_hard_example_is_hard(word: str) -> None:
    apart = separation(vectors_of(word), meanings(page.written(page.EXAMPLES[word]).splitlines()))
    assert apart is not None
    assert not apart.complete, f"{page.MODEL} separates {word} now: it is no example of a failure any more"


def test_the_first_pair_is_one_of_two_meanings() -> None:
    first = page.EXAMPLES[page.WORD]
    one, other = next(param.default for param in page.PARAMS if param.key == "word_pair")  # type: ignore[union-attr]
    assert (one, other) == (0, len(first[0]))


def test_exported_cosines_are_named_as_on_screen() -> None:
    from components.lm.bert.contextual import layer_cosines

    vectors = vectors_of("record")
    found = page.rows(vectors, layer_cosines(vectors))
    layers = list(dict.fromkeys(row["layer"] for row in found))
    assert layers == ["table", "input", *range(checkpoints.card(page.MODEL).num_layers)]
    assert found[0]["cosine"] == pytest.approx(1)  # one row of the table
    # Computed once more, without the page.
    final = vectors.layers[-1, list(vectors.chosen)].astype(np.float64)
    unit = final / np.linalg.norm(final, axis=1, keepdims=True)
    for row in (row for row in found if row["layer"] == layers[-1]):
        own = float(unit[row["occurrence"] - 1] @ unit[row["other_occurrence"] - 1])
        assert row["cosine"] == pytest.approx(own, abs=1e-6)  # written with seven digits
