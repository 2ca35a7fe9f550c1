"""What stands around the board of "Learning from the prompt": what is set above it, and the panels below it."""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from components.elements.gpt.jump_board import JumpPanel, jump_board
from components.elements.gpt.setting_boxes import SettingBox, setting_boxes
from components.figures.shots import SETTINGS, TaskScores, shots_figure
from components.lessons.gpt import in_context as page
from components.lessons.gpt import in_context_live as live
from components.lessons.known_language import say_if_foreign
from components.lessons.probabilities import in_words
from components.lm.gpt import in_context as lm
from components.lm.gpt.word_codes import WORDS
from components.shell import links
from components.shell.held import held
from components.shell.layout import controls, is_dark, note_line, panel_choice, text_size, working
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import language, t, told

FACTS = Path(__file__).parents[3] / "assets" / "facts"
STORY_MODEL = "pocket-gpt"


def settings() -> None:
    """Draw the task, the seed of its prompts and the description; for a task of the reader's own its pairs, too."""
    with controls(above=True):
        row = st.columns([3.4, 1.1, 4], vertical_alignment="bottom")
        with row[0]:
            held().segmented_control(
                t("in_context", "task"),
                page.TASKS,
                key="icl_task",
                required=True,
                format_func=lambda task: t("in_context", f"task_{task}"),
                on_change=page.new_task,
            )
        held(row[1]).number_input(t("in_context", "seed"), 0, 9999, key="icl_seed", help=t("in_context", "seed_help"), on_change=page.new_task)  # fmt: skip
        held(row[2]).text_input(t("in_context", "description"), key="icl_description", help=t("in_context", "description_help"), placeholder=t("in_context", "description_hint"))  # fmt: skip
        if st.session_state["icl_task"] == "own":
            held().text_area(t("in_context", "own"), key="icl_own", height=80, help=t("in_context", "own_help"), on_change=page.new_task)  # fmt: skip


def look_further(use: page.InUse, found: page.Asked, made: page.Made) -> None:
    """What the reader chose below the board."""
    look = panel_choice("in_context", page.LOOKS, key="icl_look")
    if look == "nothing":
        return
    st.markdown(f"#### {t('in_context', f'{look}_title')}")
    if look == "training":
        training()
    elif look == "four":
        four(use, found, made)
    elif look == "paper":
        paper()
    else:
        story()


# -- where it comes from -------------------------------------------------------------------------------------------------


def _panels(history: Mapping[str, list[Any]], others: Sequence[Mapping[str, list[Any]]]) -> list[JumpPanel]:
    """Return the three charts of one training; ``others`` are trainings drawn thinly beside it."""
    names = page.head_names()
    flat = [[value for layer in match for value in layer] for match in history["match"]]
    heads = [[row[i] for row in flat] for i in range(len(names))]
    strongest = max(range(len(names)), key=lambda i: heads[i][-1]) if flat else 0
    w = {name: t("in_context", name) for name in ("chart_accuracy", "chart_match", "chart_loss", "series_new", "series_known", "series_loss")}  # fmt: skip
    return [
        {
            "name": "accuracy",
            "title": w["chart_accuracy"],
            "most": 1,
            "series": [
                {"name": w["series_new"], "values": history["new_shown"], "ink": 0, "strong": True},
                {"name": w["series_known"], "values": history["known_unseen"], "ink": 2, "strong": True},
            ],
            "others": [{"tokens": o["tokens"], "values": o["new_shown"], "ink": 0} for o in others],
        },
        {
            "name": "match",
            "title": w["chart_match"],
            "most": 1,
            "series": [
                {
                    "name": names[i],
                    "values": heads[i],
                    "ink": 1 if i == strongest else 3,
                    "strong": i == strongest,
                }
                for i in range(len(names))
                if flat and (i == strongest or max(heads[i]) > lm.MATCHING)
            ],
        },
        {
            "name": "loss",
            "title": w["chart_loss"],
            "most": 4,
            "series": [{"name": w["series_loss"], "values": history["loss"], "ink": 3, "strong": True}],
        },
    ]


