"""Ten rounds of "does B follow A?": the class votes, then the model answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.words import labels

_mount = element("bert/next_rounds")


class NextPair(TypedDict):
    """One round: two sentences and who says each; the truth; whether B is from another text, and which line of it; the
    model's P(IsNext)."""

    first: str
    second: str
    who: list[str]
    is_next: bool
    other: bool
    line: int
    p: float


class Scene(TypedDict):
    """What pairs are drawn from: ``lines`` of the scene and ``others`` from elsewhere, as [who, text]; ``known`` the model's
    P(IsNext) of them as far as it was recorded, [line, line] and [line, other], None where it was not."""

    lines: Sequence[Sequence[str]]
    others: Sequence[Sequence[str]]
    known: Mapping[str, Sequence[Sequence[float | None]]]


class NextRounds(TypedDict):
    """What the element is sent.

    ``state`` (elsewhere, nsp_seed, round, votes) is the view, as it was when ``rev`` last changed; ``asked`` is [elsewhere,
    seed] of ``pairs``, which are None where the browser judges them. ``marks`` stand before A, between A and B, and after B;
    ``scene``, whose ``title`` is told, is what the browser draws other pairs from; ``said`` are model, revision and parameters
    of the caption. ``params`` as in ``components/shell/links.py``, ``files`` as in
    ``components/elements/engine.py``.
    """

    rev: int
    state: Mapping[str, Any]
    params: Sequence[Mapping[str, Any]]
    marks: list[str]
    model: str
    files: ModelFiles | None
    scene: Scene
    title: str
    said: Mapping[str, str]
    asked: list[object]
    pairs: list[NextPair] | None


def next_rounds(data: NextRounds, *, on_view: Callable[[], None]) -> None:
    """Draw the rounds; votes are taken in the browser, before anything of the answer is shown, and so are other pairs.

    Trigger under the key ``next_rounds``: ``view`` ({rev, state, browser: the model that the browser judges with or None, p:
    P(IsNext) of the round that is shown, or None}), always the whole state.

    Args:
        data: the pairs and where the class is.
    """
    _mount(
        key="next_rounds",
        data={**data, "words": labels("engine") | labels("nsp")},
        on_view_change=on_view,
    )
