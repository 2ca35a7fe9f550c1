"""Unigram: every sum compared with listing all ways to cut a word one by one."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lm.tokens.unigram import (
    UNKNOWN_PENALTY,
    UnigramModel,
    UnigramTrainer,
    WordLattices,
    seed_vocabulary,
)
from components.lm.tokens.words import InputProblem, count_words
from tests.lm.tokens.bpe_reference import english_like

COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def all_ways(word: str, probs: dict[str, float]) -> list[tuple[tuple[str, ...], float]]:
    """Every way to cut a word into pieces, with its probability."""
    ways: list[tuple[tuple[str, ...], float]] = []
    for cuts in itertools.product([False, True], repeat=len(word) - 1):
        places = [0, *(n for n, cut in enumerate(cuts, start=1) if cut), len(word)]
        pieces = tuple(word[start:end] for start, end in itertools.pairwise(places))
        if all(probs.get(piece, 0) > 0 for piece in pieces):
            ways.append((pieces, math.prod(probs[piece] for piece in pieces)))
    return ways


@st.composite
def vocabularies(draw: st.DrawFn) -> dict[str, float]:
    """Letters a and b always, some longer pieces, probabilities that sum to 1."""
    longer = draw(st.sets(st.text(alphabet="ab", min_size=2, max_size=4), max_size=6))
    pieces = ["a", "b", *sorted(longer)]
    weights = [draw(st.integers(1, 20)) for _ in pieces]
    return {piece: weight / sum(weights) for piece, weight in zip(pieces, weights, strict=True)}


_words = st.text(alphabet="ab", min_size=1, max_size=8)


def model_of(probs: dict[str, float]) -> UnigramModel:
    return UnigramModel({piece: math.log(prob) for piece, prob in probs.items()})


# One word


@settings(max_examples=150, deadline=None)
@given(probs=vocabularies(), word=_words)
def test_the_lattice_sums_over_all_ways(probs: dict[str, float], word: str) -> None:
    ways = all_ways(word, probs)
    total = math.fsum(prob for _, prob in ways)
    lattice = model_of(probs).lattice(word)
    # Sums of up to 128 products of up to 8 factors: rounding stays far below 1e-9.
    assert lattice.num_paths == len(ways) == lattice.nodes[-1].num_paths
    assert lattice.log_likelihood == pytest.approx(math.log(total), rel=1e-9, abs=1e-9)
    best = max(prob for _, prob in ways)
    assert math.exp(lattice.best.log_prob) == pytest.approx(best, rel=1e-9)
    assert lattice.best.share == pytest.approx(best / total, rel=1e-9)
    assert "".join(lattice.best.tokens) == word
    assert [edge.piece for edge in lattice.edges if edge.best] == list(lattice.best.tokens)
    assert model_of(probs).tokenize(word) == lattice.best.tokens
    for edge in lattice.edges:
        uses = math.fsum(
            prob
            for pieces, prob in ways
            if edge.start in (starts := list(itertools.accumulate(map(len, pieces), initial=0)))
            and edge.end in starts
            and edge.piece in pieces
            and starts.index(edge.end) == starts.index(edge.start) + 1
        )
        assert edge.posterior == pytest.approx(uses / total, rel=1e-9, abs=1e-12)
    back = lattice.nodes[-1]
    while back.from_position is not None:
        back = lattice.nodes[back.from_position]
    assert back.position == 0


@settings(max_examples=150, deadline=None)
@given(probs=vocabularies(), word=_words, n=st.integers(1, 12))
def test_n_best_are_the_best_ways_in_order(probs: dict[str, float], word: str, n: int) -> None:
    expected = sorted((prob for _, prob in all_ways(word, probs)), reverse=True)
    found = model_of(probs).n_best(word, n)
    assert len(found) == min(n, len(expected))
    assert len({way.tokens for way in found}) == len(found)
    for way, prob in zip(found, expected, strict=False):
        assert math.exp(way.log_prob) == pytest.approx(prob, rel=1e-9)
        assert way.log_prob == pytest.approx(math.fsum(math.log(probs[piece]) for piece in way.tokens))


def test_samples_follow_the_probabilities() -> None:
    probs = {"a": 0.4, "b": 0.3, "ab": 0.2, "ba": 0.1}
    ways = dict(all_ways("abab", probs))
    total = sum(ways.values())
    for alpha in (1.0, 0.3, 0.0):
        drawn = model_of(probs).sample("abab", seed=5, times=20_000, alpha=alpha)
        flattened = {pieces: prob**alpha for pieces, prob in ways.items()}
        norm = sum(flattened.values())
        assert sum(sample.times for sample in drawn) == 20_000
        assert {sample.segmentation.tokens for sample in drawn} == set(ways)
        for sample in drawn:
            expected = flattened[sample.segmentation.tokens] / norm
            # Five standard deviations of a share of 20,000 draws.
            tolerance = 5 * math.sqrt(expected * (1 - expected) / 20_000)
            assert sample.times / 20_000 == pytest.approx(expected, abs=tolerance)
            assert sample.segmentation.share == pytest.approx(ways[sample.segmentation.tokens] / total)


def test_the_same_seed_draws_the_same() -> None:
    model = model_of({"a": 0.5, "b": 0.3, "ab": 0.2})
    assert model.sample("ababab", seed=1, times=50) == model.sample("ababab", seed=1, times=50)
    assert model.sample("ababab", seed=1, times=50) != model.sample("ababab", seed=2, times=50)
    for bad in ({"alpha": -1.0}, {"times": 0}, {"alpha": math.nan}):
        with pytest.raises(InputProblem) as refused:
            model.sample("ab", seed=1, **bad)
        assert refused.value.code == "bad_setting"


def test_unknown_letters_are_pieces_of_their_own() -> None:
    model = model_of({"a": 0.75, "b": 0.25})
    lattice = model.lattice("axxb")
    assert lattice.best.tokens == ("a", "x", "x", "b")
    assert lattice.best.token_ids == (0, None, None, 1)
    assert lattice.unknown == ("x",)
    assert model.unknown_score == pytest.approx(math.log(0.25) - UNKNOWN_PENALTY)
    assert model.tokenize("안") == ("안",)
    empty = model.lattice("")
    assert (empty.num_paths, empty.best.tokens, empty.log_likelihood) == (1, (), 0.0)
    assert model.n_best("", 3)[0].tokens == ()


# Training


def test_seed_vocabulary_counts_substrings() -> None:
    seed = {piece.text: piece for piece in seed_vocabulary(COURSE)}
    assert seed["low"].count == 7
    assert seed["est"].score == 27
    assert [text for text in seed if len(text) == 1] == list("lowernstid")
    multi = [piece.score for piece in seed.values() if len(piece.text) > 1]
    assert multi == sorted(multi, reverse=True)
    assert "newest" in seed
    assert max(map(len, (piece.text for piece in seed_vocabulary(COURSE, max_letters=3)))) == 3
    assert len(seed_vocabulary(COURSE, max_pieces=5)) == 15


@settings(max_examples=80, deadline=None)
@given(probs=vocabularies(), words=st.dictionaries(_words, st.integers(1, 5), min_size=1, max_size=6))
def test_expected_counts_and_removal_losses(probs: dict[str, float], words: dict[str, int]) -> None:
    lattices = WordLattices(words, list(probs))
    values = np.asarray(list(probs.values()))
    loss, expected = lattices.expected_counts(values)
    likelihood = math.fsum(
        count * math.log(math.fsum(prob for _, prob in all_ways(word, probs)))
        for word, count in words.items()
    )
    assert loss == pytest.approx(-likelihood, rel=1e-9, abs=1e-9)
    by_hand: Counter[str] = Counter()
    for word, count in words.items():
        ways = all_ways(word, probs)
        total = math.fsum(prob for _, prob in ways)
        for pieces, prob in ways:
            for piece in pieces:
                by_hand[piece] += count * prob / total  # type: ignore[assignment]
    assert expected == pytest.approx([by_hand[piece] for piece in probs], rel=1e-9, abs=1e-9)

    losses = lattices.removal_losses(values)
    for piece, found in zip(probs, losses.tolist(), strict=True):
        without = {other: prob for other, prob in probs.items() if other != piece}
        sums = [
            (count, math.fsum(prob for _, prob in all_ways(word, without))) for word, count in words.items()
        ]
        if any(total == 0 for _, total in sums):
            assert found == math.inf
        else:
            after = math.fsum(count * math.log(total) for count, total in sums)
            # log(1 - share) loses digits as the share nears 1: at most 1e-15 / 1e-6 of its value.
            assert found == pytest.approx(likelihood - after, rel=1e-7, abs=1e-8)


def test_a_certain_piece_is_summed_again_exactly() -> None:
    """With a share of nearly 1, 1 - share is rounding; the other way through the word must be found by summing."""
    probs = {"a": 1e-9, "b": 1e-9, "ab": 1 - 2e-9}
    losses = WordLattices({"ab": 1}, list(probs)).removal_losses(np.asarray(list(probs.values())))
    assert losses[2] == pytest.approx(math.log(1 - 2e-9) - 2 * math.log(1e-9), rel=1e-9)


def test_em_never_makes_the_words_less_likely_and_pruning_drops_the_cheapest() -> None:
    trace = UnigramTrainer(count_words(english_like(20_000)), 300).run()
    assert trace.stop_reason == "vocab_size"
    assert len(trace.model().pieces) == 300
    for number, done in enumerate(trace.rounds):
        for step in done.em_steps:
            assert step.loss_after <= step.loss + 1e-4  # what the floor under letters may cost
        assert sum(piece.prob for piece in done.pieces) == pytest.approx(1)
        last = number == len(trace.rounds) - 1
        assert bool(done.pruned) != last
        costs = [piece.loss for piece in done.losses]
        assert costs == sorted(costs)
        assert not any(piece.pruned and piece.keep for piece in done.losses)
        dropped = [piece.loss for piece in done.losses if piece.pruned]
        kept = [piece.loss for piece in done.losses if not piece.pruned and not piece.keep]
        if dropped and kept:
            assert max(dropped) <= min(kept)
    sizes = [len(done.pieces) for done in trace.rounds]
    assert sizes == sorted(sizes, reverse=True)
    assert len(trace.losses) == sum(len(done.em_steps) + 1 for done in trace.rounds)


def test_the_course_words() -> None:
    trace = UnigramTrainer(COURSE, 18, em_rounds=1).run()
    assert trace.model().best("lowest").tokens == ("low", "est")
    assert trace.model(1).best("lowest").tokens == ("low", "est")
    whole = UnigramTrainer(COURSE, 14).run().model()
    # With room for four pieces besides the letters, the four words themselves are the most likely pieces.
    assert {piece for piece in whole.pieces if len(piece) > 1} == set(COURSE)


def test_letters_stay_even_when_nothing_needs_them() -> None:
    trace = UnigramTrainer(COURSE, 1, em_rounds=3).run()
    assert trace.stop_reason == "nothing_to_prune"
    assert set(trace.model().pieces) == set("lowernstid")
    longer = UnigramTrainer({"ab": 50}, 3, em_rounds=60).run().model()
    assert all(score > -math.inf for score in longer.pieces.values())
    assert longer.tokenize("ba") == ("b", "a")


def test_words_longer_than_a_chunk() -> None:
    trace = UnigramTrainer({"a" * 1200: 2}, 3).run()
    assert max(map(len, trace.model().pieces)) <= 16
    assert all(math.isfinite(loss) for loss in trace.losses)


def test_training_can_report_and_stop() -> None:
    trainer = UnigramTrainer(COURSE, 12)
    seen: list[int] = []
    trace = trainer.run(lambda now: seen.append(now.vocab_size), lambda: len(seen) == 2)
    assert (len(seen), trace.stop_reason, len(trace.rounds)) == (2, "stopped", 2)
    assert seen[0] > seen[1]
    assert [progress.rounds for progress in UnigramTrainer(COURSE, 12)][:2] == [1, 2]


@pytest.mark.parametrize(
    ("words", "arguments", "code"),
    [
        ({}, {}, "empty_table"),
        ({"a": 0}, {}, "zero_count"),
        ({"a": -1}, {}, "negative_count"),
        ({"": 1}, {}, "missing_word"),
        ({"a": 1}, {"vocab_size": 0}, "bad_setting"),
        ({"a": 1}, {"keep_share": 1.0}, "bad_setting"),
        ({"a": 1}, {"em_rounds": 0}, "bad_setting"),
        ({"a": 1}, {"max_letters": 0}, "bad_setting"),
    ],
)
def test_bad_input_is_refused_with_a_reason(
    words: dict[str, int], arguments: dict[str, float], code: str
) -> None:
    with pytest.raises(InputProblem) as refused:
        UnigramTrainer(words, **({"vocab_size": 5} | arguments)).run()
    assert refused.value.code == code
