"""Ways of choosing over held-out stories: how probable their texts are, and how much they repeat."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from components.figures.theme import palette


def strategies_figure(
    rows: Sequence[Mapping[str, Any]], *, story: str, x: str, y: str, dark: bool, size: int = 15
) -> go.Figure:
    """One point a strategy; ``rows`` have name, mean_logprob (nats) and repeated_4grams (0…1). ``story`` is the name that is ringed."""
    colours = palette(dark)
    figure = go.Figure()
    for row in rows:
        ringed = row["name"] == story
        figure.add_scatter(
            x=[row["mean_logprob"]],
            y=[row["repeated_4grams"]],
            mode="markers+text",
            text=[row["name"]],
            textposition=row.get("side", "top center"),
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
        xaxis={**axis, "title": x, "range": [-3.5, -0.3]},
        yaxis={**axis, "title": y, "tickformat": ".0%", "range": [-0.05, 0.66]},
    )
    return figure
