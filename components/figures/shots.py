"""Published scores of GPT-3 with no, one and a few demonstrations, task by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from components.figures.theme import palette

SETTINGS = ("zero", "one", "few")
_ROLE = {"zero": "key", "one": "position", "few": "token"}
_SYMBOL = {"zero": "square", "one": "triangle-up", "few": "circle"}


@dataclass(frozen=True)
class TaskScores:
    """One task: percent right with zero, one and a few demonstrations (None: not published), and others' best."""

    task: str
    scores: Mapping[str, float | None]
    best: float | None
    best_name: str


def shots_figure(
    tasks: Sequence[TaskScores],
    *,
    names: Mapping[str, str],
    x_title: str,
    dark: bool,
    size: int = 14,
) -> go.Figure:
    """A row a task, a mark for each setting; ``names`` labels the settings and ``best``."""
    colours = palette(dark)
    labels = [task.task for task in tasks]
    figure = go.Figure()
    for number, task in enumerate(tasks):
        known = [value for value in task.scores.values() if value is not None]
        if len(known) > 1:
            figure.add_shape(type="line", x0=min(known), x1=max(known), y0=number, y1=number, line={"color": colours["line"], "width": 3}, layer="below")  # fmt: skip
    for setting in SETTINGS:
        figure.add_scatter(
            x=[task.scores.get(setting) for task in tasks],
            y=labels,
            mode="markers",
            name=names[setting],
            marker={"color": colours[_ROLE[setting]], "symbol": _SYMBOL[setting], "size": 12},
            hovertemplate="%{y}<br>" + names[setting] + ": %{x}<extra></extra>",
        )
    figure.add_scatter(
        x=[task.best for task in tasks],
        y=labels,
        mode="markers",
        name=names["best"],
        marker={"color": colours["text"], "symbol": "line-ns-open", "size": 16, "line": {"width": 3}},
        customdata=[task.best_name for task in tasks],
        hovertemplate="%{y}<br>%{customdata}: %{x}<extra></extra>",
    )
    figure.update_layout(
        height=46 * len(tasks) + 110,
        margin={"l": 10, "r": 20, "t": 20, "b": 50},
        paper_bgcolor=colours["background"],
        plot_bgcolor=colours["background"],
        font={"color": colours["text"], "size": size},
        legend={"orientation": "h", "y": 1.06, "x": 0},
        hoverlabel={"bgcolor": colours["surface"], "font": {"color": colours["text"]}},
        xaxis={
            "title": {"text": x_title},
            "range": [-2, 100],
            "gridcolor": colours["line"],
            "zeroline": False,
        },
        yaxis={"autorange": "reversed", "automargin": True, "gridcolor": colours["line"]},
    )
    return figure
