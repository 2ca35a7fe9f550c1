"""Unigram training, moment by moment: the lattice of one word, what each piece is worth, and random cuts."""

import math
from collections.abc import Callable
from typing import Any

from components.elements.mount import element
from components.lm.tokens.unigram import Segmentation
from components.lm.tokens.unigram_lesson import PieceState, UnigramLesson, UnigramMoment
from components.words import labels

_mount = element("tokens/unigram_board")
CHEAPEST, DEAREST = 60, 20


def unigram_board(
    lesson: UnigramLesson,
    *,
    show: str,
    step: int,
    rev: int,
    seed: int,
    times: int,
    alpha: float,
    on_step: Callable[[], None],
) -> None:
    """Draw the board; all stepping happens in the browser.

    Trigger under the key ``unigram_board``: ``step`` (the moment on screen).

    Args:
        lesson: all moments.
        show: how much of the lattice is drawn: ``ways``, ``shares``, ``best``, or with the ``training`` below it.
        step: taken over by the board only when ``rev`` changed.
        rev: changes when a link or the page, not the reader's hand on the board, moved the state.
        seed, times, alpha: of the random cuts, for their heading.
    """
    _mount(
        key="unigram_board",
        data={
            "rev": rev,
            "step": step,
            "show": show,
            "word": lesson.word,
            "stop": lesson.trace.stop_reason,
            "rounds": len(lesson.trace.rounds),
            "num_words": len(lesson.trace.words),
            "seed": seed,
            "times": times,
            "alpha": alpha,
            "moments": [packed(moment) for moment in lesson.moments],
            "words": labels("wordpiece"),
            "stepper": labels("stepper"),
        },
        on_step_change=on_step,
    )


def packed(moment: UnigramMoment) -> dict[str, Any]:
    """Return one moment for the browser; an infinite loss is None."""
    longer = sorted(
        (one for one in moment.pieces if not one.keep), key=lambda one: (not one.leaves, one.loss)
    )
    letters = [one for one in moment.pieces if one.keep]
    gap = max(0, len(longer) - CHEAPEST - DEAREST)
    shown = longer if not gap else [*longer[:CHEAPEST], *longer[-DEAREST:]]
    lattice = moment.lattice
    return {
        "kind": moment.kind,
        "round": moment.round,
        "iteration": moment.iteration,
        "loss": moment.loss,
        "leaving": moment.leaving,
        "size": len(moment.pieces),
        "pieces": [_piece(one) for one in shown],
        "gap_at": CHEAPEST if gap else -1,
        "gap": gap,
        "letters": [_piece(one) for one in letters[:60]],
        "more_letters": max(0, len(letters) - 60),
        "nodes": [[node.best_score, node.num_paths, node.from_position] for node in lattice.nodes],
        "edges": [
            [
                edge.start,
                edge.end,
                edge.piece,
                edge.log_prob,
                edge.posterior,
                edge.best,
                edge.token_id is None,
            ]
            for edge in lattice.edges
        ],
        "num_paths": str(lattice.num_paths),
        "best": _way(lattice.best),
        "unknown": lattice.unknown,
        "n_best": [_way(way) for way in moment.n_best],
        "samples": [[*_way(sample.segmentation), sample.times] for sample in moment.samples[:12]],
    }


def _piece(one: PieceState) -> list[Any]:
    loss = one.loss if math.isfinite(one.loss) else None
    return [one.text, one.prob, one.expected_count, loss, one.leaves]


def _way(way: Segmentation) -> list[Any]:
    return [way.tokens, way.log_prob, way.share]
