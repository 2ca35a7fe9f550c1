"""Every EM round written down: the same numbers as the trainer's own, and the lattice of the same model."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from components.lm.tokens.unigram import UnigramTrainer
from components.lm.tokens.unigram_lesson import unigram_lesson
from components.lm.tokens.words import InputProblem, count_words

ROOT = Path(__file__).parents[3]
COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


@pytest.mark.parametrize("em_rounds", [1, 2, 3])
def test_moments_are_the_trainers(em_rounds: int) -> None:
    lesson = unigram_lesson(COURSE, 18, word="lowest", em_rounds=em_rounds)
    trace = UnigramTrainer(COURSE, 18, em_rounds=em_rounds).run()
    assert len(lesson.moments) == len(trace.rounds) * (em_rounds + 1)
    # The lattices here hold only the pieces that are left, so sums run in another order: rounding.
    assert [moment.loss for moment in lesson.moments] == pytest.approx(trace.losses, rel=1e-9)
    for number, done in enumerate(trace.rounds):
        before, *_, after = lesson.moments[number * (em_rounds + 1) : (number + 1) * (em_rounds + 1)]
        assert {one.text: one.prob for one in before.pieces} == pytest.approx(
            {one.text: one.prob for one in done.before}, rel=1e-9
        )
        # Probabilities fall to 1e-40 here; they are compared to parts in a million or 1e-15, whichever is larger.
        assert {one.text: one.prob for one in after.pieces} == pytest.approx(
            {one.text: one.prob for one in done.pieces}, rel=1e-6, abs=1e-15
        )
        assert {one.text for one in after.pieces if one.leaves} == set(done.pruned)
        assert after.leaving == len(done.pruned)
        assert before.leaving == 0


def test_a_loss_is_what_leaving_the_piece_out_costs() -> None:
    """Checked by summing the words again over a lattice without the piece."""
    import numpy as np

    from components.lm.tokens.unigram import WordLattices

    moment = unigram_lesson(COURSE, 18, word="lowest", em_rounds=1).moments[0]
    texts = [one.text for one in moment.pieces]
    probs = np.asarray([one.prob for one in moment.pieces])
    for at, one in enumerate(moment.pieces):
        left = np.delete(probs, at)
        without, _ = WordLattices(COURSE, [*texts[:at], *texts[at + 1 :]]).expected_counts(left)
        if math.isinf(one.loss):
            assert math.isinf(without)
        else:
            # Differences of losses near 52 nats: 1e-9 leaves room for rounding of both.
            assert one.loss == pytest.approx(without - moment.loss, abs=1e-9)


def test_lattice_n_best_and_samples_are_of_one_model() -> None:
    lesson = unigram_lesson(COURSE, 18, word="lowest", em_rounds=1, seed=3, times=50)
    for number, moment in enumerate(lesson.moments):
        model = lesson.model(number)
        assert moment.lattice == model.lattice("lowest")
        assert moment.n_best[0].tokens == moment.lattice.best.tokens
        assert sum(sample.times for sample in moment.samples) == 50
        assert moment.samples == model.sample("lowest", seed=3, times=50)


def test_pieces_are_never_more_than_before_and_letters_stay() -> None:
    text = (ROOT / "assets" / "samples" / "story_ko.txt").read_text(encoding="utf-8")
    lesson = unigram_lesson(count_words(text), 150, word="도서관에서는", em_rounds=2)
    sizes = [len(moment.pieces) for moment in lesson.moments]
    assert sizes == sorted(sizes, reverse=True)
    letters = {one.text for one in lesson.moments[0].pieces if one.keep}
    for moment in lesson.moments:
        assert letters <= {one.text for one in moment.pieces}
        assert not any(one.leaves for one in moment.pieces if one.keep)


def test_an_empty_word_and_bad_words() -> None:
    assert unigram_lesson(COURSE, 18, word="").moments[0].lattice.num_paths == 1
    with pytest.raises(InputProblem):
        unigram_lesson({}, 18, word="low")


def test_progress_and_stop() -> None:
    told: list[float] = []
    unigram_lesson(COURSE, 12, word="low", on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert unigram_lesson(COURSE, 12, word="low", should_stop=lambda: True).trace.stop_reason == "stopped"
