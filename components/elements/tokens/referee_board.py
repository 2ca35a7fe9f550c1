"""Three referees at the same board: words, every pair as each of them judges it, and the merges of each run."""

from collections.abc import Callable
from typing import Any

from components.elements.mount import element
from components.lm.tokens.referee_race import Race, RaceMoment
from components.words import labels

_mount = element("tokens/referee_board")
TILES = 150
"""Symbols drawn of one word; how many more there are is said."""
LETTERS = 40
"""Letters drawn of one symbol: 200 kB of one letter are one word, and its symbols double at every merge."""


def referee_board(
    race: Race,
    *,
    step: int,
    referee: str,
    probe: str,
    rev: int,
    on_step: Callable[[], None],
    on_referee: Callable[[], None],
) -> None:
    """Draw the board; all stepping happens in the browser.

    Triggers under the key ``referee_board``: ``step`` (merges done on screen) and ``referee`` (whose board is shown).

    Args:
        race: the three runs.
        step, referee: taken over by the board only when ``rev`` changed.
        probe: the word that every vocabulary encodes.
        rev: changes when a link or the page, not the reader's hand on the board, moved the state.
    """
    _mount(
        key="referee_board",
        data={
            "rev": rev,
            "step": step,
            "referee": referee,
            "probe": probe,
            "marking": race.marking,
            "num_words": race.num_words,
            "lanes": [
                {
                    "referee": lane.referee,
                    "merged": [_clipped(symbol) for symbol in lane.trace.merged_symbols],
                    "stop": lane.trace.stop_reason,
                    "moments": [_packed(moment) for moment in lane.moments],
                }
                for lane in race.lanes
            ],
            "words": labels("wordpiece"),
            "stepper": labels("stepper"),
        },
        on_step_change=on_step,
        on_referee_change=on_referee,
    )


def _packed(moment: RaceMoment) -> dict[str, Any]:
    return {
        "words": [
            [
                word.index,
                _clipped(word.word),
                word.count,
                [_clipped(symbol) for symbol in word.symbols[:TILES]],
                [place for place in word.merging if place < TILES],
                [place for place in word.merged if place < TILES],
                max(0, len(word.symbols) - TILES),
            ]
            for word in moment.words
        ],
        "pairs": [
            [*map(_clipped, (*p.pair, p.merged)), p.count, p.left_count, p.right_count, p.score, p.gain]
            for p in moment.pairs
        ],
        "ranks": [[p.rank_by_count, p.rank_by_score, p.rank_by_gain] for p in moment.pairs],
        "num_pairs": moment.num_pairs,
        "winners": [
            pair and [*map(_clipped, pair)]
            for pair in (moment.winners[referee] for referee in ("count", "score", "gain"))
        ],
        "tied": moment.next_step.num_tied if moment.next_step else 0,
        "tokens": moment.corpus_tokens,
        "probe": moment.probe,
    }


def _clipped(symbol: str) -> str:
    """A symbol as it is drawn: one that is too long keeps its beginning and says its length."""
    return symbol if len(symbol) <= LETTERS else f"{symbol[:LETTERS]}…({len(symbol):,})"
