"""What stands below the board: every way to train, LoRA beside the cut, and a training of the reader's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components.lessons import live
from components.lessons.fine_tuning import change as page
from components.lessons.fine_tuning.change_live import Pair
from components.lessons.fine_tuning.live_pair import Asked, Both, asked, both_starts, take_home
from components.lessons.fine_tuning.said import STARTS, percent, said_score
from components.lm.fine_tuning.adapters import BOTTLENECK
from components.lm.fine_tuning.change import LORA_RANKS, RANKS, ChangeSetting
from components.shell import links
from components.shell.held import held
from components.shell.layout import open_panel, small_table
from components.words import t, told

W = page.WORDS


def look_further() -> None:
    """What the reader chose below the board."""
    open_panel(W, {"ways": ways, "lora": lora, "train": train}, key="change_look")


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.0f} kB"


def _name(setting: Mapping[str, Any]) -> str:
    way = setting["way"]
    if way == "lora":
        return t(W, "name_lora", rank=setting["size"], where=t(W, f"targets_{setting['targets']}"))
    return t(W, "name_adapter", width=setting["size"]) if way == "adapter" else t(W, f"way_{way}")


def ways() -> None:
    """Every way to train beside each other: numbers, time, memory and what was found, all counted."""
    wanted: list[dict[str, Any]] = [
        {"way": "full"},
        {"way": "lora", "size": 4, "targets": "attention"},
        {"way": "lora", "size": 4, "targets": "every"},
        {"way": "adapter", "size": BOTTLENECK},
        {"way": "head"},
    ]
    rows = []
    for one in wanted:
        mine, bare = (page.runs_of(**one, pretrained=start)[0] for start in (True, False))
        rows.append(
            [
                _name(mine["setting"]),
                f"{mine['trained']:,} ({100 * mine['trained'] / mine['of']:.2f}%)",
                f"{mine['seconds']:.1f} s",
                _bytes(mine["adam_bytes"]),
                _bytes(mine["kept_bytes"]),
                f"**{said_score(mine['written'][-1])}**",
                said_score(bare["written"][-1]),
            ]
        )
    head = ("way", "trained", "seconds", "adam", "kept", "mine", "bare")
    small_table([t(W, f"col_{name}") for name in head], rows)
    full, low = (page.runs_of(**one, pretrained=True)[0] for one in wanted[:2])
    st.markdown(
        told(
            W,
            "ways_text",
            share=f"{100 * low['trained'] / low['of']:.2f}%",
            time=f"{100 * low['seconds'] / full['seconds']:.0f}%",
            kept=f"{100 * low['kept_bytes'] / full['kept_bytes']:.0f}%",
        )
    )


def lora() -> None:
    """The same ranks, cut from a whole training and trained as LoRA from the start."""
    rows = []
    for rank in LORA_RANKS:
        place = RANKS.index(rank)
        cells = [str(rank)]
        cells.append(_both(*(page.recorded()["starts"][start]["cuts"][place]["written"] for start in STARTS)))
        for where in ("attention", "every"):
            runs = [
                page.runs_of(way="lora", size=rank, targets=where, pretrained=start)[0]
                for start in (True, False)
            ]
            cells.append(_both(*(run["written"][-1] for run in runs)))
        rows.append(cells)
    small_table([t(W, "col_rank"), t(W, "col_cut"), t(W, "col_attention"), t(W, "col_every")], rows)
    st.caption(t(W, "lora_caption"))
    st.markdown(t(W, "lora_text"))


def _both(mine: Sequence[float], bare: Sequence[float]) -> str:
    return f"**{said_score(mine)}** / {percent(bare[0])}"


# -- a training of one's own ---------------------------------------------------------------------------------------------


def _wanted() -> Asked[ChangeSetting]:
    """Return what the link asks to train."""
    s, way = st.session_state, st.session_state["change_way"]
    setting = ChangeSetting(
        way,
        links.number("change_size", 4) if way in ("lora", "adapter") else 0,
        s["change_targets"] if way == "lora" else "attention",
        seed=links.number("change_seed"),
        examples=int(s["change_examples"]),
    )
    return asked(s["change_model"], setting)


def train() -> None:
    """Choose a way, train both starts, and take the difference home."""
    st.markdown(t(W, "train_text"))
    row = st.columns([1.7, 2.6, 1.1, 2.2, 1.3, 0.9], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t(W, "live_model"), ("nano-bert", "pocket-bert"), key="change_model", required=True
    )
    way = held(row[1]).segmented_control(
        t(W, "live_way"),
        ("full", "lora", "adapter", "head"),
        key="change_way",
        required=True,
        format_func=lambda x: t(W, f"way_{x}"),
    )
    sized = way in ("lora", "adapter")
    held(row[2]).number_input(
        t(W, "live_width" if way == "adapter" else "live_rank"), 1, 32, key="change_size", disabled=not sized
    )
    if way == "lora":
        held(row[3]).segmented_control(
            t(W, "live_targets"),
            ("attention", "every"),
            key="change_targets",
            required=True,
            format_func=lambda x: t(W, f"targets_{x}"),
        )
    held(row[4]).segmented_control(t(W, "live_examples"), ("50", "200"), key="change_examples", required=True)
    held(row[5]).number_input(t(W, "live_seed"), 0, 99, key="change_seed")
    live.stand(W, _wanted, Pair, _curves, key="change")


def _curves(wanted: Asked[ChangeSetting], found: Both) -> None:
    both_starts(W, found["runs"], "written", model=wanted.model, last=found["steps"], key="change_live")
    mine = found["runs"][0]
    st.caption(
        told(
            W,
            "live_source",
            model=wanted.model,
            trained=f"{mine['trained']:,}",
            of=f"{mine['of']:,}",
            examples=wanted.setting.examples,
            seed=wanted.setting.seed,
            mine=said_score(mine["written"][-1]),
            bare=said_score(found["runs"][1]["written"][-1]),
        )
    )
    take_home(W, wanted, found, wanted.setting.way, key="change_difference")
