"""What stands below the board: every run at once, labels of the reader's own, and GLUE's published scores."""

from __future__ import annotations

import streamlit as st

from components.elements.fine_tuning.label_board import label_board, labelled
from components.elements.fine_tuning.tasks_board import TasksView, tasks_board
from components.lessons import live, tuned
from components.lessons.fine_tuning import tasks as page
from components.lessons.fine_tuning import tasks_live
from components.lessons.fine_tuning.live_pair import Asked, Both, asked, take_home
from components.lessons.fine_tuning.said import percent, said_score
from components.lessons.fine_tuning.tasks_live import Labels, Pair
from components.lessons.known_language import say_if_foreign
from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import SIZES, TASKS, WAYS
from components.lm.fine_tuning.sentences import TAGS
from components.shell import links
from components.shell.held import held
from components.shell.layout import example_button, note_line, open_panel, small_table, working
from components.shell.loading import load_model
from components.shell.navigation import lessons
from components.words import literal, t, told

W = page.WORDS
BOARD = "label_board"


def look_further() -> None:
    """What the reader chose below the board."""
    open_panel(W, {"all": every_run, "label": label, "own": own, "glue": glue}, key="task_look")


def every_run() -> None:
    """The end of every run of this task: sizes below each other, ways beside each other, both starts in each cell."""
    task = page.asked()[0]
    cells = []
    for size in page.sizes(task):
        row = [f"{size:,}"]
        for way in WAYS:
            mine, bare = (page.run_of(task, size, way, start) for start in (True, False))
            row.append(f"**{percent(mine['written'][-1][0])}** / {percent(bare['written'][-1][0])}")
        cells.append(row)
    small_table([t(W, "col_size"), *(t(W, f"way_{way}") for way in WAYS)], cells)
    st.caption(
        told(
            W,
            "all_caption",
            name=t("tasks_board", f"score_{task}"),
            guess=percent(page.recorded()[page.model()]["guessing"][task]),
        )
    )
    small_table(
        [t(W, "col_way"), t(W, "col_trained"), t(W, "col_seconds")],
        [
            [
                t(W, f"way_{way}"),
                f"{run['trained']:,} / {run['of']:,} ({100 * run['trained'] / run['of']:.2f}%)",
                f"{run['seconds']:.1f}",
            ]
            for way in WAYS
            for run in (page.run_of(task, SIZES[1], way, True),)
        ],
    )
    whole, lora = (page.run_of(task, SIZES[1], way, True) for way in ("full", "lora"))
    st.markdown(
        told(
            W,
            "all_text",
            share=f"{100 * lora['trained'] / lora['of']:.1f}%",
            time=f"{100 * lora['seconds'] / whole['seconds']:.0f}%",
            tasks=len(TASKS),
        )
    )


# -- labels of one's own ---------------------------------------------------------------------------------------------------


def _lengths() -> list[int]:
    return [len(s.words) for s in tasks_live.sentences()]


def _labels() -> list[list[int]]:
    return tasks_live.read_labels(st.session_state["task_labels"] or "", _lengths())


def _took() -> None:
    state = st.session_state.get(BOARD)
    words = [s.words for s in tasks_live.sentences()]
    found = labelled(state.get("view") if state else None, words, len(TAGS), links.revision())
    if found is not None:
        links.put("task_labels", tasks_live.write_labels(found))


def _wanted() -> Asked[Labels]:
    """Return what the link asks to train."""
    labels = tasks_live.write_labels(_labels())
    return asked(st.session_state["task_live_model"], Labels(labels, links.number("task_live_seed")))


def label() -> None:
    """Twenty sentences to label, and what these labels teach."""
    st.markdown(told(W, "label_text", n=tasks_live.COUNT))
    lines = tasks_live.sentences()
    found = _labels()
    label_board([s.words for s in lines], found, TAGS, rev=links.revision(), key=BOARD, on_view=_took)
    gold = tasks_live.write_labels([[TAGS.index(tag) for tag in s.tags] for s in lines])
    row = st.columns([2, 2.2, 1.3, 3], vertical_alignment="bottom")
    with row[0]:
        example_button(t(W, "label_ours"), {**links.current(), "task_labels": gold}, key="label_ours")
    held(row[1]).segmented_control(t(W, "model"), page.LIVE_MODELS, key="task_live_model", required=True)
    held(row[2]).number_input(t(W, "live_seed"), 0, 99, key="task_live_seed")
    used = [tag for line in found for tag in line if tag]
    if not used:
        note_line(t(W, "label_none"))
        return
    if len(set(used)) == 1:
        note_line(t(W, "label_one_kind", tag=t("tasks_board", f"tag_{TAGS[used[0]]}")))
    if sum(any(line) for line in found) == 1:
        note_line(t(W, "label_one_sentence"))
    live.stand(W, _wanted, Pair, _learned, key="label")


