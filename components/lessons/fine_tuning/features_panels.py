"""What stands below the faders: BERT's own table beside ours, all seeds, and a mix of the reader's own sentences to learn."""

from __future__ import annotations

import streamlit as st

from components.lessons import live
from components.lessons.fine_tuning import features as page
from components.lessons.fine_tuning.features_live import Both, Mix, Pair
from components.lessons.fine_tuning.live_pair import Asked, asked, both_starts, take_home
from components.lessons.fine_tuning.said import STARTS, percent, said_score
from components.lm.fine_tuning.features import SETS, STEPS
from components.shell import links
from components.shell.held import held
from components.shell.layout import open_panel, small_table
from components.words import t, told

W = page.WORDS
WAYS = ("even", "embeddings", "last", "learned", "tuned")


def look_further() -> None:
    """What the reader chose below the board."""
    open_panel(W, {"paper": paper, "seeds": seeds, "train": train}, key="features_look")


def paper() -> None:
    """Feature-based against fine-tuned: as BERT's paper reports it, and with the model of this page."""
    ours, theirs = st.columns(2)
    with ours:
        st.markdown(f"**{told(W, 'paper_ours', model=page.recorded()['model'])}**")
        run = page.runs()[0]
        found = page.ends(run)
        small_table(
            [t(W, "col_way"), *(t(W, f"col_{name}") for name in SETS)],
            [
                [
                    t(W, f"way_{way}"),
                    *(percent(found[way][name][0]) for name in ("labelled", "new")),
                    said_score(found[way]["written"]),
                ]
                for way in WAYS
            ],
        )
        st.caption(told(W, "paper_ours_caption", examples=run["size"], seed=run["seed"]))
    with theirs:
        st.markdown(f"**{t(W, 'paper_theirs')}**")
        small_table(
            [t(W, "col_system"), t(W, "col_approach"), t(W, "col_dev"), t(W, "col_test")],
            [
                [
                    row["system"],
                    t(W, f"approach_{row['approach']}"),
                    row["dev_f1"] or "–",
                    row["test_f1"] or "–",
                ]
                for row in page.published()
            ],
        )
        st.caption(t(W, "paper_theirs_caption"))
    mixed, whole = page.numbers()
    st.markdown(
        told(W, "paper_text", mixed=f"{mixed:,}", whole=f"{whole:,}", share=f"{100 * mixed / whole:.3f}%")
    )


def seeds() -> None:
    """The mean over three sets of sentences, both starts."""
    size = page.asked()[0]
    rows = []
    for way in WAYS:
        cells = [t(W, f"way_{way}")]
        for name in SETS:
            mine, low, high = page.over_seeds("pretrained", size, way, name)
            bare, *_ = page.over_seeds("random", size, way, name)
            cells.append(f"**{percent(mine)}** ({percent(low)}–{percent(high)}) / {percent(bare)}")
        rows.append(cells)
    small_table([t(W, "col_way"), *(t(W, f"col_{name}") for name in SETS)], rows)
    st.caption(told(W, "seeds_caption", examples=size))
    st.markdown(t(W, "seeds_text"))


# -- a training of one's own ---------------------------------------------------------------------------------------------


def _wanted() -> Asked[Mix]:
    """Return what the link asks to train."""
    s = st.session_state
    return asked(s["features_model"], Mix(int(s["features_live_size"]), links.number("features_live_seed")))


def train() -> None:
    """Choose a model and sentences, and let the faders of both starts learn."""
    st.markdown(t(W, "train_text"))
    row = st.columns([2.2, 2, 1, 4], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t(W, "live_model"), ("pocket-bert", "nano-bert"), key="features_model", required=True
    )
    held(row[1]).segmented_control(t(W, "size"), ("20", "50", "200"), key="features_live_size", required=True)
    held(row[2]).number_input(t(W, "live_seed"), 0, 99, key="features_live_seed")
    live.stand(W, _wanted, Pair, _curves, key="faders")


def _curves(wanted: Asked[Mix], found: Both) -> None:
    both_starts(W, found["runs"], "new", model=wanted.model, last=STEPS, key="features_live_lines")
    shares = found["runs"][0]["shares"][-1]
    small_table(
        [t(W, "col_start"), *(page.layer_name(layer) for layer in range(len(shares)))],
        [
            [t(W, start), *(percent(share) for share in run["shares"][-1])]
            for run, start in zip(found["runs"], STARTS, strict=True)
        ],
    )
    st.caption(
        told(
            W,
            "live_source",
            model=wanted.model,
            examples=wanted.setting.size,
            seed=wanted.setting.seed,
            reading=f"{found['reading']:.1f}",
            mine=said_score(found["runs"][0]["new"][-1]),
            bare=said_score(found["runs"][1]["new"][-1]),
        )
    )
    take_home(W, wanted, found, "mix", key="features_difference")
