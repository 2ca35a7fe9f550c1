"""Figures of the masking chapter: shares over draws, accuracy over rates.

Everything arrives as numbers; Plotly draws what is looked at and hovered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from components.figures.theme import palette, rgb

CASES = ("M", "R", "K")
_ROLE = {"M": "mask", "R": "random", "K": "kept", "all": "token"}
_DASH = {"M": "solid", "R": "dash", "K": "dot", "all": "solid"}


def _faint(colour: str, strength: float = 0.16) -> str:
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},{strength})"


def _layout(colours: Mapping[str, str], height: int, size: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 70, "r": 20, "t": 20, "b": 50},
        "paper_bgcolor": colours["background"],
        "plot_bgcolor": colours["background"],
        "font": {"color": colours["text"], "size": size},
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": colours["surface"], "font": {"color": colours["text"]}},
    }


def _axis(colours: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return {"gridcolor": colours["line"], "linecolor": colours["line"], "zeroline": False, **more}


def shares_over_draws(
    draws: Sequence[int],
    shares: Mapping[str, Sequence[float]],
    expected: Mapping[str, float],
    tokens: int,
    *,
    names: Mapping[str, str],
    x_title: str,
    y_title: str,
    dark: bool,
    size: int = 14,
) -> go.Figure:
    """Running shares (0…1) of the three cases after each of ``draws``, with the 95% band of the expected share.

    The band is expected ± 1.96 sqrt(p (1 − p) / (draws x tokens)), the normal approximation of the binomial. [MASK]
    has the upper panel, random and kept share the lower one; both scales start at 0.
    """
    colours = palette(dark)
    figure = go.Figure()
    for case in CASES:
        colour, p = colours[_ROLE[case]], expected[case]
        axis = "y2" if case == "M" else "y"
        half = [1.96 * (p * (1 - p) / max(1, n * tokens)) ** 0.5 for n in draws]
        if case != "K" or expected["K"] != expected["R"]:
            figure.add_scatter(
                x=[*draws, *reversed(draws)],
                y=[*(min(1.0, p + e) for e in half), *reversed([max(0.0, p - e) for e in half])],
                fill="toself",
                fillcolor=_faint(colour),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                yaxis=axis,
            )
        figure.add_scatter(
            x=list(draws),
            y=list(shares[case]),
            name=f"{case} {names[case]}",
            mode="lines",
            line={"color": colour, "dash": _DASH[case], "width": 3},
            hovertemplate="%{y:.4%}",
            yaxis=axis,
        )
        figure.add_scatter(
            x=[draws[0], draws[-1]],
            y=[p, p],
            mode="lines",
            line={"color": colours["quiet"], "width": 1},
            hoverinfo="skip",
            showlegend=False,
            yaxis=axis,
        )
    figure.update_layout(
        **_layout(colours, 420, size),
        xaxis=_axis(colours, type="log", title=x_title, anchor="y"),
        yaxis=_axis(colours, domain=[0, 0.42], rangemode="tozero", tickformat=".1%"),
        yaxis2=_axis(colours, domain=[0.52, 1], rangemode="tozero", tickformat=".0%", title=y_title),
    )
    return figure


def accuracy_over_rates(
    rates: Sequence[float],
    values: Mapping[str, Sequence[float | None]],
    *,
    spread: Sequence[tuple[float, float] | None],
    names: Mapping[str, str],
    chosen_rate: float,
    percent: bool,
    x_title: str,
    y_title: str,
    dark: bool,
    size: int = 14,
) -> go.Figure:
    """A line for all predicted tokens and one for each case over the masking rate (0…1).

    ``values`` has the keys ``all``, ``M``, ``R``, ``K``; None where a rate had no such token. ``spread``, named
    ``spread`` too, is the lowest and the highest draw of all tokens at each rate. ``chosen_rate`` is marked with a vertical line. With ``percent`` the values are shares, else nats.
    """
    colours = palette(dark)
    figure = go.Figure()
    known = [(rate, *ends) for rate, ends in zip(rates, spread, strict=True) if ends is not None]
    figure.add_scatter(
        x=[rate for rate, _, _ in known] + [rate for rate, _, _ in reversed(known)],
        y=[high for _, _, high in known] + [low for _, low, _ in reversed(known)],
        name=names["spread"],
        mode="lines",
        line={"width": 0, "color": colours[_ROLE["all"]]},
        fill="toself",
        opacity=0.25,
        hoverinfo="skip",
    )
    for key in ("all", *CASES):
        figure.add_scatter(
            x=list(rates),
            y=list(values[key]),
            name=names[key],
            mode="lines+markers",
            connectgaps=False,
            line={
                "color": colours[_ROLE[key]],
                "dash": _DASH[key],
                "width": 4 if key == "all" else 2,
            },
            marker={"size": 7},
            hovertemplate="%{y:.1%}" if percent else "%{y:.3f}",
        )
    figure.add_vline(x=chosen_rate, line={"color": colours["quiet"], "dash": "dash", "width": 1})
    y: dict[str, Any] = {"range": [0, 1], "tickformat": ".0%"} if percent else {"rangemode": "tozero"}
    figure.update_layout(
        **_layout(colours, 380, size),
        xaxis=_axis(colours, title=x_title, tickformat=".0%", range=[0, 0.95]),
        yaxis=_axis(colours, title=y_title, **y),
    )
    return figure
