"""decoding.py against transformers' logits processors, against its own definitions, and in odd corners."""

from __future__ import annotations

import math
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from components.lm.gpt.decoding import (
    SamplingSettings,
    choose,
    decoding_stages,
    entropy_bits,
    random_number,
    softmax,
    step_trace,
    surprisal_bits,
    take,
)

GOLDEN_NUMBERS = [0.9949906635018991, 0.34665916728122026, 0.5625812035193176]

# Few distinct values make ties at every border; many make the ordinary case.
tied_logits = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=40)
free_logits = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40)
any_logits = tied_logits | free_logits
any_settings = st.builds(
    SamplingSettings,
    do_sample=st.booleans(),
    temperature=st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0, 1.3, 2.0, 10.0]) | st.floats(0.05, 20),
    top_k=st.integers(0, 45),
    top_p=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 0.95, 1.0]) | st.floats(0, 1),
    seed=st.integers(-(2**70), 2**70),
)


def transformers_scores(logits: np.ndarray, chosen: SamplingSettings) -> torch.Tensor:
    """What generate() does to the logits with these settings: each processor is left out where it does nothing."""
    scores = torch.tensor(np.array([logits], dtype=np.float32))
    no_ids: Any = None
    if chosen.temperature != 1.0:
        scores = TemperatureLogitsWarper(float(chosen.temperature))(no_ids, scores)
    if chosen.top_k != 0:
        scores = TopKLogitsWarper(chosen.top_k)(no_ids, scores)
    if chosen.top_p < 1.0:
        # torch.sort leaves open which of equal values comes first; ours is its stable order.
        stable = mock.patch.object(torch, "sort", lambda x, descending: _sort(x, descending))
        with stable:
            scores = TopPLogitsWarper(chosen.top_p)(no_ids, scores)
    return scores[0]


_torch_sort = torch.sort


def _sort(x: torch.Tensor, descending: bool) -> Any:
    return _torch_sort(x, descending=descending, stable=True)


@settings(max_examples=400, deadline=None)
@given(any_logits, any_settings.filter(lambda s: not s.greedy))
def test_stages_equal_the_processors_of_transformers(logits: list[float], chosen: SamplingSettings) -> None:
    x = np.array(logits, dtype=np.float32)
    scores = transformers_scores(x, chosen)
    stages = decoding_stages(x, chosen)
    theirs = torch.isfinite(scores).numpy()
    if not np.array_equal(theirs, stages.kept):
        # Both compare a float32 running sum with 1 - top_p. The sums of exp are added in another order, so a
        # token may fall on the other side only if its sum lies within float32 rounding (1e-6) of the border.
        ascending = np.argsort(stages.tempered, kind="stable")
        after_top_k = stages.tempered if stages.top_k_kept is None else stages.tempered * stages.top_k_kept
        sums = np.cumsum(after_top_k[ascending]) / after_top_k.sum()
        differing = np.isin(ascending, np.flatnonzero(theirs != stages.kept))
        assert np.all(np.abs(sums[differing] - (1 - chosen.top_p)) < 1e-6)
        return
    # 1e-5 is what the page promises; both sides are within about 1e-6 (float32 softmax there, float64 here)
    np.testing.assert_allclose(stages.final, torch.softmax(scores, -1).numpy(), atol=1e-5)


