"""Three WordPiece trainings on the same words, one per referee, written down for stepping side by side.

Each referee (:data:`components.lm.tokens.wordpiece.Referee`) trains a run of its own. Before the first merge all three look
at the same board, so the table of pairs shows what each would take there; afterwards their boards drift apart. At
every moment of every run the table still says what all three would take on *that* board.

>>> race = run_race({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10, probe="lowest")
>>> [(lane.referee, lane.moments[0].winners) for lane in race.lanes][0]
('count', {'count': ('e', 's'), 'score': ('i', 'd'), 'gain': ('s', 't')})
>>> {lane.referee: lane.moments[10].probe for lane in race.lanes}
{'count': ('low', 'est'), 'score': ('low', 'e', 'st'), 'gain': ('low', 'est')}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.lm.tokens.bpe import Pair
from components.lm.tokens.merging import WordState
from components.lm.tokens.wordpiece import (
    PairScore,
    Referee,
    Symbols,
    WordPieceStep,
    WordPieceTrace,
    WordPieceTrainer,
)
from components.lm.tokens.words import WordTable

REFEREES: tuple[Referee, ...] = ("count", "score", "gain")
MAX_MERGES = 60
"""Merges of one race; every moment of it is written down."""
MAX_WORDS, MAX_PAIRS = 12, 24
"""Words and pairs written down for one moment."""


@dataclass(frozen=True)
class RaceMoment:
    """One run after some merges.

    Attributes:
        next_step: the merge to come, None at the end.
        pairs: the best ones for this run's referee, best first, then the winners of the other referees where they are
            not among them.
        num_pairs: how many pairs there are in all.
        winners: what each referee would merge on this board; None when no pair is left.
        words: at most :data:`MAX_WORDS`.
        corpus_tokens: symbols in all words, weighted by word counts.
        probe: the word to encode, cut by longest match with the vocabulary of this moment.
    """

    next_step: WordPieceStep | None
    pairs: tuple[PairScore, ...]
    num_pairs: int
    winners: Mapping[Referee, Pair | None]
    words: tuple[WordState, ...]
    corpus_tokens: int
    probe: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Lane:
    """The run of one referee, at every moment."""

    referee: Referee
    trace: WordPieceTrace
    moments: tuple[RaceMoment, ...]


@dataclass(frozen=True, eq=False)
class Race:
    """All three runs.

    Attributes:
        lanes: in the order of :data:`REFEREES`.
        num_words: different words trained on.
        marking: as trained.
        stopped: a reader stopped the training; the runs are shorter than asked for.
    """

    lanes: tuple[Lane, ...]
    num_words: int
    marking: Symbols
    stopped: bool

    @property
    def num_moments(self) -> int:
        """Steps of the longest run."""
        return max(lane.trace.num_steps for lane in self.lanes)

    def lane(self, referee: Referee) -> Lane:
        """The run of one referee."""
        return self.lanes[REFEREES.index(referee)]


def run_race(
    words: Mapping[str, int] | WordTable,
    num_merges: int,
    *,
    marking: Symbols = "plain",
    probe: str = "",
    on_progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Race:
    """Train all three and write every moment down.

    Args:
        words: words with counts.
        num_merges: merges of each run, at most :data:`MAX_MERGES`.
        marking: plain symbols, or ## before letters inside a word.
        probe: a word to encode with each vocabulary.
        on_progress: told the share of the work that is done, 0 to 1.
        should_stop: asked between merges; the runs then end where they are.

    Raises:
        InputProblem: as :class:`components.lm.tokens.wordpiece.WordPieceTrainer`.
    """
    lanes: list[Lane] = []
    stopped = False
    for number, referee in enumerate(REFEREES):

        def tell(share: float, number: int = number) -> None:
            if on_progress:
                on_progress((number + share) / len(REFEREES))

        trainer = WordPieceTrainer(words, min(num_merges, MAX_MERGES), referee, marking)
        trace = trainer.run(
            lambda done, tell=tell: tell(done.merges / max(done.num_merges, 1) / 2),  # type: ignore[misc]
            should_stop,
            every=5,
        )
        stopped = stopped or trace.stop_reason == "stopped"
        moments: list[RaceMoment] = []
        for moment in range(trace.num_steps + 1):
            moments.append(_moment(trace, moment, probe))
            tell(0.5 + moment / max(trace.num_steps, 1) / 2)
        lanes.append(Lane(referee, trace, tuple(moments)))
    return Race(tuple(lanes), len(dict(words.items())), marking, stopped)


def _moment(trace: WordPieceTrace, moment: int, probe: str) -> RaceMoment:
    view = trace.view(moment, max_words=MAX_WORDS, max_pairs=MAX_PAIRS)
    listed = {row.pair for row in view.pairs}
    others = {row.pair: row for row in view.winners.values() if row is not None and row.pair not in listed}
    return RaceMoment(
        next_step=view.next_step,
        pairs=(*view.pairs, *others.values()),
        num_pairs=view.num_pairs,
        winners={referee: row.pair if row else None for referee, row in view.winners.items()},
        words=view.words,
        corpus_tokens=trace.curve.corpus_tokens[moment],
        probe=trace.model(moment).encode_word(probe).tokens if probe else (),
    )
