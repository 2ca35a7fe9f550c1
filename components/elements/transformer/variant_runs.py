"""Recorded runs of variants of one model: shares along training, shares by group, and what each writes."""

from typing import NotRequired, TypedDict

from components.elements.mount import element
from components.words import language

_mount = element("transformer/variant_runs")


class RunLine(TypedDict):
    """One line along training; ``points`` are [symbols seen, share]."""

    name: str
    points: list[list[float]]


class RunBars(TypedDict):
    """One variant's bars: for each group its share and what the bar says when pointed at."""

    name: str
    shares: list[float]
    titles: list[str]


class RunGroups(TypedDict):
    """Shares by group; every entry of ``bars`` has one bar a label."""

    labels: list[str]
    bars: list[RunBars]


class RunChart(TypedDict):
    """A chart of either ``lines`` or ``groups``."""

    title: str
    lines: NotRequired[list[RunLine]]
    groups: NotRequired[RunGroups]


class RunTable(TypedDict):
    """What the variants write: ``head`` names the columns, each row has as many cells."""

    title: str
    head: list[str]
    rows: list[list[str]]


class VariantRuns(TypedDict):
    """What the element is sent; ``source`` says which recordings it was read from."""

    title: str
    text: str
    charts: list[RunChart]
    table: RunTable
    source: str


def variant_runs(data: VariantRuns, *, key: str) -> None:
    """Draw the runs. Shares are in 0…1.

    Args:
        data: charts, a table and their words.
        key: the element's key in the session.
    """
    _mount(key=key, data={**data, "lang": language(), "key": key})