def training() -> None:
    """The recorded trainings with the moments one can go to, and a training of the reader's own."""
    runs = lm.recorded()["runs"]
    row = st.columns([3, 2], vertical_alignment="bottom")
    with row[0]:
        held().segmented_control(
            t("in_context", "run"),
            range(len(runs)),
            key="icl_run",
            required=True,
            format_func=lambda i: t("in_context", "run_option", seed=runs[i]["seed"]),
            help=t("in_context", "run_help"),
        )
    number = min(st.session_state["icl_run"] or 0, len(runs) - 1)
    run = runs[number]
    shipped = number == 0
    jump_board(
        {
            "tokens": run["history"]["tokens"],
            "span": [n for n in runs[0]["history"]["tokens"] if n],
            "panels": _panels(run["history"], [o["history"] for o in runs if o is not run]),
            "moments": [{"tokens": m["tokens"]} for m in page.moments()] if shipped else [],
            "picture": "in-context-training",
            "lang": language(),
            "words": page.element_words(),
        },
        st.session_state["icl_moment"],
        rev=links.revision(),
        key=page.JUMP,
        on_view=page.took_moment,
    )
    jumps = [r["jump_tokens"] for r in runs]
    off = run["off"]
    said = [
        told(
            "in_context",
            "training_moments" if shipped else "training_other",
            weights=run["weights_sha256"][:10],
        ),
        told(
            "in_context",
            "training_jump",
            n=sum(j is not None for j in jumps),
            of=len(jumps),
            low=f"{min(j for j in jumps if j):,}",
            high=f"{max(j for j in jumps if j):,}",
        ),
        told(
            "in_context",
            "training_heads" if run["finished"] else "training_early",
            tokens=f"{run['history']['tokens'][-1]:,}",
            heads=", ".join(run["matching"]),
            new=f"{off['matching']['new_shown']:.2f}",
            known=f"{off['matching']['known_unseen']:.2f}",
            known_before=f"{off['none']['known_unseen']:.2f}",
        ),
        told(
            "in_context",
            "training_back",
            first=f"{off['0.0']['new_shown']:.2f}",
            second=f"{off['0.1']['new_shown']:.2f}",
        ),
        *_idle(run),
        t("in_context", "training_start"),
    ]
    st.markdown("\n".join(f"- {line}" for line in said))
    train_now()


def _idle(run: dict[str, Any]) -> list[str]:
    """Return a line about a matching head that can be off without effect, if this run has one."""
    idle = [name for name in run["matching"] if run["off"][name]["new_shown"] > 0.9]
    if not idle:
        return []
    layer, head = (int(part) for part in idle[0].split("."))
    left = run["off"][idle[0]]["new_shown"]
    return [
        told(
            "in_context",
            "training_idle",
            head=idle[0],
            match=f"{run['match'][layer][head]:.2f}",
            new=f"{left:.2f}",
        )
    ]


def train_now() -> None:
    """Start, stop, go on; what the server already has of this seed is there at once."""
    st.markdown(f"##### {t('in_context', 'train_title')}")
    st.markdown(told("in_context", "train_text", tokens=f"{live.UNTIL_TOKENS:,}"))
    running = (run := live.runs().get(_seed())) is not None and run.running
    st.fragment(_training_row, run_every=0.5 if running else None)()


def _seed() -> int:
    value = st.session_state["icl_live_seed"]
    return int(value) if value is not None else 0


def _start() -> None:
    live.runs().start(_seed())


def _stop() -> None:
    live.runs().stop(_seed())


def _use(on: bool) -> None:
    links.put("icl_live", on)
    links.moved()
    _whole_page()


def _whole_page() -> None:
    """Callback: what was changed in the row below moves the board above and the link."""
    st.session_state["_icl_whole"] = True


def _training_row() -> None:
    """The controls and the curve of the training in progress; drawn again while it runs."""
    seed = _seed()
    run = live.runs().get(seed)
    running = run is not None and run.running
    before = st.session_state.get("_icl_running", False)
    st.session_state["_icl_running"] = running
    if st.session_state.pop("_icl_whole", False) or before != running:
        links.run_again()
    row = st.columns([1.2, 1.6, 1.8, 4], vertical_alignment="bottom")
    held(row[0]).number_input(t("in_context", "live_seed"), 0, live.MOST_SEED, key="icl_live_seed", disabled=running, on_change=_whole_page, help=t("in_context", "live_seed_help"))  # fmt: skip
    if running:
        row[1].button(t("in_context", "train_stop"), key="icl_stop", on_click=_stop, icon=":material/stop_circle:", width="stretch")  # fmt: skip
    else:
        word = (
            "train_start" if run is None or not run.tokens else "train_done" if run.finished else "train_more"
        )
        row[1].button(
            t("in_context", word),
            key="icl_start",
            on_click=_start,
            icon=":material/model_training:",
            type="primary",
            disabled=run is not None and run.finished,
            width="stretch",
        )
    used = st.session_state["icl_live"] and page.in_use().live_seed == seed
    row[2].button(
        t("in_context", "live_back" if used else "live_use"),
        key="icl_use",
        on_click=_use,
        args=(not used,),
        disabled=running or run is None or not run.history["tokens"],
        width="stretch",
    )
    with row[3]:
        if run is None:
            st.caption(told("in_context", "train_none", seed=seed))
            return
        text = told("in_context", "train_state", tokens=f"{run.tokens:,}", seconds=f"{run.seconds:.1f}")
        st.progress(min(1.0, run.tokens / live.UNTIL_TOKENS), text=text)
    history = {name: list(values) for name, values in run.history.items()}
    jump_board(
        {
            "tokens": history["tokens"],
            "span": [20_000, live.UNTIL_TOKENS],
            "panels": _panels(history, []),
            "moments": [],
            "picture": "in-context-live",
            "lang": language(),
            "words": page.element_words(),
        },
        0,
        rev=links.revision(),
        key="jump_live",
    )
    if not running and run.work is not None:
        try:
            run.work.result()
        except Exception as error:  # told in its place; the rest of the page stays
            st.error(told("layout", "page_failed", error=f"{type(error).__name__}: {error}"))


