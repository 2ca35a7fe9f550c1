"""Charts of the page on size: published laws beside our runs, a name by its distance, and a jump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from components.figures.theme import palette


@dataclass(frozen=True)
class DrawnLaw:
    """A line with the points it is drawn through; ``checked`` marks them, ``beyond`` says where its data ended."""

    name: str
    x: Sequence[float]
    loss: Sequence[float]
    role: str
    dash: str = "solid"
    beyond: float | None = None


def _layout(figure: go.Figure, colours: Mapping[str, str], size: int, height: int, **axes: Any) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 20, "t": 30, "b": 50},
        paper_bgcolor=colours["background"],
        plot_bgcolor=colours["background"],
        font={"color": colours["text"], "size": size},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"bgcolor": colours["surface"], "font": {"color": colours["text"]}},
    )
    for name, given in axes.items():
        figure.update_layout(
            {name: {"gridcolor": colours["line"], "zeroline": False, "automargin": True, **given}}
        )
    return figure


def laws_figure(
    dots: tuple[str, Sequence[float], Sequence[float]],
    laws: Sequence[DrawnLaw],
    *,
    beyond: str,
    x_title: str,
    y_title: str,
    dark: bool,
    size: int,
) -> go.Figure:
    """Our runs as ``dots`` (name, x, loss) and laws as lines, both axes logarithmic; ``beyond`` names what lies outside a law's data."""
    colours = palette(dark)
    figure = go.Figure()
    for law in laws:
        colour = colours[law.role]
        figure.add_scatter(
            x=list(law.x),
            y=list(law.loss),
            mode="lines+markers",
            name=law.name,
            line={"color": colour, "dash": law.dash, "width": 2},
            marker={
                "color": [colours["background"] if law.beyond and x > law.beyond else colour for x in law.x],
                "line": {"color": colour, "width": 2},
                "size": 8,
            },
            hovertemplate="%{x:.3g}: %{y:.3f}<extra>" + law.name + "</extra>",
        )
        if law.beyond is not None and any(x > law.beyond for x in law.x):
            figure.add_vline(x=law.beyond, line={"color": colours["quiet"], "dash": "dot"}, annotation={"text": beyond, "font": {"color": colours["quiet"]}})  # fmt: skip
    name, x, loss = dots
    figure.add_scatter(x=list(x), y=list(loss), mode="markers", name=name, marker={"color": colours["token"], "size": 9}, hovertemplate="%{x:.3g}: %{y:.3f}<extra>" + name + "</extra>")  # fmt: skip
    log = {"type": "log"}
    return _layout(
        figure,
        colours,
        size,
        430,
        xaxis={**log, "title": {"text": x_title}, "exponentformat": "power", "dtick": 2},
        yaxis={**log, "title": {"text": y_title}, "tickvals": [1.5, 2, 3, 4, 5, 6]},
    )


def distance_figure(
    tokens: Sequence[int],
    lines: Sequence[tuple[str, Sequence[float]]],
    *,
    window: int,
    window_name: str,
    here: int,
    x_title: str,
    y_title: str,
    dark: bool,
    size: int,
) -> go.Figure:
    """Probabilities by the length of the text, the second axis logarithmic; ``here`` is the length looked at."""
    colours = palette(dark)
    figure = go.Figure()
    for (name, values), role, symbol in zip(lines, ("token", "key"), ("circle", "square"), strict=True):
        figure.add_scatter(
            x=list(tokens),
            y=list(values),
            mode="lines+markers",
            name=name,
            line={"color": colours[role], "width": 2, "dash": "solid" if role == "token" else "dash"},
            marker={"symbol": symbol, "size": 8},
            hovertemplate="%{x}: %{y:.2g}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=window, line={"color": colours["text"], "width": 2}, annotation={"text": window_name, "font": {"color": colours["text"]}, "xanchor": "right"})  # fmt: skip
    figure.add_vline(x=here, line={"color": colours["quiet"], "dash": "dot"})
    return _layout(
        figure,
        colours,
        size,
        330,
        xaxis={"title": {"text": x_title}},
        yaxis={"type": "log", "title": {"text": y_title}, "exponentformat": "power", "dtick": 1},
    )


def jump_figure(
    widths: Sequence[int],
    lines: Sequence[tuple[str, Sequence[float], bool]],
    *,
    x_title: str,
    accuracy: str,
    loss: str,
    most_loss: float,
    dark: bool,
    size: int,
) -> go.Figure:
    """Dots by width: shares right on the left axis, losses (third of a line is true) on the right one."""
    colours = palette(dark)
    figure = go.Figure()
    signs = iter((("token", "circle"), ("position", "triangle-up"), ("key", "square")))
    for name, values, is_loss in lines:
        role, symbol = next(signs)
        figure.add_scatter(
            x=list(widths),
            y=list(values),
            mode="markers",
            name=name,
            yaxis="y2" if is_loss else "y",
            marker={"color": colours[role], "symbol": symbol, "size": 11},
            hovertemplate="%{x}: %{y:.2f}<extra>" + name + "</extra>",
        )
    return _layout(
        figure,
        colours,
        size,
        360,
        xaxis={"type": "log", "title": {"text": x_title}, "tickvals": sorted(set(widths)), "ticktext": [str(w) for w in sorted(set(widths))]},
        yaxis={"title": {"text": accuracy}, "range": [-0.03, 1.05], "tickformat": ".0%"},
        yaxis2={"title": {"text": loss}, "overlaying": "y", "side": "right", "range": [0, most_loss], "dtick": 1, "showgrid": False},
    )  # fmt: skip
