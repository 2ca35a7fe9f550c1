"""A Unigram training written down for stepping: every EM round, every pruning, and one word's lattice at each moment.

:mod:`components.lm.tokens.unigram` keeps the pieces at the beginning and at the end of the EM rounds of each pruning round.
A page wants every EM round, so the updates between are made again here, from the same lattices.

>>> lesson = unigram_lesson({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 18, word="lowest", em_rounds=1)
>>> [moment.kind for moment in lesson.moments][:4]
['seed', 'em', 'pruned', 'em']
>>> lesson.moments[-1].lattice.best.tokens
('low', 'est')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from components.lm.tokens.unigram import (
    LETTER_FLOOR,
    Lattice,
    Sample,
    Segmentation,
    UnigramModel,
    UnigramTrace,
    UnigramTrainer,
    WordLattices,
)
from components.lm.tokens.words import WordTable

Kind = Literal["seed", "em", "pruned"]
"""What made a moment: the seed vocabulary with its first probabilities; an EM round; a pruning."""

MAX_WORD_LETTERS = 18
"""Letters of the word whose lattice is drawn."""
NUM_BEST = 6


@dataclass(frozen=True, slots=True)
class PieceState:
    """A piece at one moment.

    Attributes:
        text: its letters.
        prob: its probability.
        expected_count: how often it is used in the words, over all ways to cut them.
        loss: what dropping it would cost, in nats; infinite for a piece some word cannot do without.
        keep: a single letter: it stays whatever it costs.
        leaves: the next pruning drops it.
    """

    text: str
    prob: float
    expected_count: float
    loss: float
    keep: bool
    leaves: bool


@dataclass(frozen=True)
class UnigramMoment:
    """The model at one moment.

    Attributes:
        kind: what made it.
        round: pruning round it belongs to, from 1.
        iteration: EM rounds done in this round.
        pieces: dearest loss first (infinite losses, then falling).
        loss: minus the log-likelihood of the words, in nats.
        leaving: how many pieces the pruning that comes next drops; 0 when EM or the end comes next.
        lattice: all ways to cut the word.
        n_best: the likeliest of them.
        samples: ways drawn at random.
    """

    kind: Kind
    round: int
    iteration: int
    pieces: tuple[PieceState, ...]
    loss: float
    leaving: int
    lattice: Lattice
    n_best: tuple[Segmentation, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, eq=False)
class UnigramLesson:
    """A run with all its moments, and the word they cut."""

    trace: UnigramTrace
    moments: tuple[UnigramMoment, ...]
    word: str

    def model(self, moment: int) -> UnigramModel:
        """The model at a moment."""
        return _model(self.moments[moment].pieces)


def unigram_lesson(
    words: Mapping[str, int] | WordTable,
    vocab_size: int,
    *,
    word: str,
    em_rounds: int = 2,
    seed: int = 0,
    times: int = 200,
    alpha: float = 1.0,
    on_progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> UnigramLesson:
    """Train and write every moment down.

    Args:
        words: words with counts.
        vocab_size: pieces wanted.
        word: the word to cut; its first :data:`MAX_WORD_LETTERS` letters.
        em_rounds: EM rounds before each pruning.
        seed, times, alpha: of the random cuts; see :meth:`components.lm.tokens.unigram.UnigramModel.sample`.

    Raises:
        InputProblem: as :class:`components.lm.tokens.unigram.UnigramTrainer`.
    """
    word = word[:MAX_WORD_LETTERS]
    trainer = UnigramTrainer(words, vocab_size, em_rounds=em_rounds)
    start = trainer.progress.vocab_size

    def half(done: float) -> None:
        if on_progress:
            on_progress(done)

    trace = trainer.run(
        lambda now: half(0.5 * (start - now.vocab_size) / max(start - vocab_size, 1)), should_stop
    )
    table = dict(words.items())
    moments: list[UnigramMoment] = []
    for number, done in enumerate(trace.rounds):
        texts = [piece.text for piece in done.before]
        lattices = WordLattices(table, texts)
        is_letter = np.asarray([len(text) == 1 for text in texts])
        gone = set(done.pruned)
        probs = np.asarray([piece.prob for piece in done.before])
        loss, expected = lattices.expected_counts(probs)
        for iteration in range(len(done.em_steps) + 1):
            if iteration:
                kept = np.where(is_letter, np.maximum(expected, LETTER_FLOOR), expected)
                probs = kept / kept.sum()
                loss, expected = lattices.expected_counts(probs)
            last = iteration == len(done.em_steps)
            costs = lattices.removal_losses(probs)
            states = [
                PieceState(
                    text,
                    float(probs[at]),
                    float(expected[at]),
                    float(costs[at]),
                    bool(is_letter[at]),
                    last and text in gone,
                )
                for at, text in enumerate(texts)
            ]
            states.sort(key=lambda state: -state.loss)
            model = _model(states)
            moments.append(
                UnigramMoment(
                    kind="em" if iteration else "pruned" if number else "seed",
                    round=number + 1,
                    iteration=iteration,
                    pieces=tuple(states),
                    loss=loss,
                    leaving=len(gone) if last else 0,
                    lattice=model.lattice(word),
                    n_best=model.n_best(word, NUM_BEST),
                    samples=model.sample(word, seed=seed, times=times, alpha=alpha),
                )
            )
        half(0.5 + 0.5 * (number + 1) / len(trace.rounds))
    return UnigramLesson(trace, tuple(moments), word)


def _model(pieces: tuple[PieceState, ...] | list[PieceState]) -> UnigramModel:
    """The model of these pieces, ids by probability."""
    ranked = sorted(pieces, key=lambda piece: -piece.prob)
    return UnigramModel(
        {piece.text: math.log(piece.prob) if piece.prob > 0 else -math.inf for piece in ranked}
    )