# -- four settings -------------------------------------------------------------------------------------------------------


def four(use: page.InUse, found: page.Asked, made: page.Made) -> None:
    """The course's four boxes, each with numbers of this model."""
    if found.task == "own":
        found = page.drawn("new", st.session_state["icl_seed"] or 0)
    with working(t("in_context", "tuning")):
        done = page.tuned(use, found)
    word, answer = next((w, a) for w, a in found.questions if a is not None)
    before = done["digests"][0]

    def prompt(count: int) -> str:
        lines = [f"{WORDS[a]} -> {WORDS[b]} ;" for a, b in found.pairs[: min(count, 3)]]
        more = [f"… ({count} {t('in_context', 'pairs')})"] if count > 3 else []
        return "\n".join([*lines, *more, f"{WORDS[word]} -> ?"])

    def at(kind: str, k: int) -> str:
        counts = made["plain"][kind]
        right = counts["shown_right"][k] + counts["unseen_right"][k]
        total = counts["shown_total"][k] + counts["unseen_total"][k]
        return f"{right / total:.0%} ({right}/{total})"

    boxes: list[SettingBox] = []
    for name, k in (("zero_shot", 0), ("one_shot", 1), ("few_shot", 8), ("fine_tuning", None)):
        tuned = k is None
        numbers = (
            [
                (t("in_context", "tuned_code", steps=done["steps"]), f"{done['right'][0]} → {done['right'][1]} / {done['words']}"),
                (t("in_context", "tuned_known"), f"{done['known'][0]:.0%} → {done['known'][1]:.0%}"),
            ]
            if k is None
            else [(t("in_context", "number_new", k=k), at("new", k)), (t("in_context", "number_known", k=k), at("known", k))]
        )  # fmt: skip
        boxes.append(
            {
                "name": name,
                "title": t("in_context", name),
                "given": t("in_context", f"{name}_given"),
                "prompt": f"{WORDS[word]} -> {WORDS[answer or 0]}\n… ({done['words']} {t('in_context', 'pairs')}, "
                f"{done['steps']} {t('in_context', 'steps')})"
                if tuned
                else prompt(k or 0),
                "changes": tuned,
                "before": before,
                "after": done["digests"][1] if tuned else before,
                "pros": t("in_context", f"{name}_pros").split("|"),
                "cons": t("in_context", f"{name}_cons").split("|"),
                "numbers": numbers,
            }
        )
    setting_boxes(boxes, words=page.element_words(), key="setting_boxes")
    st.caption(t("in_context", "four_text"))


# -- GPT-3's published scores ---------------------------------------------------------------------------------------------


