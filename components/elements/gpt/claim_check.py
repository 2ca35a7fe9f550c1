"""What a model's text claims, in order: the reader presses what cannot be true together with the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Subset, reported, started

_mount = element("gpt/claim_check")


@dataclass(frozen=True)
class ClaimView:
    """The places of the claims that the reader has pressed."""

    opened: tuple[int, ...]


class Claim(TypedDict):
    """One claim, whether it clashes with another, and why."""

    text: str
    clash: bool
    why: str


def claim_check(
    claims: Sequence[Claim],
    view: ClaimView,
    *,
    words: Mapping[str, str],
    rev: int,
    key: str,
    on_view: Callable[[], None],
) -> None:
    """Draw the claims.

    Args:
        claims: in the order of the text.
        view: what the link has pressed; the element follows it when ``rev`` changes.
        words: labels of the element.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        on_view: told when the reader pressed one; ``st.session_state[key]["view"]`` then holds it, to be checked.
    """
    start = started(key, view, rev)
    data = {"claims": list(claims), "words": dict(words), "rev": rev, "start": list(start.opened)}
    _mount(key=key, data=data, on_view_change=on_view)


def pressed(value: object, otherwise: ClaimView, rev: int, *, claims: int) -> ClaimView:
    """Return what a browser reports as pressed under this ``rev``, or ``otherwise``."""
    return reported(value, otherwise, rev, {"opened": Subset(claims)})
