"""What stands below the plane: what InstructGPT has besides, and a training of one's own."""

from __future__ import annotations

import streamlit as st

from components.elements.alignment.reward_plane import RewardView, reward_plane
from components.lessons import live
from components.lessons.alignment import reward as page
from components.lessons.alignment.reward_live import Asked, OneRun, Paid
from components.lessons.alignment.vote_lists import HOURS
from components.lm import checkpoints
from components.lm.alignment.reinforce import HELD_OUT, KEPT, RECIPES, RewardSetting
from components.shell import links
from components.shell.held import held
from components.shell.layout import lesson_link, note_line, open_panel, small_table
from components.words import t, told

W = page.WORDS


def look_further() -> None:
    """What the reader chose below the plane."""
    open_panel(W, {"absent": absent, "train": train}, key="reward_look")


def absent() -> None:
    """The parts of InstructGPT's third step that are not here, and what each would add."""
    st.markdown(t(W, "absent_text"))
    small_table(
        [t(W, "col_part"), t(W, "col_there"), t(W, "col_here")],
        [
            [t(W, f"part_{name}"), t(W, f"part_{name}_there"), t(W, f"part_{name}_here")]
            for name in ("reward_model", "clip", "critic", "pretraining")
        ],
        sentences=True,
    )
    st.markdown(t(W, "absent_source"))


# -- a training of one's own ---------------------------------------------------------------------------------------------


def asked() -> Asked:
    """Return what the link asks to train."""
    s = st.session_state
    name, kind = str(s["reward_live_model"]), s["reward_live_kind"]
    steps = page.POCKET_STEPS if name.startswith("pocket") else RECIPES["nano"][0]
    word = word_of() if kind == "word" else page.presses().made if kind == "clicks" else ""
    setting = RewardSetting(kind, float(s["reward_beta"]), links.number("reward_live_seed"), word, steps)
    return Asked(name, checkpoints.card(name).revision, setting)


def word_of() -> str:
    """Return the word that is paid for: the first of what the reader typed, or nothing."""
    from components.lm.alignment.rewards import words

    return next((word for _, _, word in words(str(st.session_state["reward_word"] or ""))), "")


def train() -> None:
    """Choose what is paid for and how much leaving costs, and train."""
    st.markdown(told(W, "train_text", steps=page.POCKET_STEPS, moments=page.POCKET_MOMENTS))
    row = st.columns([4.7, 2.1, 3.2, 1.35], vertical_alignment="bottom")
    kind = held(row[0]).segmented_control(
        t(W, "live_kind"),
        page.LIVE_KINDS,
        key="reward_live_kind",
        required=True,
        format_func=lambda x: t(W, f"kind_{x}"),
    )
    held(row[1]).segmented_control(t(W, "model"), page.LIVE_MODELS, key="reward_live_model", required=True)
    held(row[2]).segmented_control("β", page.BETA_NAMES, key="reward_beta", required=True)
    held(row[3]).number_input(t(W, "seed"), 0, 99, key="reward_live_seed")
    if kind == "word":
        held().text_input(t(W, "word"), key="reward_word", max_chars=30, help=t(W, "word_help"))
        if not word_of():
            note_line(t(W, "word_empty"))
            return
    if kind == "clicks":
        pressed = page.presses()
        if pressed.lacking:
            note_line(t(W, f"list_{pressed.lacking}", hours=HOURS, least=page.LEAST))
        st.caption(told(W, f"clicks_{pressed.whose}", n=pressed.decided, least=page.LEAST))
        if pressed.whose != "together":
            lesson_link(page.CLICKED, W, "to_presses", {"pref_from": "own"})
    live.stand(W, asked, Paid, _drawn, key="reward_stand")


def _drawn(wanted: Asked, found: OneRun) -> None:
    run = found["run"]
    if not run["steps"]:
        return
    track = page.track([run], 0, wanted.setting.kind)
    at = len(run["steps"]) - 1
    reward_plane(
        page.board([track], run["steps"], [], HELD_OUT[KEPT[0]]),
        RewardView(at, 0),
        identity=f"{wanted}-{at}",
        rev=0,
        key="reward_live",
    )
