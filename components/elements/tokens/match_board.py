"""WordPiece encoding: longest match first, look-up by look-up, under the letters of the word."""

from collections.abc import Callable

from components.elements.mount import element
from components.lm.tokens.match_lesson import MatchLesson
from components.words import labels

_mount = element("tokens/match_board")


def match_board(
    lesson: MatchLesson,
    *,
    step: int,
    rev: int,
    prefix: str,
    unknown: str,
    max_letters: int,
    token_ids: dict[str, int],
    others: list[list[str]],
    on_step: Callable[[], None],
) -> None:
    """Draw the board; all stepping happens in the browser.

    Trigger under the key ``match_board``: ``step`` (look-ups made on screen).

    Args:
        lesson: the look-ups.
        step: taken over by the board only when ``rev`` changed.
        rev: changes when a link or the page, not the reader's hand on the board, moved the state.
        prefix: mark of continuing pieces, empty for plain symbols.
        unknown: the token of a word that cannot be cut.
        max_letters: longer words are ``unknown`` at once.
        token_ids: ids of all pieces that were found or thrown away, and of ``unknown``.
        others: for each word, how BPE trained on the same words cuts it; empty where there is no such training.
    """
    _mount(
        key="match_board",
        data={
            "rev": rev,
            "step": step,
            "prefix": prefix,
            "unknown": unknown,
            "max_letters": max_letters,
            "ids": token_ids,
            "text_words": [
                {
                    "word": matched.encoding.word,
                    "steps": [
                        {"start": one.start, "end": one.end, "tried": one.tried, "piece": one.piece}
                        for one in matched.encoding.steps
                    ],
                    "tokens": matched.encoding.tokens,
                    "failure": matched.encoding.failure,
                    "nearby": matched.nearby,
                    "num_nearby": matched.num_nearby,
                }
                for matched in lesson.words
            ],
            "lookups": [[one.word, one.step, one.attempt] for one in lesson.lookups],
            "left_out": lesson.left_out,
            "vocabulary": lesson.vocabulary,
            "vocab_size": lesson.vocab_size,
            "others": others,
            "words": labels("wordpiece"),
            "stepper": labels("stepper"),
        },
        on_step_change=on_step,
    )
