"""What the pages that train a tokenizer on words share: where the words come from, the training, problems in words."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.lm import checkpoints
from components.lm.tokens.bpe import END_OF_WORD, MAX_MERGES, BpeSettings, Pair
from components.lm.tokens.bpe_lesson import BpeLesson, LessonTrainer
from components.lm.tokens.words import (
    InputProblem,
    Problem,
    WordTable,
    check_word_table,
    count_words,
    to_letters,
)
from components.shell import links
from components.shell.background import Work, Works
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.tokens.tokenizer_files import TokenizerFile


_SAMPLES = Path(__file__).parents[3] / "assets" / "samples"


# A run on the largest text with 2,000 merges holds some 8 MB; samples and typed tables hold next to nothing.
@st.cache_resource(show_spinner=False)
def trainings() -> Works:
    """Return the tokenizer trainings that all sessions share."""
    return Works(keep=24)


# The longest sample: 3 kB.
@shared
def sample_text(name: str) -> str:
    """Return a text written for this course (``assets/samples``)."""
    return (_SAMPLES / f"{name}.txt").read_text(encoding="utf-8")


# A word each.
@shared
def tokenizer_kind(name: str, revision: str) -> str | None:
    """Return what kind of tokenizer a model has, by its files alone; None where they do not say it."""
    from components.lm.tokens.tokenizer_files import kind_of

    store = checkpoints.store()
    return kind_of(store.tokenizer_folder(store.parse_name(name)))


# A vocabulary of 30,000 pieces as the library holds it: some 15 MB.
@st.cache_resource(max_entries=12, show_spinner=False)
def tokenizer_file(name: str, revision: str) -> "TokenizerFile":
    """Return a model's tokenizer, read from its files without torch.

    Raises:
        NoTokenizer: its folder holds none that can be read.
    """
    from components.lm.tokens.tokenizer_files import read_tokenizer

    store = checkpoints.store()
    return read_tokenizer(store.tokenizer_folder(store.parse_name(name)))


TOY: list[list[Any]] = [["low", 5], ["lower", 2], ["newest", 6], ["widest", 3]]
"""The words of the course."""


SAMPLES = {
    "tale_en": ("tale_en", "syllables", 200),
    "story_ko": ("story_ko", "syllables", 100),
    "story_ko_jamo": ("story_ko", "jamo", 300),
    "tongue_twister_en": ("tongue_twister_en", "syllables", 60),
    "tongue_twister_ko": ("tongue_twister_ko", "syllables", 40),
}
"""Source -> sample file, letters that Korean is cut into, merges to begin with."""


SOURCES = ("table", *SAMPLES, "text")


RULES = ("first", "smallest", "largest", "lowest_ids", "choose")


MOST_RUNS = 6


PATIENCE = 1.0
"""Seconds a reader waits before the training shows its progress."""


Picks = tuple[tuple[int, Pair], ...]


TRAINING = (
    links.Choice("bpe_source", SOURCES, "table", example="table"),
    links.Json("bpe_words", TOY, example=[["low", 3], ["lot", 3]]),
    links.Text("bpe_text", "", max_chars=400_000),
    links.Integer("num_merges", 1, MAX_MERGES, 10),
    links.Choice("tie_rule", RULES, "first"),
    links.Flag("end_of_word"),
    links.Choice("end_mark_place", ("symbol", "suffix"), "symbol", example="symbol"),
)
"""What a training depends on; the pages share it, so the words follow the reader."""


KOREAN = {"bpe_source": "story_ko", "num_merges": SAMPLES["story_ko"][2]}
"""What these pages begin with in Korean."""


RUNS = (
    links.Json("runs", [[]], example=[[], [[2, "lo", "w"]]]),
    links.Integer("run", 0, MOST_RUNS - 1, 0, example=1),
)


def rows(value: object) -> list[tuple[Any, Any]]:
    """Return the rows of the word table; what is no table has no rows."""
    if not isinstance(value, list):
        return []
    return [
        (row[0], row[1]) if isinstance(row, list | tuple) and len(row) == 2 else (row, None) for row in value
    ]


def wrong_rows(given: list[tuple[Any, Any]]) -> list[int]:
    """Return the numbers (from 1) of the rows of the table that cannot be used."""
    try:
        check_word_table(given)
    except InputProblem as found:
        return [int(problem.params["row"]) for problem in found.problems if "row" in problem.params]
    return []


def word_table(source: str, words: object, text: str) -> WordTable:
    """Return the words of a source.

    Raises:
        InputProblem: they cannot be trained on.
    """
    if source == "table":
        return check_word_table(rows(words))
    if source == "text":
        return count_words(text)
    name, letter_form, _ = SAMPLES[source]
    return count_words(sample_text(name), letter_form=letter_form, lowercase=True)  # type: ignore[arg-type]


def kept_runs() -> list[Picks]:
    """Return the picks of every kept run; the first run is the one without, or with the reader's first, picks."""
    value = st.session_state["runs"]
    runs: list[Picks] = []
    for run in value if isinstance(value, list) else []:
        good = (
            [p for p in run if isinstance(p, list | tuple) and len(p) == 3]
            if isinstance(run, list | tuple)
            else []
        )
        picks = {int(p[0]): (str(p[1]), str(p[2])) for p in good if isinstance(p[0], int) and p[0] > 0}
        runs.append(tuple(sorted(picks.items())))
    return runs[:MOST_RUNS] or [()]


