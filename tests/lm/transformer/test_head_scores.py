"""Head scores on hand-made attention with known answers."""

import numpy as np
import pytest

from components.lm.transformer.head_scores import (
    INDUCTION_TEXTS,
    KINDS,
    HeadScores,
    mean_scores,
    measure_induction,
    repeated_sequence,
    score_heads,
    uniform_attention,
)


def pointing(targets: list[int]) -> np.ndarray:
    """(1, 1, seq, seq): query i puts all weight on targets[i]."""
    return np.eye(len(targets))[targets][None, None]


def score(targets: list[int], ids: list[int], causal: bool = False, **options: object) -> HeadScores:
    return score_heads(pointing(targets), ids, causal=causal, **options)  # type: ignore[arg-type]


def test_each_pure_head_scores_one_for_its_kind() -> None:
    ids = [1, 7, 8, 2, 9, 2]  # 1 is [CLS], 2 is [SEP]
    assert score([0, 0, 1, 2, 3, 4], ids).previous == 1
    assert score([1, 2, 3, 4, 5, 5], ids).next == 1
    assert score([0, 1, 2, 3, 4, 5], ids).itself == 1
    assert score([0, 0, 0, 0, 0, 0], ids).first == 1
    assert score([3, 3, 5, 3, 5, 5], ids, separator_ids=[2]).separator == 1
    even = score_heads(uniform_attention(6, causal=False), ids, causal=False, separator_ids=[2])
    assert even.broad == pytest.approx(1)
    assert even.separator == pytest.approx(2 / 6)
    assert score([0, 0, 1, 2, 3, 4], ids).broad == 0


def test_same_word_counts_only_other_places_of_repeated_ordinary_tokens() -> None:
    ids = [1, 7, 8, 7, 1]
    scores = score([4, 3, 0, 1, 0], ids, ignore_ids=[1])
    assert scores.same_word == 1  # queries 1 and 3; the repeated special token is not asked
    assert np.isnan(score([0, 1, 2], [5, 6, 7]).same_word).all()


def test_induction_is_what_followed_the_earlier_copy() -> None:
    ids = [0, 11, 12, 13, 11, 12, 13]
    causal = score([0, 0, 0, 0, 2, 3, 4], ids, causal=True)
    assert causal.induction == 1
    # Pointing at the copy itself is "same word", not induction.
    copying = score([0, 0, 0, 0, 1, 2, 3], ids, causal=True)
    assert copying.induction == 0
    assert copying.same_word == 1


def test_a_doubled_token_does_not_count_itself_as_follower() -> None:
    scores = score([0, 0, 1, 2], [9, 5, 5, 6], causal=True)
    # Query 2 repeats query 1; what followed that copy is query 2 itself, so there is nothing to look at.
    assert np.isnan(scores.induction).all()


def test_a_causal_model_never_sees_the_next_token() -> None:
    rng = np.random.default_rng(0)
    weights = np.tril(rng.random((3, 2, 9, 9)))
    weights /= weights.sum(-1, keepdims=True)
    scores = score_heads(weights, list(range(9)), causal=True)
    assert (scores.next == 0).all()
    assert scores.of("previous").shape == (3, 2)
    assert 0 < scores.broad.min() <= scores.broad.max() <= 1


def test_even_attention_over_what_is_visible_is_broad_for_causal_models_too() -> None:
    assert score_heads(uniform_attention(12, True), list(range(12)), causal=True).broad == pytest.approx(1)


def test_strongest_is_a_place() -> None:
    assert score([0, 0, 1, 2, 3], [1, 2, 3, 4, 5]).strongest(0, 0) == "previous"
    with pytest.raises(ValueError, match="kind must be one of"):
        score([0], [1]).of("upside_down")


def test_mean_leaves_out_texts_that_cannot_tell() -> None:
    with_copy = score([1, 0], [5, 5])
    without = score([1, 0], [5, 6])
    assert mean_scores([with_copy, without]).same_word == 1
    assert mean_scores([with_copy, without]).itself == 0
    assert np.isnan(mean_scores([without]).same_word).all()
    with pytest.raises(ValueError, match="no scores"):
        mean_scores([])


def test_one_token() -> None:
    scores = score([0], [101], causal=True)
    assert scores.itself == 1
    assert all(np.isnan(scores.of(kind)).all() for kind in ("previous", "first", "broad", "induction"))


def test_repeated_sequence_says_the_same_twice() -> None:
    ids = repeated_sequence(range(200, 300), 10, seed=4, prefix=[101], suffix=[102])
    assert ids[1:11] == ids[11:21]
    assert len(set(ids[1:11])) == 10
    assert (ids[0], ids[-1]) == (101, 102)
    with pytest.raises(ValueError, match="fewer"):
        repeated_sequence([1, 2], 3, seed=0)


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="attentions must be"):
        score_heads(np.ones((2, 2, 3, 3)), [1, 2], causal=True)
    assert len(KINDS) == 8


class TwoHeads:
    """A causal model of two layers and two heads, by rule: head 0 reads what followed the earlier copy of the token
    (or itself), head 1 reads ``back`` tokens back."""

    def __init__(self, back: int) -> None:
        self._back = back

    def __call__(self, input_ids: object, output_attentions: bool) -> object:
        import types

        import torch

        ids = input_ids[0].tolist()  # type: ignore[index]
        n = len(ids)
        weights = torch.zeros(1, 2, n, n)
        for q in range(n):
            copies = [k + 1 for k in range(q) if ids[k] == ids[q]]
            weights[0, 0, q, copies[-1] if copies else q] = 1
            weights[0, 1, q, max(q - self._back, 0)] = 1
        return types.SimpleNamespace(attentions=(weights, weights))


def test_induction_tells_looking_for_the_copy_from_reading_a_fixed_number_back() -> None:
    """Whatever number of tokens a head reads back, it fits at most one of the lengths."""
    for back in (1, *(length - 1 for length, _ in INDUCTION_TEXTS)):
        found = measure_induction(TwoHeads(back), range(100), causal=True)
        assert np.isnan(found.scores[0]).all()  # not in layer 0
        assert found.scores[1, 0] == pytest.approx(1)
        assert found.scores[1, 1] < 0.4
    # An even spread over the visible tokens, some 18 to 35 of them.
    assert 0.02 < found.even < 0.06


def test_the_kind_named_for_a_head_is_one_that_this_text_can_tell() -> None:
    """The token after the earlier copy is read, but a text with one copy cannot tell why."""
    scores = score([0, 0, 0, 0, 2, 3, 4], [0, 11, 12, 13, 11, 12, 13], causal=True)
    assert scores.induction == 1
    assert scores.strongest(0, 0) != "induction"
