"""A pair of sentences and its changes with P(IsNext), which the browser computes where it has the model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from components.elements.engine import ModelFiles
from components.elements.mount import element
from components.words import labels

_mount = element("bert/next_probe")


class Probed(TypedDict):
    """A pair or one of its changes with P(IsNext); ``known``: what a reader would say of it is known."""

    case: str
    first: str
    second: str
    is_next: float
    known: bool


class NextProbe(TypedDict):
    """What the element is sent: ``state`` of the four sentences by their keys in the link; ``scene`` the prepared ones by
    name, ``prepared`` those of every language, which stand for the scene's; ``between`` separates A from B; ``found`` are
    the pairs with the model's answers, or None where the browser computes, ``asked`` the sentences they are of, as JSON.
    ``rev``, ``params`` and ``files`` as in ``components/elements/view.py``, ``shell/links.py`` and ``elements/engine.py``."""

    rev: int
    state: Mapping[str, str]
    params: Sequence[Mapping[str, Any]]
    scene: Mapping[str, str]
    prepared: Mapping[str, Sequence[str]]
    between: str
    model: str
    files: ModelFiles | None
    asked: str
    found: list[Probed] | None


def next_probe(data: NextProbe, *, on_view: Callable[[], None]) -> None:
    """Draw the pairs.

    Trigger under the key ``next_probe``: ``view`` ({rev, state: the four sentences, browser: the model that the browser
    computes with, or None}), always the whole state.

    Args:
        data: the sentences, and what the model says of them.
    """
    _mount(
        key="next_probe",
        data={**data, "words": labels("nsp") | labels("engine")},
        on_view_change=on_view,
    )
