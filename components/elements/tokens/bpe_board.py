"""BPE merge by merge: words, pair counts, vocabulary and curves, all stepped in the browser."""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from components.elements.mount import element
from components.lm.tokens.bpe import BpeTrace
from components.lm.tokens.bpe_lesson import BpeLesson
from components.words import labels

_mount = element("tokens/bpe_board")


_KEY = "bpe_board"


def bpe_board(
    lesson: BpeLesson,
    *,
    lesson_id: str,
    step: int,
    predict: bool,
    rev: str,
    runs: Sequence[tuple[str, BpeTrace]],
    active: int,
    advance: bool,
    on_step: Callable[[int], None],
    on_predict: Callable[[bool], None],
    on_pick: Callable[[int, str, str], None],
    on_run: Callable[[int], None],
    on_drop: Callable[[int], None],
) -> None:
    """Draw the board.

    Args:
        lesson: the run on screen.
        lesson_id: changes when the run does.
        step, predict: taken over by the board only when ``rev`` changed.
        rev: changes when a link or the page, not the reader's hand on the board, moved the state.
        runs: (name, run) of every kept run; drawn under each other when there are several.
        active: which of them is on screen.
        advance: after taking over ``step``, go one step on by itself (the reader has just picked that merge).
        on_step, on_predict: told the merges done on screen, and whether predict-first mode is on.
        on_pick: told step, left and right symbol of the reader's pick at a tie.
        on_run, on_drop: told the index of the kept run to show, or to forget.
    """
    words = labels("bpe")
    meta = {
        "lesson": lesson_id,
        "step": step,
        "predict": predict,
        "rev": rev,
        "words": words,
        "stepper": labels("stepper"),
        "pictures": [words["picture_step"], words["picture_curve"]],
        "runs": [
            {"name": name, "merged": trace.merged_symbols, "tokens": trace.curve.corpus_tokens[-1]}
            for name, trace in runs
        ]
        if len(runs) > 1
        else [],
        "active": active,
        "advance": advance,
    }
    head = json.dumps(meta, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    head += b" " * (-(len(head) + 4) % 8)

    def took(name: str) -> Any:
        return st.session_state[_KEY].get(name)

    def step_changed() -> None:
        value = took("step")
        if value and value[2] == rev:  # else older than what Python moved
            on_step(int(value[0]))

    def picked() -> None:
        value = took("pick")
        if value:
            on_pick(int(value["step"]), str(value["left"]), str(value["right"]))

    def told(name: str, tell: Callable[[Any], None]) -> Callable[[], None]:
        def changed() -> None:
            value = took(name)
            if value:
                tell(value[0])

        return changed

    _mount(
        key=_KEY,
        data=struct.pack("<I", len(head)) + head + lesson.packed,
        on_step_change=step_changed,
        on_predict_change=told("predict", lambda on: on_predict(bool(on))),
        on_pick_change=picked,
        on_run_change=told("run", lambda index: on_run(int(index))),
        on_drop_change=told("drop", lambda index: on_drop(int(index))),
    )
