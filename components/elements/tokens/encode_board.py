"""A text being encoded: whole words, tiles that snap together, and the learned merges in their order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from components.elements.mount import element
from components.lm.tokens.bpe import UNKNOWN, Pair
from components.lm.tokens.bpe_lesson import shown_symbol
from components.lm.tokens.byte_level import byte_alphabet
from components.lm.tokens.encode_lesson import EncodeLesson
from components.words import labels

_mount = element("tokens/encode_board")
_KEY = "encode_board"
ALL_MERGES = 30
"""Runs up to this long show every merge in the list; longer ones the merges that fire and how many lie between."""


def encode_board(
    lesson: EncodeLesson,
    *,
    kind: str,
    hexadecimal: bool,
    model: str,
    merges: Sequence[Pair],
    end_of_word: str | None,
    num_characters: int,
    whole: Sequence[tuple[str, bool]],
    whole_size: int,
    source: str,
    unlike: str,
    identity: str,
    step: int,
    rev: str,
    on_step: Callable[[int], None],
) -> None:
    """Draw the board.

    Args:
        lesson: the text encoded.
        kind: ``letters`` or ``bytes``.
        hexadecimal: write bytes as numbers instead of their stand-ins.
        model: name of the tokenizer.
        merges: all its merges in the order learned.
        end_of_word: its end-of-word mark, if it has one.
        num_characters: characters of the text as a reader counts them.
        whole: (word, known) for a vocabulary of whole words.
        whole_size: how many words that vocabulary holds.
        source: whose words they are.
        unlike: the model whose merges were learned on another text than these words, or nothing.
        identity: changes when the text or the tokenizer does; the board then begins at step 0.
        step: taken over only when ``rev`` changed.
        rev: changes when a link, not the reader's hand on the board, moved the state.
        on_step: told the step on screen.
    """
    as_bytes = kind == "bytes"
    symbols = {symbol for word in lesson.words for symbol in word.start}
    symbols |= {symbol for one in lesson.steps for symbol in (*one.pair, one.merged)}
    listed: list[list[str]] = []
    if len(merges) <= ALL_MERGES:
        listed = [[left, right, left + right] for left, right in merges]
        symbols |= {symbol for row in listed for symbol in row}
    shown: Mapping[str, str] = {}
    if not as_bytes:
        shown = {s: seen for s in symbols if (seen := shown_symbol(s, end_of_word)) != s}

    def step_changed() -> None:
        value = st.session_state[_KEY].get("step")
        if value and value[2] == rev:  # else older than what Python moved
            on_step(int(value[0]))

    _mount(
        key=_KEY,
        data={
            "id": identity,
            "rev": rev,
            "step": step,
            "kind": kind,
            "hex": as_bytes and hexadecimal,
            "bytes": {symbol: byte for byte, symbol in enumerate(byte_alphabet())} if as_bytes else {},
            "shown": shown,
            "unknown": UNKNOWN,
            "model": model,
            "num_merges": len(merges),
            "merges": listed,
            "words": [_word(word) for word in lesson.words],
            "steps": [
                {"rank": one.rank, "pair": one.pair, "merged": one.merged, "joins": one.joins}
                for one in lesson.steps
            ],
            "characters": num_characters,
            "left_out": lesson.left_out,
            "whole": [list(entry) for entry in whole],
            "whole_size": whole_size,
            "source": source,
            "unlike": unlike,
            "words_": labels("encode"),
            "stepper": labels("stepper"),
            "picture": labels("encode")["picture"],
        },
        on_step_change=step_changed,
    )


def _word(word: Any) -> dict[str, Any]:
    return {
        "text": word.text,
        "start": word.start,
        "removed": word.removed_by,
        "ids": word.token_ids,
        "unknown": [{"index": one.index, "letter": one.letter, "reason": one.reason} for one in word.unknown],
        "characters": [[one.text, one.start, one.end] for one in word.characters],
    }