def settings(picks: Picks = ()) -> BpeSettings:
    """Return the settings of a run with these picks."""
    state = st.session_state
    rule = state["tie_rule"]
    return BpeSettings(
        num_merges=state["num_merges"],
        tie_rule=rule,
        end_of_word=END_OF_WORD if state["end_of_word"] else None,
        end_mark_place=state["end_mark_place"],
        choices=picks,
        wait_for_choice=rule == "choose",
    )


def training_key(picks: Picks = ()) -> tuple[Any, ...]:
    """Return what identifies a run. A pasted text is private to its session, as is its stop button."""
    state = st.session_state
    source = state["bpe_source"]
    words: Any = None
    if source == "table":
        words = repr(state["bpe_words"])
    elif source == "text":
        words = (state.setdefault("_session", object()), state["bpe_text"])
    return ("bpe", source, words, settings(picks))


def train(picks: Picks = ()) -> BpeLesson | None:
    """Return the run, or None while it is still being trained; then its progress stands in its place.

    Raises:
        InputProblem: the words or the picks do not fit.
    """
    state, chosen = st.session_state, settings(picks)
    source, words, text = state["bpe_source"], state["bpe_words"], state["bpe_text"]
    key = training_key(picks)

    def do(work: Work) -> tuple[BpeLesson, int]:
        table = word_table(source, words, text)
        trainer = LessonTrainer(table, chosen)
        lesson = trainer.lesson(
            lambda done: work.tell(done.merges / max(done.num_merges, 1), done), work.should_stop
        )
        _ = lesson.packed  # while still in the background
        return lesson, table.controls_removed

    work = trainings().start(key, do)
    if not work.ends_in(PATIENCE):
        show_progress("bpe", work, num_merges=chosen.num_merges)
        return None
    result: tuple[BpeLesson, int] = work.result()
    lesson, state["_bpe_controls"] = result
    return lesson


def table_edited() -> None:
    """The typed table changed; the step stays where it is."""
    rules_changed()


def words_changed() -> bool:
    """The words are others now: begin at the start, forget kept runs, suggest a number of merges.

    False when the reader's own text is chosen and there is none yet: the words stay, and the dialog for a text opens.
    """
    state = st.session_state
    if state["bpe_source"] == "text" and not state["bpe_text"].strip():
        state["bpe_source"] = state.get("_bpe_source", "table")
        state["_bpe_ask_text"] = True
        return False
    state["num_merges"] = SAMPLES[state["bpe_source"]][2] if state["bpe_source"] in SAMPLES else 10
    if state["bpe_source"] == "text":
        state["num_merges"] = 200
    state["bpe_step"] = state["encode_step"] = 0
    rules_changed()
    return True


def rules_changed() -> None:
    """Another rule or mark: picks at ties no longer fit."""
    st.session_state["runs"], st.session_state["run"] = [[]], 0
    st.session_state["_bpe_advance"] = False
    links.moved()