def _learned(wanted: Asked[Labels], found: Both) -> None:
    """Both starts on the page's own board, once there are two moments to step between."""
    runs = found["runs"]
    steps = runs[0]["steps"]
    if len(steps) > 1:
        tasks_board(
            page.board((runs[0], runs[1]), "tag", wanted.model),
            TasksView(len(steps) - 1),
            identity=f"{wanted}-{len(steps)}",
            rev=0,
            key="label_result",
        )
    take_home(W, wanted, found, "tags", key="label_difference")


# -- a sentence of one's own ---------------------------------------------------------------------------------------------


def own() -> None:
    """A sentence of the reader's as both starts tag it after fifty sentences, and what they cannot know."""
    from components.lm.fine_tuning.own_sentence import MOST_WORDS, known_words, tags_of, words_of

    model = held().segmented_control(t(W, "model"), page.LIVE_MODELS, key="task_live_model", required=True)
    st.markdown(told(W, "own_text", model=model, n=SIZES[0]) + " " + t(W, "train_none"))
    text = held().text_input(t(W, "own_label"), key="task_own", help=t(W, "own_help", n=page.MOST_CHARACTERS))
    words = words_of(str(text))
    if not words:
        note_line(t(W, "own_none"))
        return
    if len(words) > MOST_WORDS:
        note_line(t(W, "own_long", n=len(words), most=MOST_WORDS))
        return
    card = checkpoints.card(str(model))
    say_if_foreign(card, str(text), offer=False)
    with working(t(W, "own_working")):
        taggers = tuned.taggers(card.name, card.revision)
        loaded = load_model(card.name, "masked_prediction")
        found = [tags_of(loaded, task, words) for task, _ in taggers]

    def line(tags: list[int]) -> str:
        return " ".join(
            f"**{literal(word)}** ({t('tasks_board', f'tag_{TAGS[tag]}')})" if tag else literal(word)
            for word, tag in zip(words, tags, strict=True)
        )

    small_table(
        [t(W, "own_start"), t(W, "own_found")],
        [[t(W, start), line(tags)] for start, tags in zip(("pretrained", "random"), found, strict=True)],
    )
    known = known_words(loaded, SIZES[0])
    seen = [word for word in words if word.lower() in known]
    scores = [said_score((one.value, one.low, one.high)) for _, one in taggers]
    st.caption(
        told(
            W,
            "own_seen" if seen else "own_unseen",
            n=page.recorded()[card.name]["written"]["tag"],
            words=", ".join(seen),
            mine=scores[0],
            bare=scores[1],
        )
    )
    st.markdown(t(W, "own_limits"))
    if model == tuned.BASE:
        _attention(str(text))


def _attention(text: str) -> None:
    """The same sentence in "Attention heads", read by the model before and after it learned to tag."""
    goal = next((lesson for lesson in lessons() if lesson.name == "bert/attention"), None)
    if goal is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t(W, "own_attention"), width="content")
        for weights in tuned.WEIGHTS:
            asked = {"text": text, "attention_model": tuned.BASE, "attention_weights": weights}
            st.page_link(
                goal.page, label=t(W, f"own_{weights}"), query_params={**links.frame_query(), **asked}
            )


# -- GLUE ------------------------------------------------------------------------------------------------------------------


def glue() -> None:
    """GLUE's published scores, shown after a guess."""
    columns = {"MNLI_m": "MNLI-(m/mm)", "QQP": "QQP", "QNLI": "QNLI", "SST2": "SST-2", "CoLA": "CoLA", "STSB": "STS-B", "MRPC": "MRPC", "RTE": "RTE"}  # fmt: skip
    sizes = {row["task"]: row["train_examples_bert_table"] for row in page.published("tasks")}
    rows = page.published("bert")
    before, after = rows[0], next(row for row in rows if row["system"] == "BERT-Large")
    gains = {name: float(after[name]) - float(before[name]) for name in columns}
    most = max(gains, key=gains.__getitem__)
    guess = st.segmented_control(t(W, "glue_guess"), list(columns), key="_glue_guess")
    if guess is None:
        st.caption(t(W, "glue_first"))
        return
    st.markdown(
        told(
            W,
            "glue_right" if guess == most else "glue_other",
            guess=guess,
            gain=f"{gains[str(guess)]:+.1f}",
            most=most,
            gain_most=f"{gains[most]:+.1f}",
            size=sizes[columns[most]],
        )
    )
    head = [t(W, "glue_system"), *columns]
    body = [[row["system"], *(row[name] for name in columns)] for row in rows]
    body.append([t(W, "glue_gain"), *(f"**{gains[name]:+.1f}**" for name in columns)])
    body.append([t(W, "glue_size"), *(sizes[name] for name in columns.values())])
    small_table(head, body)
    st.caption(t(W, "glue_text"))
