"""ELECTRA on one text, step by step: what is hidden, drawn, read and judged, and what gives a loss."""

from collections.abc import Callable
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("bert/electra_flow")


class FlowToken(TypedDict):
    """A token of the text; ``special`` ones are never hidden or judged."""

    text: str
    special: bool


class FlowWord(TypedDict):
    """A token and its probability."""

    token: str
    p: float


class FlowPlace(TypedDict):
    """A hidden place: the likeliest words there, the original, the drawn one, and whether they differ."""

    position: int
    candidates: list[FlowWord]
    original: FlowWord
    drawn: FlowWord
    replaced: bool


class FlowDraw(TypedDict):
    """One draw on a text.

    ``given``: what the discriminator reads; ``suspicion``: its P(replaced), both one a token. ``losses``: mean nats, the
    generator's None where it did not draw.
    """

    mask: str
    tokens: list[FlowToken]
    given: list[str]
    suspicion: list[float]
    places: list[FlowPlace]
    losses: dict[str, float | None]


class FlowData(FlowDraw):
    """What the element is sent. It follows ``stage`` (0 to 5) when ``rev`` changes, and begins with the first place when
    ``run`` does."""

    rev: int
    run: str
    stage: int
    seed: int
    fakes: str


def electra_flow(data: FlowData, *, on_stage: Callable[[], None], on_again: Callable[[], None]) -> None:
    """Draw the steps; they move in the browser.

    Triggers under the key ``electra_flow``: ``stage`` (the step), ``again`` (the seed of another draw).
    """
    _mount(
        key="electra_flow",
        data={**data, "words": labels("electra_flow") | labels("stepper")},
        on_stage_change=on_stage,
        on_again_change=on_again,
    )