def use_text(text: str) -> None:
    """Train on a text of the reader's."""
    st.session_state["bpe_text"], st.session_state["bpe_source"] = text, "text"
    words_changed()


def hold_runs(runs: Sequence[Picks], active: int, step: int) -> None:
    """Put these runs, the one on screen and its step into the state of the page."""
    state = st.session_state
    state["runs"] = [[[at, *pair] for at, pair in picks] for picks in runs]
    state["run"] = max(0, min(active, len(runs) - 1))
    state["bpe_step"] = step
    state["_bpe_advance"] = False
    links.moved()


def problem_text(problem: Problem) -> str:
    """Return one sentence about what is wrong with an input (``[problems]``)."""
    params = {"row": "–", "word": "", "count": ""} | {
        k: f"{v:,}" if isinstance(v, int) else v for k, v in problem.params.items()
    }
    return told("problems", problem.code, **params)


def show_problems(found: InputProblem) -> None:
    """Say what is wrong with the words; at most five lines."""
    lines = [problem_text(problem) for problem in found.problems[:5]]
    if len(found.problems) > 5:
        lines.append(told("problems", "more", n=len(found.problems) - 5))
    st.warning("  \n".join(lines), icon=":material/edit:")


def run_on_screen() -> BpeLesson | None:
    """Return the run to show, or None while it is being trained.

    When the words cannot be trained on, say why and return the last run that could, so that the picture stays.
    """
    state = st.session_state
    runs = kept_runs()
    state["run"] = min(state["run"], len(runs) - 1)
    try:
        lesson = train(runs[state["run"]])
    except InputProblem as found:
        if found.code == "choice_not_tied":  # picks of a link that was changed by hand
            hold_runs([()], 0, state["bpe_step"])
            st.warning(problem_text(found.problems[0]))
            lesson = train()
        else:
            show_problems(found)
            last = state.get("_bpe_last")
            if last is not None:
                st.caption(t("bpe", "last_words"))
            return last
    if lesson is not None:
        state["_bpe_last"] = lesson
        if state["_bpe_controls"]:
            st.caption(told("bpe", "controls_removed", n=state["_bpe_controls"]))
    return lesson


def lesson_id(lesson: BpeLesson) -> str:
    """Return a name of the run that changes when the run does."""
    trace = lesson.trace
    return f"{hash((trace.words, trace.counts, trace.settings)):x}-{trace.num_steps}"


def revision() -> str:
    """Return what changes when the board must give up its own step."""
    return str(links.revision())


def source_name() -> str:
    """Return what the words are called in captions and files."""
    return t("bpe", f"source_{st.session_state['bpe_source']}")


def words_key() -> Hashable:
    """Return what identifies the page's words; a pasted text is private to its session."""
    state = st.session_state
    source = state["bpe_source"]
    if source == "table":
        return source, repr(state["bpe_words"])
    if source == "text":
        return source, state.setdefault("_session", object()), state["bpe_text"]
    return str(source)


@st.fragment(run_every=0.3)
def show_progress(name: str, work: Work, *, num_merges: int | None = None) -> None:
    """How far a training is, and how to stop it; in merges where their number is given, else as a share."""
    if work.wait(0):
        links.run_again()
    left = work.seconds_left()
    if num_merges is None:
        text = t("wordpiece", "training", percent=f"{work.fraction:.0%}")
    else:
        done = work.detail.merges if work.detail else 0
        text = t("bpe", "training", done=f"{done:,}", all=f"{num_merges:,}")
    if left is not None and left >= 1:
        text += " " + t("bpe", "training_left", seconds=round(left))
    with st.container(height=420, border=True, vertical_alignment="center"):
        st.progress(work.fraction, text=text)
        st.button(
            t("bpe", "training_stop"), key=f"{name}_stop", on_click=work.stop, icon=":material/stop_circle:"
        )


def in_letters(text: str) -> str:
    """Return a text in the letters of the training words: jamo where they are jamo, small letters for samples."""
    text = str(text).encode("utf-8", "replace").decode("utf-8")
    source = st.session_state["bpe_source"]
    if source in SAMPLES:
        text = to_letters(text.lower(), SAMPLES[source][1])  # type: ignore[arg-type]
    return text
