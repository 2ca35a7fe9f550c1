"""Ways of choosing over held-out stories: how probable their texts are, and how much they repeat."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from components.figures.theme import palette


def strategies_figure(
    rows: Sequence[Mapping[str, Any]], *, story: str, x: str, y: str, dark: bool, size: int = 15
) -> go.Figure:
    """One point a strategy; ``rows`` have name, mean_logprob (nats) and repeated_4grams (0…1). ``story`` is the name that is ringed.

    Points that repeat little lie side by side: their names stand above one another, the leftmost lowest, so that none covers
    another on a phone either. ``side`` of a row puts a name beside its point instead.
    """
    colours = palette(dark)
    figure = go.Figure()
    steps = 0
    for row in sorted(rows, key=lambda row: row["mean_logprob"]):
        ringed = row["name"] == story
        side = row.get("side")
        if not side:
            steps += 1
            figure.add_annotation(
                x=row["mean_logprob"],
                y=row["repeated_4grams"],
                ax=0,
                ay=-(8 + 1.5 * size * steps),
                text=row["name"],
                font={"color": colours["text"], "size": size - 2},
                arrowcolor=colours["line"],
                arrowhead=0,
                arrowwidth=1,
                standoff=7,
            )
        figure.add_scatter(
            x=[row["mean_logprob"]],
            y=[row["repeated_4grams"]],
            mode="markers+text" if side else "markers",
            text=[row["name"]],
            textposition=side or "top center",
            textfont={"color": colours["text"], "size": size - 2},
            marker={
                "size": 18 if ringed else 11,
                "symbol": "circle-open" if ringed else "circle",
                "color": colours["key" if ringed else "token"],
                "line": {"width": 3 if ringed else 0, "color": colours["key"]},
            },
            hovertemplate=f"{row['name']}<br>%{{x:.2f}}<br>%{{y:.1%}}<extra></extra>",
            showlegend=False,
        )
    axis = {"gridcolor": colours["line"], "zeroline": False, "color": colours["text"]}
    figure.update_layout(
        height=380,
        margin={"l": 60, "r": 20, "t": 10, "b": 50},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": size, "color": colours["text"]},
        xaxis={**axis, "title": x, "range": [-3.8, 0]},
        yaxis={**axis, "title": y, "tickformat": ".0%", "range": [-0.05, 0.66]},
    )
    return figure
