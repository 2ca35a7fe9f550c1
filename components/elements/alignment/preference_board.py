"""Two stories to choose from, and a reward model that puts a hundred others in order after every choice."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from components.elements.mount import element
from components.elements.view import sent, started, whole

_mount = element("alignment/preference_board")


@dataclass(frozen=True)
class PreferenceView:
    """``step``: presses that count; ``clicks``: a character a pair; ``who``: 22 characters of this browser, or nothing."""

    step: int
    clicks: str = ""
    who: str = ""


class PreferenceData(TypedDict):
    """What the board is sent.

    ``pairs`` are (beginning, story, story), ``unseen`` (beginning, story), ``vectors`` one byte a number in base64: those of
    the pairs and of the unseen stories. ``shown``: the pairs that were pressed, where nothing can be pressed (not ``open``);
    ``order``: in which they are asked, [] for their own; ``marks``: the rule's number of each unseen story; ``right``: how many
    held-out pairs the judge gets right after each of the rule's presses, and how many there are. ``rule``: a rule pressed, and
    held-out pairs say how good the judge is; ``named``: presses go to a list; ``hidden``: what the judge makes of them is not
    shown.
    """

    beginnings: Sequence[str]
    pairs: Sequence[Sequence[Any]]
    unseen: Sequence[Sequence[Any]]
    vectors: str
    scale: float
    features: int
    shrinkage: float
    newton: int
    folds: int
    clicks: str
    shown: Sequence[int]
    order: Sequence[int]
    marks: Sequence[int] | None
    right: tuple[Sequence[int], int] | None
    open: bool
    rule: bool
    named: bool
    hidden: bool
    words: Mapping[str, str]
    stepper: Mapping[str, str]


def preference_board(
    data: PreferenceData, view: PreferenceView, *, identity: str, rev: int, key: str
) -> PreferenceView:
    """Draw the board and return where the reader is now and what was pressed.

    Args:
        data: stories, vectors, presses and words.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        identity: names what is shown.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    start = started(key, view, (rev, identity))
    result = _mount(
        key=key,
        data={**data, "id": identity, "rev": rev, "start": asdict(start)},
        on_view_change=lambda: None,
    )
    return reported(result.get("view"), view, identity, rev, len(data["pairs"]))


def reported(value: object, otherwise: PreferenceView, identity: str, rev: int, pairs: int) -> PreferenceView:
    """Return what a browser reports of what is shown under this ``rev``, or ``otherwise``; nothing but presses of these pairs."""
    found = sent(value, rev)
    if found is None or found.get("id") != identity:
        return otherwise
    try:
        step, clicks, who = whole(found["step"]), found["clicks"], found["who"]
    except (KeyError, TypeError, ValueError, OverflowError):
        return otherwise
    if not isinstance(clicks, str) or not isinstance(who, str):
        return otherwise
    return PreferenceView(min(max(step, 0), pairs), pressed(clicks, pairs), who if is_browser(who) else "")


def pressed(clicks: str, pairs: int) -> str:
    """Return presses as they are kept: ``1``, ``2``, ``0``, ``-`` for not asked; nothing after the last press."""
    return "".join(c if c in "012" else "-" for c in clicks[:pairs]).rstrip("-")


def is_browser(who: str) -> bool:
    """Return whether this is how a browser calls itself."""
    return len(who) == 22 and who.isascii() and who.replace("-", "a").replace("_", "a").isalnum()
