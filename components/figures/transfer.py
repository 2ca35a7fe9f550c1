"""GPT-1's published ablation, task by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from components.figures.theme import palette

TASKS = {
    "average": "average",
    "CoLA_mc": "CoLA",
    "SST2_acc": "SST-2",
    "MRPC_F1": "MRPC",
    "STSB_pc": "STS-B",
    "QQP_F1": "QQP",
    "MNLI_acc": "MNLI",
    "QNLI_acc": "QNLI",
    "RTE_acc": "RTE",
}
_ROLES = ("token", "key", "position", "segment-b")
_SYMBOLS = ("circle", "square", "triangle-up", "diamond")


def ablation_figure(
    rows: Sequence[Mapping[str, str]], *, names: Mapping[str, str], dark: bool, size: int = 14
) -> go.Figure:
    """A row a task, a mark for each variant (Radford et al. 2018, Table 5); ``names`` words the variants."""
    colours = palette(dark)
    figure = go.Figure()
    for number, column in enumerate(TASKS):
        values = [float(row[column]) for row in rows]
        figure.add_shape(type="line", x0=min(values), x1=max(values), y0=number, y1=number, line={"color": colours["line"], "width": 3}, layer="below")  # fmt: skip
    for row, role, symbol in zip(rows, _ROLES, _SYMBOLS, strict=True):
        name = names[row["variant"]]
        figure.add_scatter(
            x=[float(row[column]) for column in TASKS],
            y=list(TASKS.values()),
            mode="markers",
            name=name,
            marker={"color": colours[role], "symbol": symbol, "size": 13},
            hovertemplate="%{y}<br>" + name + ": %{x}<extra></extra>",
        )
    figure.update_layout(
        height=40 * len(TASKS) + 110,
        margin={"l": 10, "r": 20, "t": 20, "b": 40},
        paper_bgcolor=colours["background"],
        plot_bgcolor=colours["background"],
        font={"color": colours["text"], "size": size},
        legend={"orientation": "h", "y": 1.08, "x": 0},
        hoverlabel={"bgcolor": colours["surface"], "font": {"color": colours["text"]}},
        xaxis={"range": [0, 100], "gridcolor": colours["line"], "zeroline": False},
        yaxis={"autorange": "reversed", "automargin": True, "gridcolor": colours["line"]},
    )
    return figure
