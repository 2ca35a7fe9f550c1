"""State and data of the page "BPE, merge by merge": the board and its kept runs; words and training are in ``word_training``."""

from typing import Any

import streamlit as st

from components.lessons.tokens.word_training import (
    MOST_RUNS,
    RUNS,
    Picks,
    hold_runs,
    kept_runs,
    revision,
    source_name,
    train,
    training_key,
    trainings,
)
from components.lm.tokens.bpe import MAX_MERGES, BpeTrace
from components.lm.tokens.bpe_lesson import BpeLesson
from components.shell import links
from components.shell.layout import Export
from components.words import t

BOARD = (
    links.Integer("bpe_step", 0, MAX_MERGES, 0),
    links.Flag("predict"),
    *RUNS,
)


# Callbacks: what the reader changed.


def stepped(step: int) -> None:
    """The board moved."""
    st.session_state["bpe_step"] = step


def predicted(on: bool) -> None:
    """The board's predict-first mode was switched."""
    st.session_state["predict"] = on


def picked(step: int, left: str, right: str) -> None:
    """A pick at a tie: go on with it. The run so far is kept, unless it was waiting for exactly this pick."""
    state = st.session_state
    runs, active = kept_runs(), min(state["run"], len(kept_runs()) - 1)
    new: Picks = (*(pick for pick in runs[active] if pick[0] < step), (step, (left, right)))
    waited = state["tie_rule"] == "choose" and all(pick[0] < step for pick in runs[active])
    if new in runs:
        active = runs.index(new)
    elif waited:
        runs[active] = new
    else:
        if len(runs) == MOST_RUNS:
            del runs[1 if active != 1 else 2]
        runs.append(new)
        active = len(runs) - 1
    hold_runs(runs, active, step - 1)
    state["_bpe_advance"] = True


def show_run(index: int) -> None:
    """Show another of the kept runs, at the same step."""
    hold_runs(kept_runs(), index, st.session_state["bpe_step"])


def drop_run(index: int) -> None:
    """Forget a kept run."""
    runs, active = kept_runs(), st.session_state["run"]
    if 0 < index < len(runs):
        del runs[index]
        active = 0 if active == index else active - (active > index)
    hold_runs(runs, active, st.session_state["bpe_step"])


def run_name(picks: Picks) -> str:
    """Return what a run is called: its rule, or its picks."""
    rule = t("bpe", f"rule_name_{st.session_state['tie_rule']}")
    if not picks:
        return rule
    shown = " · ".join(
        t("bpe", "run_pick", step=step, left=pair[0], right=pair[1]) for step, pair in picks[:3]
    )
    return shown + (" …" if len(picks) > 3 else "")


# In words.


def step_to_take_over() -> int:
    """Return the step of the last revision. It stays the same while the board steps by itself, so that the data
    sent to the board stays the same, too, and does not travel again."""
    state = st.session_state
    taken = state.get("_bpe_taken")
    if taken is None or taken[0] != revision():
        taken = state["_bpe_taken"] = (revision(), state["bpe_step"], state["predict"])
    return int(taken[1])


def predict_to_take_over() -> bool:
    """Return the predict-first mode of the last revision; see :func:`step_to_take_over`."""
    step_to_take_over()
    return bool(st.session_state["_bpe_taken"][2])


def runs_on_screen() -> list[tuple[str, BpeTrace]]:
    """Return name and run of everything kept, when there is more than one."""
    runs = kept_runs()
    if len(runs) < 2:
        return []
    found = []
    for picks in runs:
        lesson = train(picks)
        if lesson is None:
            return []
        found.append((run_name(picks), lesson.trace))
    return found


def caption(lesson: BpeLesson) -> str:
    """Return the line under the board: everything the picture depends on."""
    trace, state = lesson.trace, st.session_state
    mark = t("bpe", "caption_mark" if trace.settings.end_of_word else "caption_no_mark")
    return t(
        "bpe",
        "caption",
        source=source_name(),
        words=f"{len(trace.words):,}",
        running=f"{sum(trace.counts):,}",
        rule=run_name(kept_runs()[state["run"]]),
        mark=mark,
        step=f"{state['bpe_step']:,}",
        last=f"{trace.num_steps:,}",
    )


def fewer_merges(lesson: BpeLesson) -> str | None:
    """Return a sentence when the words allow fewer merges than were asked for."""
    trace = lesson.trace
    if trace.stop_reason != "no_pairs":
        return None
    return t("bpe", "fewer_merges", asked=f"{trace.settings.num_merges:,}", made=f"{trace.num_steps:,}")


def stopped_early(lesson: BpeLesson) -> None:
    """Offer to go on with a run that the reader stopped."""
    if lesson.trace.stop_reason == "stopped":
        key = training_key(kept_runs()[st.session_state["run"]])
        st.button(t("bpe", "train_on"), key="bpe_train_on", on_click=lambda: trainings().forget(key))


def merge_rows(trace: BpeTrace) -> list[dict[str, Any]]:
    """Return every merge as a row."""
    return [
        {
            "step": step.step,
            "left": step.pair[0],
            "right": step.pair[1],
            "merged": step.merged,
            "count": step.count,
            "joined": step.joined,
            "tied_pairs": step.num_tied,
            "decided_by": step.decided_by,
            "vocab_size": step.vocab_size,
            "corpus_tokens": step.corpus_tokens,
            "tokens_per_word": round(step.tokens_per_word, 6),
        }
        for step in trace.steps()
    ]


def pair_rows(trace: BpeTrace, step: int) -> list[dict[str, Any]]:
    """Return every pair after ``step`` merges as a row, highest count first."""
    pairs = sorted(trace.pair_counts(step), key=lambda pair: -pair.count)
    return [
        {
            "after_step": step,
            "left": pair.pair[0],
            "right": pair.pair[1],
            "count": pair.count,
            "order_met": pair.order_met,
            "tied": int(pair.tied),
            "merged_next": int(pair.chosen),
        }
        for pair in pairs
    ]


def word_rows(trace: BpeTrace, step: int) -> list[dict[str, Any]]:
    """Return every word after ``step`` merges as a row."""
    return [
        {"after_step": step, "word": word, "count": count, "symbols": " ".join(symbols)}
        for word, count, symbols in zip(trace.words, trace.counts, trace.word_symbols(step), strict=True)
    ]


def export(lesson: BpeLesson) -> Export:
    """Return what the page gives away."""
    trace, state = lesson.trace, st.session_state
    step = state["bpe_step"]
    about = {
        "source": state["bpe_source"],
        "tie_rule": trace.settings.tie_rule,
        "end_of_word": trace.settings.end_of_word or "",
        "num_merges": trace.settings.num_merges,
        "picks": " ".join(f"{at}:{left}+{right}" for at, (left, right) in trace.settings.choices),
    }
    return Export(
        "bpe",
        caption(lesson),
        about,
        {
            "merges": lambda: merge_rows(trace),
            "pair_counts": lambda: pair_rows(trace, step),
            "words": lambda: word_rows(trace, step),
        },
        lambda: {
            "merges": merge_rows(trace),
            "words": word_rows(trace, trace.num_steps),
            "vocabulary": trace.vocabulary(trace.num_steps),
        },
    )