@pytest.mark.parametrize("top_p", [0.1, 0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("size", [2, 4, 10, 40, 1000])
def test_ties_all_over(size: int, top_p: float) -> None:
    # Equal probabilities put running sums exactly on the border, where rounding in float32 decides.
    x = np.zeros(size, dtype=np.float32)
    chosen = SamplingSettings(top_p=top_p)
    stages = decoding_stages(x, chosen)
    theirs = torch.isfinite(transformers_scores(x, chosen)).numpy()
    exact = size in (2, 4)  # halves and quarters have no rounding; elsewhere a sum may fall on either side
    assert abs(int(theirs.sum()) - stages.kept_count) <= (0 if exact else 1)
    # of equal tokens the lower ids go first, as there
    assert stages.kept.tolist() == [False] * (size - stages.kept_count) + [True] * stages.kept_count


def test_top_k_keeps_all_that_tie_with_the_last() -> None:
    stages = decoding_stages([3.0, 1.0, 1.0, 1.0, 0.0], SamplingSettings(top_k=2))
    assert stages.kept.tolist() == [True, True, True, True, False]
    assert stages.cut_by(4) == "top_k"
    assert stages.cut_by(0) is None


def test_the_rules_are_named_in_their_order() -> None:
    # Probabilities 0.5, 0.3, 0.15, 0.05: top-k 3 removes the last; of the other three, renormalised, 0.85 are needed.
    stages = decoding_stages(np.log([0.5, 0.3, 0.15, 0.05]), SamplingSettings(top_k=3, top_p=0.8))
    assert [stages.cut_by(i) for i in range(4)] == [None, None, "top_p", "top_k"]
    np.testing.assert_allclose(stages.final, [0.625, 0.375, 0, 0], atol=1e-6)
    assert stages.kept_mass == pytest.approx(0.8, abs=1e-6)


def test_top_p_works_on_what_top_k_left() -> None:
    # 0.75 of everything needs two tokens, but of the two that top-k left (0.4, 0.3) 0.55 needs only one.
    p = np.array([0.4, 0.3, 0.2, 0.1])
    assert decoding_stages(np.log(p), SamplingSettings(top_p=0.55)).kept_count == 2
    assert decoding_stages(np.log(p), SamplingSettings(top_k=2, top_p=0.55)).kept_count == 1


@settings(max_examples=300, deadline=None)
@given(any_logits, any_settings, st.integers(0, 5000), st.integers(0, 30))
def test_every_picture_sums_to_one(
    logits: list[float], chosen: SamplingSettings, position: int, n: int
) -> None:
    stages = decoding_stages(logits, chosen)
    # float64 sums of at most 40 terms: rounding stays below 1e-14
    for distribution in (stages.probs, stages.tempered, stages.final):
        assert distribution.sum() == pytest.approx(1, abs=1e-12)
        assert (distribution >= 0).all()

    trace = step_trace(logits, chosen, position, n=n)
    assert trace.chosen_cut_by is None  # what was cut cannot be chosen
    chosen_id = trace.chosen.token_id
    # 1e-6: the trace goes through the logarithm of the normaliser, and temperature through float32
    assert trace.prob == pytest.approx(stages.probs[chosen_id], rel=1e-6)
    assert trace.tempered_prob == pytest.approx(stages.tempered[chosen_id], rel=1e-6)
    assert trace.final_prob == pytest.approx(stages.final[chosen_id], rel=1e-6)
    assert trace.surprisal_bits == pytest.approx(-math.log2(stages.probs[chosen_id]), abs=1e-6)
    assert trace.chosen_rank == stages.rank(chosen_id)
    assert trace.entropy_bits == pytest.approx(entropy_bits(stages.probs), abs=1e-9)
    assert trace.tempered_entropy_bits == pytest.approx(entropy_bits(stages.tempered), abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(any_logits, any_settings.filter(lambda s: not s.greedy), st.floats(0, 1, exclude_max=True))
def test_the_draw_inverts_the_cumulative_bar(logits: list[float], chosen: SamplingSettings, u: float) -> None:
    stages = decoding_stages(logits, chosen)
    order = sorted(np.flatnonzero(stages.kept), key=lambda i: (-stages.logits[i], i))
    edges = np.concatenate([[0], np.cumsum(stages.final[order])])
    choice = choose(stages, u)
    place = order.index(choice.token_id)
    # the bar is computed here in another order of operations: 1e-12 covers the rounding
    assert choice.low == pytest.approx(edges[place], abs=1e-12)
    assert choice.high == pytest.approx(edges[place + 1], abs=1e-12)
    assert choice.low - 1e-12 <= u <= choice.high + 1e-12
    assert stages.final[choice.token_id] > 0


def test_a_number_on_an_edge_belongs_to_the_token_that_begins_there() -> None:
    stages = decoding_stages([0.0, 0.0, -math.inf], SamplingSettings())
    assert [choose(stages, u).token_id for u in (0.0, 0.5 - 2**-54, 0.5, 1 - 2**-53)] == [0, 0, 1, 1]


def test_the_draw_from_a_large_vocabulary_does_not_depend_on_how_much_was_sorted() -> None:
    # Nearly flat logits over 50,257 tokens: the number lands far beyond the first 256 that are sorted at first.
    logits = np.random.default_rng(0).normal(size=50257).astype(np.float32)
    stages = decoding_stages(logits, SamplingSettings(top_p=0.999))
    order = np.flatnonzero(stages.kept)
    order = order[np.argsort(-logits[order], kind="stable")]
    edges = np.cumsum(stages.tempered_weights[order])
    for u in (0.0, 1e-9, 0.01, 0.5, 0.9, 0.999, 1 - 2**-53):
        target = u * stages.kept_mass * stages.tempered_total
        expected = order[min(int(np.searchsorted(edges, target, side="right")), len(order) - 1)]
        assert choose(stages, u).token_id == expected


def test_sampling_follows_the_probabilities() -> None:
    probs = np.array([0.5, 0.3, 0.15, 0.05])
    stages = decoding_stages(np.log(probs), SamplingSettings())
    drawn = [choose(stages, random_number(7, position)).token_id for position in range(4000)]
    # four standard deviations of a share of 4,000 draws are at most 0.032
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, probs, atol=0.032)


def test_greedy_ignores_the_other_settings_and_takes_the_first_of_equals() -> None:
    x = [1.0, 2.0, 2.0, 0.0]
    trace = step_trace(x, SamplingSettings(do_sample=False, temperature=5, top_k=3, top_p=0.2), 0)
    assert trace.chosen.token_id == int(torch.tensor(x).argmax()) == 1
    assert trace.chosen.how == "greedy"
    assert trace.chosen.u is None
    assert trace.tempered_prob == trace.prob
    assert trace.final_prob == pytest.approx(1)
    assert trace.cut_by[1:] == ("greedy", "greedy", "greedy")


def test_temperature_zero_is_greedy_and_near_zero_agrees() -> None:
    x = np.random.default_rng(3).normal(size=300) * 4
    expected = int(x.argmax())
    assert step_trace(x, SamplingSettings(temperature=0), 4).chosen.how == "greedy"
    for temperature in (1e-300, 1e-45, 1e-40, 1e-20, 1e-6, 1e-3):
        trace = step_trace(x, SamplingSettings(temperature=temperature), 4)
        assert trace.chosen.token_id == expected
        assert trace.final_prob == pytest.approx(1)
        assert trace.chosen.how == "sample"


@pytest.mark.parametrize("temperature", [1e-300, 1e-30, 1.0, 1e30, 1e300])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4, 3e38])
def test_extreme_values_stay_numbers(temperature: float, scale: float) -> None:
    x = np.array([1.0, 0.5, -1.0, -np.inf], dtype=np.float32)
    x[:3] *= np.float32(scale)
    trace = step_trace(x, SamplingSettings(temperature=temperature, top_k=3, top_p=0.9), 0)
    numbers = (trace.kept_mass, trace.entropy_bits, trace.tempered_entropy_bits, trace.rest_prob, trace.prob)
    assert all(math.isfinite(number) for number in numbers)
    assert decoding_stages(x, SamplingSettings(temperature=temperature)).final.sum() == pytest.approx(1)
    assert trace.chosen.token_id != 3  # the impossible token


