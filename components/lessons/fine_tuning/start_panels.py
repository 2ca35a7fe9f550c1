"""What stands below the histogram: the paths of SGD on slices of the loss, and one more start of the reader's."""

from __future__ import annotations

import streamlit as st

from components.elements.fine_tuning.slice_board import slice_board
from components.elements.fine_tuning.start_board import StartView, start_board
from components.lessons import live
from components.lessons.fine_tuning import start as page
from components.lessons.fine_tuning.live_pair import Asked, Both, asked, take_home
from components.lessons.fine_tuning.start_live import Pair
from components.lm.fine_tuning.start import RANDOM_STARTS
from components.shell import links
from components.shell.held import held
from components.shell.layout import open_panel, slide_note
from components.words import t, told

W = page.WORDS


def look_further() -> None:
    """What the reader chose below the histogram."""
    open_panel(W, {"slice": slices, "train": train}, key="start_look")


def slices() -> None:
    """The paths of SGD from both starts, on a slice of the loss each."""
    which = held().segmented_control(
        t(W, "loss"), page.LOSSES, key="start_loss", required=True, format_func=lambda x: t(W, f"loss_{x}")
    )
    now = slice_board(
        page.slices(), page.slice_view(), identity=str(which), rev=links.revision(), key=page.SLICES
    )
    page.keep_slice(now)
    st.markdown(page.slice_text())
    slide_note("E75")


# -- one more start ------------------------------------------------------------------------------------------------------


def _wanted() -> Asked[int]:
    """Return the seed that the link asks to train."""
    return asked(page.recorded()["model"], links.number("start_seed", RANDOM_STARTS))


def train() -> None:
    """Draw weights of a seed, train them and the pre-trained ones, and see where they fall among the recorded starts."""
    st.markdown(told(W, "train_text", model=page.recorded()["model"]))
    row = st.columns([1, 6])
    held(row[0]).number_input(t(W, "live_seed"), RANDOM_STARTS, 9999, key="start_seed")
    live.stand(W, _wanted, Pair, _placed, key="draw")


def _placed(wanted: Asked[int], found: Both) -> None:
    mine, bare = found["runs"]
    moments = len(mine["steps"])
    data = page.board([(mine, "mine_pretrained"), (bare, "mine_random")])
    for runs in (data["random"], data["pretrained"]):
        for run in runs:
            run["values"] = run["values"][:moments]
    data["steps"] = data["steps"][:moments]
    start_board(
        data,
        StartView(moments - 1),
        identity=f"{wanted.setting}-{moments}-{page.measure()}",
        rev=0,
        key="start_live_board",
    )
    name = page.measure()
    value = page.values(bare, name)[-1]
    others = [page.values(run, name)[moments - 1] for run in page.runs(False)]
    st.caption(
        told(
            W,
            "live_source",
            seed=wanted.setting,
            step=mine["steps"][-1],
            measure=t(W, f"measure_{name}"),
            bare=page.said(value, name),
            mine=page.said(page.values(mine, name)[-1], name),
            below=sum(one < value for one in others),
            count=len(others),
        )
    )
    take_home(W, wanted, found, f"seed-{wanted.setting}", key="start_difference")
