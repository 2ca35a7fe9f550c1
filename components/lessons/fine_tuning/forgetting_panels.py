"""What stands below the plane: a model that reads on, static and adaptive learning, the families, and a training of one's own."""

from __future__ import annotations

import streamlit as st

from components.elements.fine_tuning.forgetting_plane import ForgettingView, Track, forgetting_plane
from components.lessons import live
from components.lessons.fine_tuning import forgetting as page
from components.lessons.fine_tuning.forgetting_live import Pair
from components.lessons.fine_tuning.live_pair import Asked, Both, asked, take_home
from components.lessons.fine_tuning.said import STARTS, made_with, said_score
from components.lm.fine_tuning.forgetting import METHODS, STRENGTHS, ForgettingSetting
from components.shell import links
from components.shell.held import held
from components.shell.layout import open_panel, small_table
from components.words import literal, t, told

W = page.WORDS


def look_further() -> None:
    """What the reader chose below the plane."""
    open_panel(
        W, {"reading": reading, "static": static, "families": families, "train": train}, key="forget_look"
    )


def reading() -> None:
    """How a beginning goes on while a model of stories reads encyclopedia articles."""
    kept = page.reading()
    st.markdown(told(W, "reading_text", model=kept["model"]))
    reader = held().segmented_control(
        t(W, "reading_how"),
        page.READERS,
        key="forget_reading",
        required=True,
        format_func=lambda x: t(W, f"reader_{x}"),
    )
    run = kept["runs"][page.READERS.index(str(reader))]
    small_table(
        [t(W, "col_step"), t(W, "col_stories"), t(W, "col_articles"), literal(kept["prompts"][0])],
        [
            [
                str(step),
                f"{run['stories'][k]:.2f}",
                f"{run['articles'][k]:.2f}",
                literal("…" + " ".join(run["texts"][k][0].split())),
            ]
            for k, step in enumerate(run["steps"])
        ],
        sentences=True,
    )
    st.caption(
        told(
            W,
            "reading_caption",
            **made_with(kept),
            seconds=f"{run['seconds']:.1f}",
            steps=run["steps"][-1],
        )
    )
    plain, bare = kept["runs"][0], kept["runs"][page.READERS.index("random")]
    st.markdown(
        told(
            W,
            "reading_found",
            stories=f"{plain['stories'][0]:.2f}",
            stories_after=f"{plain['stories'][-1]:.2f}",
            articles=f"{plain['articles'][0]:.2f}",
            articles_after=f"{plain['articles'][-1]:.2f}",
            bare=f"{bare['stories'][0]:.2f}",
            bare_after=f"{bare['stories'][-1]:.2f}",
        )
    )


def static() -> None:
    """Learned once and left, beside going on with what is new."""
    st.markdown(t(W, "static_text"))
    plain = page.run_of("nothing")
    moving = page.track("nothing", plain)
    moments = len(plain["steps"])
    first: Track = {
        **moving,
        "label": t(W, "static_static"),
        "note": t(W, "static_static_note"),
        "old": [moving["old"][0]] * moments,
        "new": [moving["new"][0]] * moments,
        "said_old": [moving["said_old"][0]] * moments,
        "said_new": [moving["said_new"][0]] * moments,
    }
    second: Track = {**moving, "label": t(W, "static_adaptive"), "note": t(W, "static_adaptive_note")}
    forgetting_plane(
        page.board([first, second], plain["steps"]),
        ForgettingView(moments - 1, 1),
        identity=f"static-{page.model()}",
        rev=0,
        key="forgetting_static",
    )


def families() -> None:
    """The families of remedies, which of them is on this page, and where the others come from."""
    rows = [
        [t(W, f"family_{name}"), t(W, f"family_{name}_idea"), t(W, f"family_{name}_here")]
        for name in ("replay", "regularization", "features", "adapter", "architecture", "optimization")
    ]
    small_table([t(W, "col_family"), t(W, "col_idea"), t(W, "col_here")], rows, sentences=True)
    st.markdown(t(W, "families_text"))


# -- a training of one's own ---------------------------------------------------------------------------------------------


def _wanted() -> Asked[ForgettingSetting]:
    """Return what the link asks to train."""
    s = st.session_state
    strength = page.strength(s["forget_method"], int(s["forget_live_strength"]))
    setting = ForgettingSetting(s["forget_method"], strength, seed=links.number("forget_live_seed"))
    return asked(s["forget_live_model"], setting)


def train() -> None:
    """Choose a method and its strength, and train both tasks from both starts."""
    st.markdown(t(W, "train_text"))
    offered = [name for name in page.LIVE_MODELS if name in page.recorded()]
    if len(offered) > 1:
        held().segmented_control(t(W, "model"), offered, key="forget_live_model", required=True)
    method = held().segmented_control(
        t(W, "live_method"),
        METHODS,
        key="forget_method",
        required=True,
        format_func=lambda x: t(W, f"method_{x}"),
    )
    row = st.columns([2.6, 1, 5], vertical_alignment="bottom")
    if len(STRENGTHS[method]) > 1:
        held(row[0]).slider(
            t(W, "level"),
            page.LEVELS[0],
            page.LEVELS[-1],
            key="forget_live_strength",
            help=t(W, "live_help", strengths=" / ".join(f"{x:g}" for x in STRENGTHS[method])),
        )
    held(row[1]).number_input(t(W, "seed"), 0, 99, key="forget_live_seed")
    live.stand(W, _wanted, Pair, _curves, key="forgetting")


def _curves(wanted: Asked[ForgettingSetting], found: Both) -> None:
    if not found["runs"][0]["steps"]:
        st.caption(t(W, "live_old_first"))
        return
    method, first = wanted.setting.method, found["runs"][0]
    if len(first["steps"]) > 1:
        name = t(W, f"method_{method}")
        tracks: list[Track] = [
            {**page.track(method, run), "label": t(W, "live_line", method=name, start=t(W, start))}
            for run, start in zip(found["runs"], STARTS, strict=True)
        ]
        forgetting_plane(
            page.board(tracks, first["steps"], wanted.model),
            ForgettingView(len(first["steps"]) - 1),
            identity=f"{wanted}-{len(first['steps'])}",
            rev=0,
            key="forget_live",
        )
    small_table(
        [t(W, "col_start"), t(W, "col_before"), t(W, "col_after"), t(W, "col_new")],
        [
            [
                t(W, start),
                said_score(run["old"][0]),
                said_score(run["old"][-1]),
                said_score(run["new"][-1]),
            ]
            for run, start in zip(found["runs"], STARTS, strict=True)
        ],
    )
    take_home(W, wanted, found, wanted.setting.method, key="forget_difference")
