"""What is computed for a stop of the history, one drawing for each kind of result."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from components.elements.mount import element

_mount = element("start/history_scene")


class Curve(TypedDict):
    """A line of positive numbers."""

    name: str
    values: Sequence[float]


class Curves(TypedDict):
    """Lines on a logarithmic axis; ``x`` names the places 0, 1, 2, ..., ``less`` what lies below the axis."""

    kind: Literal["curves"]
    title: str
    x: str
    less: str
    curves: Sequence[Curve]


class Grid(TypedDict):
    """A table of weights from 0 to 1: ``rows`` read ``columns``; ``numbers`` writes each of them out."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]
    numbers: bool


class Grids(TypedDict):
    """Tables beside each other, with one line that says how their shades are read."""

    kind: Literal["grids"]
    grids: Sequence[Grid]
    legend: str


class ChainLink(TypedDict):
    """A token, its probability given all before it, the product so far (log10), and the likeliest token there."""

    text: str
    p: float
    product: float
    best: str
    best_p: float


class Chain(TypedDict):
    """A text as a product of probabilities."""

    kind: Literal["chain"]
    links: Sequence[ChainLink]
    words: Mapping[str, str]


class Point(TypedDict):
    """A word in the plane: its class, what the model says of it, whether its label was given."""

    word: str
    x: float
    y: float
    of: int
    said: int
    labelled: bool


class Ellipse(TypedDict):
    """A normal distribution: its mean and the two half axes of one standard deviation, as vectors."""

    mean: Sequence[float]
    axes: Sequence[Sequence[float]]


class Plane(TypedDict):
    """Points of two classes and what was learned of them: ``shade`` are rows of p(class 1 | x) from top to bottom over ``box`` (left, right,
    bottom, top), ``ellipses`` the two distributions of a generative model, ``drawn`` new points of each class."""

    kind: Literal["plane"]
    title: str
    points: Sequence[Point]
    box: Sequence[float]
    shade: Sequence[Sequence[float]]
    ellipses: Sequence[Ellipse]
    drawn: Sequence[Sequence[Sequence[float]]]
    names: Sequence[str]
    words: Mapping[str, str]


class LookedUp(TypedDict):
    """Sentences of a text as (piece, whether it is shared) each, ``ranks`` of the found ones (0: not found), and the prompt they make."""

    kind: Literal["lookup"]
    sentences: Sequence[Sequence[tuple[str, bool]]]
    ranks: Sequence[int]
    prompt: Sequence[str]
    words: Mapping[str, str]


class Amount(TypedDict):
    """Words of a collection; ``labelled`` ones are drawn otherwise; ``note`` says where the number comes from."""

    name: str
    words: float
    labelled: bool
    note: str


class Squares(TypedDict):
    """Amounts as squares at one scale; ``beyond`` says of those too large to be drawn."""

    kind: Literal["squares"]
    amounts: Sequence[Amount]
    beyond: str
    title: str
    lang: NotRequired[str]


Scene = Curves | Grids | Chain | Plane | LookedUp | Squares


def history_scene(scene: Scene, *, name: str) -> None:
    """Draw what was computed.

    Args:
        scene: the result.
        name: the element's key, and the name of its picture.
    """
    _mount(key=name, data={**scene, "name": name})