@cache
def published() -> tuple[TaskScores, ...]:
    """GPT-3's accuracy with no, one and a few demonstrations, for every task that the paper gives so (and SuperGLUE)."""
    with (FACTS / "gpt3_results.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] in ("accuracy", "average")]
    found = []
    for task in dict.fromkeys(
        row["task"] for row in rows if row["paper_table"] != "3.8" or row["task"] == "SuperGLUE"
    ):
        own = [row for row in rows if row["task"] == task]
        scores: dict[str, float | None] = {
            setting: next(
                (float(r["value"]) for r in own if r["setting"].startswith(f"GPT-3 {setting}-shot")), None
            )
            for setting in SETTINGS
        }
        others = [row for row in own if not row["setting"].startswith("GPT-3")]
        best = max(others, key=lambda row: float(row["value"]), default=None)
        found.append(
            TaskScores(task, scores, float(best["value"]) if best else None, best["setting"] if best else "")
        )
    return tuple(found)


def paper() -> None:
    """GPT-3's scores, labelled as the paper's."""
    names = {setting: t("in_context", f"{setting}_shot") for setting in SETTINGS} | {"best": t("in_context", "paper_best")}  # fmt: skip
    figure = shots_figure(
        published(), names=names, x_title=t("in_context", "paper_axis"), dark=is_dark(), size=text_size()
    )
    st.plotly_chart(figure, key="shots", theme=None, config={"displayModeBar": False})
    st.markdown(t("in_context", "paper_text"))


# -- a name in a story ----------------------------------------------------------------------------------------------------


# One row of scores each.
@shared
def _named(revision: str, name: str, story: int) -> list[tuple[str, float, int, list[tuple[str, float]]]]:
    from components.lm.gpt import story_names as lm_names

    loaded = load_model(STORY_MODEL, "generation")
    told, plain = lm_names.STORIES[story].format(name=name), lm_names.UNNAMED[story]
    heads = _induction(revision)
    found = []
    for way, text, off in (("as_told", told, ()), ("unnamed", plain, ()), ("heads_off", told, heads)):
        score = lm_names.score_name(loaded, text, name, off)
        found.append((way, score.prob, score.rank, list(score.top)))
    return found


# Two numbers for each head found.
@st.cache_data(max_entries=4, show_spinner=False)
def _induction(revision: str) -> tuple[tuple[int, int], ...]:
    from components.lm.gpt.story_names import induction_heads

    return induction_heads(load_model(STORY_MODEL, "generation"))


# A dozen numbers and the heads found.
@st.cache_data(max_entries=4, show_spinner=False)
def _studied(revision: str) -> tuple[Any, dict[int, int]]:
    from components.lm.gpt.story_names import few_shot_copies, study_names

    loaded = load_model(STORY_MODEL, "generation")
    return study_names(loaded), few_shot_copies(loaded)


def story() -> None:
    """pocket-gpt copies a name from its prompt, and cannot do a list of pairs."""
    from components.lm import checkpoints
    from components.lm.gpt.story_names import NUM_HEADS_OFF, NUM_QUESTIONS, SHOTS, STORIES

    row = st.columns([1.4, 4], vertical_alignment="bottom")
    held(row[0]).text_input(t("in_context", "name"), key="icl_name", max_chars=40)
    with row[1]:
        held().segmented_control(t("in_context", "story"), range(len(STORIES)), key="icl_story", required=True, format_func=lambda i: t("in_context", "story_option", n=i + 1))  # fmt: skip
    name = " ".join((st.session_state["icl_name"] or "").split())
    number = st.session_state["icl_story"] or 0
    if not name:
        note_line(t("in_context", "name_empty"))
        return
    say_if_foreign(checkpoints.card(STORY_MODEL), name, offer=False)
    revision = checkpoints.card(STORY_MODEL).revision
    try:
        with working(t("in_context", "story_working")):
            found = _named(revision, name, number)
    except ValueError:
        st.error(t("in_context", "name_nothing"))
        return
    st.html(f'<p class="gb-aid">{html.escape(STORIES[number].format(name=name))} <b>▢</b></p>')
    lines = []
    for way, prob, rank, top in found:
        shown = "".join(f'<span class="gb-cell"><b class="gb-mono">{html.escape(word.strip() or "·")}</b>{p:.3f}</span>' for word, p in top[:5])  # fmt: skip
        lines.append(
            f"<tr><th scope='row'>{html.escape(t('in_context', f'way_{way}'))}</th>"
            f'<td><span class="gb-fill" style="width:{100 * prob:.1f}%"></span><span class="gb-value gb-mono">{in_words(prob)}</span></td>'
            f'<td class="gb-mono">{rank}</td><td><span class="gb-cells">{shown}</span></td></tr>'
        )
    head = "".join(f"<th scope='col'>{html.escape(t('in_context', key, name=name))}</th>" for key in ("way", "way_prob", "way_rank", "way_top"))  # fmt: skip
    st.html(f'<table class="gb-table"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>')
    heads = ", ".join(f"{layer}.{head}" for layer, head in _induction(revision))
    st.caption(told("in_context", "story_caption", model=STORY_MODEL, revision=revision.removeprefix("sha256:")[:10], n=NUM_HEADS_OFF, heads=heads))  # fmt: skip
    if st.session_state.get("_icl_study") != revision:
        st.button(t("in_context", "study_button"), key="icl_study", on_click=lambda: st.session_state.update(_icl_study=revision))  # fmt: skip
        return
    with working(t("in_context", "study_working")):
        study, copies = _studied(revision)
    st.markdown(
        told(
            "in_context",
            "study_text",
            n=study.count,
            first=f"{study.first[0]:.0%}",
            prob=f"{study.probs[0]:.3f}",
            unnamed=f"{study.probs[1]:.4f}",
            off_first=f"{study.first[2]:.0%}",
            off=f"{study.probs[2]:.3f}",
        )
    )
    st.markdown(
        told(
            "in_context",
            "copies_text",
            model=STORY_MODEL,
            n=NUM_QUESTIONS,
            scores=", ".join(f"k = {k}: {copies[k]}" for k in SHOTS),
        )
    )