def test_what_cannot_be_computed_is_refused() -> None:
    for logits in ([], [[1.0]], [1.0, math.nan], [math.inf, 0.0], [-math.inf, -math.inf]):
        with pytest.raises(ValueError, match="logits must"):
            decoding_stages(logits, SamplingSettings())
    for wrong in ({"temperature": -1}, {"temperature": math.nan}, {"top_k": -1}, {"top_p": 1.5}):
        with pytest.raises(ValueError, match="must"):
            SamplingSettings(**wrong)
    stages = decoding_stages([0.0, 1.0], SamplingSettings())
    for token_id in (-1, 2):
        with pytest.raises(ValueError, match="not in the vocabulary"):
            take(stages, token_id)
    for u in (None, 1.0, -0.1):
        with pytest.raises(ValueError, match="u must lie"):
            choose(stages, u)


def test_a_token_taken_by_hand_may_be_one_that_was_cut() -> None:
    trace = step_trace([3.0, 2.0, 1.0], SamplingSettings(top_k=1), 0, token_id=2)
    assert (trace.chosen.token_id, trace.chosen.how, trace.chosen.u) == (2, "hand", None)
    assert trace.chosen_cut_by == "top_k"
    assert trace.final_prob == 0
    assert trace.chosen_rank == 3


def test_the_random_number_is_the_same_for_ever() -> None:
    # Goldens: links that were sent around must keep their text (numpy keeps the stream of its bit generators).
    assert [random_number(0, 0), random_number(1, 0), random_number(1, 7)] == GOLDEN_NUMBERS
    assert random_number(2**64 + 1, 7) == random_number(1, 7)
    with pytest.raises(ValueError, match="position"):
        random_number(1, -1)


def test_random_numbers_look_uniform_over_positions_and_seeds() -> None:
    for numbers in (
        [random_number(5, position) for position in range(2000)],
        [random_number(seed, 5) for seed in range(2000)],
    ):
        assert len(set(numbers)) == 2000
        assert 0 <= min(numbers) < 0.01
        assert 0.99 < max(numbers) < 1
        # standard deviation of the mean of 2,000 uniform numbers: 0.0065
        assert np.mean(numbers) == pytest.approx(0.5, abs=0.026)
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.09  # four standard deviations


def test_softmax_entropy_and_surprisal_by_hand() -> None:
    np.testing.assert_allclose(softmax([0, math.log(3)]), [0.25, 0.75])
    assert entropy_bits([0.5, 0.25, 0.25]) == pytest.approx(1.5)
    assert entropy_bits([1.0, 0.0]) == 0
    assert surprisal_bits([0, math.log(3)], 0) == pytest.approx(2)
    assert surprisal_bits([0.0, -math.inf], 1) == math.inf
