"""What stands below the board: λ, a trap, the paper's tables, and a training of the reader's own."""

from __future__ import annotations

import streamlit as st

from components.elements.fine_tuning.score_lines import ScoreLine, score_lines
from components.figures.transfer import ablation_figure
from components.lessons import live
from components.lessons.fine_tuning import transfer as page
from components.lessons.fine_tuning.live_pair import Asked, Both, asked, take_home
from components.lessons.fine_tuning.said import percent
from components.lessons.fine_tuning.transfer_live import Pair
from components.lm import checkpoints
from components.lm.fine_tuning.scores import wilson
from components.lm.fine_tuning.transfer import HELD_OUT, LAMBDAS, RATE, Setting
from components.shell import links
from components.shell.held import held
from components.shell.layout import is_dark, open_panel, small_table, text_size
from components.words import literal, t, told

W = page.WORDS


def look_further() -> None:
    """What the reader chose below the board."""
    open_panel(W, {"weight": weight, "swap": swap, "paper": paper, "train": train}, key="ft_look")


def weight() -> None:
    """λ = 0 and 0.5 beside each other, and what the paper found."""
    rows = page.weight_rows()
    small_table(
        [
            t(W, "col_carried"),
            *(t(W, name, weight=w) for w in LAMBDAS for name in ("col_accuracy", "col_l1", "col_tale")),
        ],
        [
            [
                page.depth_label(row["carried"]),
                *(
                    cell
                    for w in LAMBDAS
                    for cell in (
                        f"{percent(row[f'accuracy_{w}'])} ({percent(row[f'low_{w}'])}–{percent(row[f'high_{w}'])})",
                        f"{row[f'l1_{w}']:.2f}",
                        f"{row[f'tale_{w}']:.2f}",
                    )
                ),
            ]
            for row in rows
        ],
    )
    full = rows[-1]
    without, with_ = (full[f"accuracy_{w}"] for w in LAMBDAS)
    best = {row["variant"]: row["average"] for row in page.published("ablation")}
    overlap = full["low_0.5"] <= full["high_0.0"] and full["low_0.0"] <= full["high_0.5"]
    st.markdown(
        told(
            W,
            "weight_same" if overlap else "weight_differs",
            without=percent(without),
            with_=percent(with_),
            before=f"{page.recorded()['tale_before']:.2f}",
            tale_without=f"{full['tale_0.0']:.2f}",
            tale_with=f"{full['tale_0.5']:.2f}",
            paper_without=best["Transformer without auxiliary LM"],
            paper_with=best["Transformer with auxiliary LM (full)"],
        )
    )
    lower = [row for row in rows[:-1] if row["high_0.5"] < row["low_0.0"]]
    if lower:
        names = ", ".join(page.depth_label(row["carried"]) for row in lower)
        st.markdown(told(W, "weight_lower", names=names))


def swap() -> None:
    """The probabilities know which sentence is real; a head trained to say so."""
    found = page.recorded()["swap"]
    pairs = {name: len(flags) for name, flags in found["preferred"].items()}
    rows = [
        [t(W, "swap_likelihood"), *(f"{sum(found['preferred'][name])} / {pairs[name]}" for name in pairs)]
    ]
    for run in found["runs"]:
        history, setting = run["history"], run["setting"]
        cells = []
        for name, count in pairs.items():
            low, high = wilson(history[name][-1], 2 * count)
            cells.append(
                t(
                    W,
                    "swap_cell",
                    share=percent(history[name][-1] / (2 * count)),
                    low=percent(low),
                    high=percent(high),
                    pairs=history[f"{name}_pairs"][-1],
                    count=count,
                )
            )
        rows.append(
            [
                t(W, "swap_head", carried=page.depth_label(setting["carried"]), weight=setting["weight"]),
                *cells,
            ]
        )
    st.markdown(told(W, "swap_text", examples=f"{1000:,}", steps=found["runs"][0]["history"]["steps"][-1]))
    small_table([t(W, "swap_how"), t(W, "swap_generated"), t(W, "swap_written")], rows)
    small_table(
        [t(W, name) for name in ("swap_real", "swap_swapped", "swap_logp_real", "swap_logp_swapped")],
        [
            [literal(real), literal(swapped), f"{a:.4f}", f"{b:.4f}"]
            for real, swapped, a, b in found["pairs"]["written"]
        ],
    )
    best = {
        name: max(run["history"][name][-1] / (2 * count) for run in found["runs"])
        for name, count in pairs.items()
    }
    st.markdown(
        told(
            W,
            "swap_reading",
            best=percent(best["written"]),
            generated=percent(best["generated"]),
            known=sum(found["preferred"]["written"]),
            count=pairs["written"],
        )
    )


