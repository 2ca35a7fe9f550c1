"""The first views that stand in files are what the bundled model gives."""

import numpy as np
import pytest

from components.lessons.bert import contextual_recorded, inputs_recorded
from components.lessons.bert.contextual import SENTENCES, WORD
from components.lessons.bert.inputs import FIRST, MODEL, SECOND
from components.lm import checkpoints
from components.lm.bert.contextual import word_vectors
from components.lm.bert.embeddings import embed, neighbours, num_segments, read_input
from tests import float32

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)


def test_the_rows_are_the_models() -> None:
    loaded = checkpoints.load(MODEL)
    known = inputs_recorded.inputs(MODEL, loaded.card.revision, FIRST, SECOND)
    assert known is not None, "run assets/traces/make.py"
    given = read_input(loaded, FIRST, SECOND)
    parts = embed(loaded, given)
    assert known.given.tokens == given.tokens
    assert known.segments == num_segments(loaded)
    for name in ("input_ids", "token_type_ids", "attention_mask", "position_ids", "special"):
        assert np.array_equal(getattr(known.given, name), getattr(given, name)), name
    for name in (
        *("token_embedding", "segment_table", "segment_embedding", "position_embedding", "embedding_sum"),
        *("gamma", "beta", "eps", "projected_width"),
    ):
        assert np.array_equal(getattr(known.parts, name), getattr(parts, name)), name
    # float64 means may be summed in another order on another machine
    np.testing.assert_allclose(known.parts.layer_norm_out, parts.layer_norm_out, atol=1e-12)
    assert known.parts.largest_difference <= 1e-6
    for token in given.input_ids.tolist():
        found = neighbours(loaded, token)
        assert [near.token for near in known.near[token]] == [near.token for near in found]
        for one, other in zip(known.near[token], found, strict=True):
            assert np.array_equal(one.row, other.row)
            # A sum of 192 float32 products of unit vectors: 192 · 2^-24 = 1.1e-5 at most. The rows are 6e-5 apart.
            assert one.cosine == pytest.approx(other.cosine, abs=1.2e-5)


def test_the_words_are_the_models() -> None:
    loaded = checkpoints.load(MODEL)
    known = contextual_recorded.words(MODEL, loaded.card.revision, SENTENCES, WORD)
    assert known is not None, "run assets/traces/make.py"
    found = word_vectors(loaded, SENTENCES.splitlines(), WORD)
    assert (known.words, known.chosen, known.pieces) == (found.words, found.chosen, found.pieces)
    assert np.array_equal(known.static, found.static)
    np.testing.assert_allclose(known.layers, found.layers, atol=float32.STREAM * np.abs(found.layers).max())


def test_anything_else_is_computed() -> None:
    loaded = checkpoints.load(MODEL)
    assert inputs_recorded.inputs(MODEL, "another revision", FIRST, SECOND) is None
    assert inputs_recorded.inputs(MODEL, loaded.card.revision, FIRST, "") is None
    assert contextual_recorded.words(MODEL, loaded.card.revision, SENTENCES, "song") is None
