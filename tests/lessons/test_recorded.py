"""First views from a file: the same as what the bundled models compute, and only for those models and texts."""

from pathlib import Path

import numpy as np
import pytest

from components.lessons.attention_models import default_model
from components.lessons.bert import attention as attention_page
from components.lessons.bert import attention_recorded
from components.lessons.probabilities import short
from components.lessons.transformer import masks as masks_page
from components.lessons.transformer import masks_recorded
from components.lm import checkpoints
from components.lm.reading import read, separator_ids
from components.lm.transformer.attention import attend
from components.lm.transformer.head_scores import Induction
from components.lm.transformer.word_context import guess_word, word_spans
from tests import float32

MASKS = {param.key: param.default for param in masks_page.PARAMS}


def test_attention_is_what_the_model_computes() -> None:
    loaded = checkpoints.load(default_model(), "attention")
    view = attention_recorded.attention(loaded.card.name, loaded.card.revision, attention_page.TEXT, "")
    assert view is not None, "a bundled model changed: run assets/traces/make.py"
    own = attend(loaded, read(loaded, attention_page.TEXT))
    np.testing.assert_allclose(view.attention.weights, own.weights, atol=float32.WEIGHT)
    assert view.attention.reading.tokens == own.reading.tokens
    assert view.attention.reading.texts == own.reading.texts
    assert view.attention.reading.mask_token_id == own.reading.mask_token_id
    for name in ("kinds", "parts", "spans", "word_ids"):
        assert getattr(view.attention.reading, name) == getattr(own.reading, name)
    for name in ("input_ids", "segments", "special", "position_ids", "token_type_ids"):
        np.testing.assert_array_equal(getattr(view.attention.reading, name), getattr(own.reading, name))
    assert (view.attention.layers, view.attention.causal) == (own.layers, own.causal)
    assert view.attention.windows == own.windows
    assert view.separators == separator_ids(loaded)
    own_induction = attention_page.measured_induction(loaded)
    np.testing.assert_allclose(
        view.induction.scores, own_induction.scores, atol=float32.WEIGHT
    )  # a mean of weights
    assert view.induction.even == pytest.approx(own_induction.even, abs=float32.WEIGHT)


@pytest.mark.parametrize("side", ["left_model", "right_model"])
def test_guesses_are_what_the_model_computes(side: str) -> None:
    loaded = checkpoints.load(MASKS[side], "attention")
    of = (loaded.card.name, loaded.card.revision, masks_page.SENTENCE)
    for word in range(len(word_spans(masks_page.SENTENCE))):
        view = masks_recorded.word_guess(*of, word, masks_page.LAYER)
        assert view is not None, "a bundled model changed: run assets/traces/make.py"
        own = guess_word(loaded, masks_page.SENTENCE, word, masks_page.LAYER)
        assert (view.tokens, view.word_of, view.visible) == (own.tokens, own.word_of, own.visible)
        assert (view.layer, view.causal) == (own.layer, own.causal)
        np.testing.assert_allclose(view.weights, own.weights, atol=float32.WEIGHT)
        # Neighbours in this list are 0.8% apart or more: rounding does not swap them.
        assert [token for token, _ in view.guesses] == [token for token, _ in own.guesses]
        np.testing.assert_allclose(
            [p for _, p in view.guesses], [p for _, p in own.guesses], rtol=float32.PROBABILITY
        )
        assert view.first_piece[0] == own.first_piece[0]
        assert view.first_piece[1] == pytest.approx(own.first_piece[1], rel=float32.PROBABILITY)


def test_anything_else_is_computed() -> None:
    card = checkpoints.card(default_model())
    assert attention_recorded.attention(card.name, "sha256:another", attention_page.TEXT, "") is None
    assert attention_recorded.attention(card.name, card.revision, attention_page.TEXT + " ", "") is None
    assert attention_recorded.attention(card.name, card.revision, attention_page.TEXT, "x") is None
    given = (card.name, card.revision, masks_page.SENTENCE)
    assert masks_recorded.word_guess(*given, 0, masks_page.LAYER + 1) is None
    assert masks_recorded.word_guess(*given, 99, masks_page.LAYER) is None
    assert (
        masks_recorded.word_guess(card.name, "sha256:another", masks_page.SENTENCE, 0, masks_page.LAYER)
        is None
    )


def test_a_file_holds_everything(tmp_path: Path) -> None:
    loaded = checkpoints.load("pocket-gpt", "attention")
    found = attend(loaded, read(loaded, "한 fox"))
    induction = Induction(np.array([[np.nan, np.nan], [0.1, 0.2]]), 0.03)
    view = attention_recorded.AttentionView(("m", "r", "한 fox", ""), found, frozenset({3}), induction)
    view.save(tmp_path / "view.npz")
    again = attention_recorded.AttentionView.read(tmp_path / "view.npz")
    assert (again.of, again.separators) == (view.of, view.separators)
    np.testing.assert_array_equal(again.attention.weights, found.weights)
    assert again.attention.reading.texts == found.reading.texts
    assert again.attention.reading.mask_token_id is None
    np.testing.assert_array_equal(again.induction.scores, induction.scores)
    assert again.induction.even == induction.even


@pytest.mark.parametrize("p", [0.5, 0.99, 0.999, 0.99996, 0.9999951, 1 - 1e-12, 4e-5, 1e-300])
def test_a_short_probability_is_never_0_or_1_if_it_is_not(p: float) -> None:
    assert 0 < short(p) < 1
    assert short(p) == pytest.approx(p, rel=6e-4)
    assert 1 - short(p) == pytest.approx(1 - p, rel=6e-4, abs=2e-15)


def test_what_is_sure_stays_sure() -> None:
    assert (short(0.0), short(1.0)) == (0, 1)