def paper() -> None:
    """The paper's ablation as bars, and its scores beside the best before it."""
    names = {
        "Transformer with auxiliary LM (full)": t(W, "paper_full"),
        "Transformer without auxiliary LM": t(W, "paper_no_aux"),
        "Transformer without pre-training": t(W, "paper_no_pretraining"),
        "LSTM with auxiliary LM": t(W, "paper_lstm"),
    }
    figure = ablation_figure(page.published("ablation"), names=names, dark=is_dark(), size=text_size())
    st.plotly_chart(figure, key="gpt1_ablation", theme=None, config={"displayModeBar": False})
    rows = []
    results = page.published("results")
    for task in dict.fromkeys(row["task"] for row in results):
        scores = [row for row in results if row["task"] == task]
        ours = next((row for row in scores if row["method"].startswith("GPT-1")), None)
        others = [row for row in scores if row is not ours]
        if ours is None or not others:
            continue
        best = max(others, key=lambda row: float(row["score"]))
        rows.append(
            [
                task,
                ours["metric"],
                ours["score"],
                best["score"],
                literal(best["method"]),
                "✓" if float(ours["score"]) > float(best["score"]) else "–",
            ]
        )
    with st.expander(t(W, "paper_table")):
        small_table(
            [t(W, f"paper_{name}") for name in ("task", "metric", "gpt", "best", "by", "better")], rows
        )
    st.markdown(t(W, "paper_text"))


# -- a training of one's own ---------------------------------------------------------------------------------------------


def _wanted() -> Asked[Setting]:
    """Return what the link asks to train."""
    model, number = st.session_state["ft_live_model"], links.number
    layers = min(number("ft_live_carried", page.LAYERS), checkpoints.card(model).num_layers or page.LAYERS)
    weight = float(st.session_state["ft_live_lambda"])
    return asked(model, Setting(layers, weight, number("ft_live_seed"), number("ft_live_examples", 140)))


def train() -> None:
    """Start, stop, go on; what the server already has is there at once."""
    st.markdown(told(W, "train_text", rate=RATE))
    row = st.columns([1.6, 2.2, 1.8, 1.2, 1.1], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t(W, "live_model"), ("nano-gpt", "pocket-gpt"), key="ft_live_model", required=True
    )
    held(row[1]).slider(t(W, "live_examples"), 10, 200 - HELD_OUT, key="ft_live_examples", step=10)
    most = checkpoints.card(st.session_state["ft_live_model"], "generation").num_layers or page.LAYERS
    held(row[2]).slider(t(W, "live_carried"), 0, most, key="ft_live_carried", help=t(W, "live_carried_help"))
    held(row[3]).segmented_control("λ", [str(x) for x in LAMBDAS], key="ft_live_lambda", required=True)
    held(row[4]).number_input(t(W, "live_seed"), 0, 99, key="ft_live_seed")
    live.stand(W, _wanted, Pair, _curves, key="ft")


def _curves(wanted: Asked[Setting], found: Both) -> None:
    """Accuracy of both runs over the steps, with the last score and its interval."""
    seed = wanted.setting.seed
    lines: list[ScoreLine] = []
    said = []
    for run, name in zip(
        found["runs"], (page.depth_label(-1), page.depth_label(wanted.setting.carried)), strict=True
    ):
        scores = page.right(run, seed)
        points = [
            (step, n / HELD_OUT, *wilson(n, HELD_OUT)) for step, n in zip(run["steps"], scores, strict=True)
        ]
        lines.append({"name": name, "points": points})
        low, high = points[-1][2:]
        said.append(
            [
                name,
                f"{scores[-1]} / {HELD_OUT}",
                f"{percent(low)}–{percent(high)}",
                f"{run['l2'][-1]:.2f}",
                f"{run['l1'][-1]:.2f}",
            ]
        )
    title = t(W, "live_chart", model=wanted.model)
    score_lines(
        lines,
        title=title,
        last=found["steps"],
        guess=0.5,
        guess_label=t("transfer_board", "guessing"),
        key="transfer_live",
        low=0.2,
    )
    small_table(
        [t(W, name) for name in ("col_carried", "live_right", "live_interval", "live_l2", "live_l1")], said
    )
    st.caption(
        told(
            W,
            "live_source",
            model=wanted.model,
            seed=seed,
            weight=wanted.setting.weight,
            examples=wanted.setting.examples,
        )
    )
    take_home(
        W,
        wanted,
        found,
        f"{wanted.setting.carried}-layers",
        key="ft_difference",
        of=("nothing carried over", "carried over"),
    )
