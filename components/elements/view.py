"""What a reader holds in an element: where it starts, what the browser reports, and within which bounds.

Every element that steps or points does the same three things. It *starts* from the view of the link and gives up its own
only when ``rev`` changed, so the data it is sent stays the same while the reader moves and does not travel again. It
*reports* its view with the ``rev`` it was made under, so an old report undoes nothing. And what comes from a browser is
*checked*: each field of the view declares its bounds once, next to the element.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, SupportsFloat, SupportsInt, TypeVar

import streamlit as st

View = TypeVar("View")
"""A frozen dataclass of plain values."""


class Bound(Protocol):
    """What one field of a view may hold."""

    def read(self, value: object) -> object:
        """Return the nearest value that is allowed.

        Raises:
            TypeError, ValueError, OverflowError: there is none; the whole report is then not believed.
        """


def whole(value: object) -> int:
    """Return what a browser sent as a whole number.

    Raises:
        TypeError, ValueError, OverflowError: it is none.
    """
    if not isinstance(value, SupportsInt | str):
        raise TypeError(value)
    return int(value)


def members(value: object) -> Iterable[object]:
    """Return what a list holds that a browser sent.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise TypeError(value)
    return value


@dataclass(frozen=True)
class Whole:
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int

    def read(self, value: object) -> int:
        return min(max(whole(value), self.low), self.high)


@dataclass(frozen=True)
class Real:
    """A number from ``low`` to ``high``."""

    low: float
    high: float

    def read(self, value: object) -> float:
        if not isinstance(value, SupportsFloat | str):
            raise TypeError(value)
        number = float(value)
        if number != number:
            raise ValueError("not a number")
        return min(max(number, self.low), self.high)


@dataclass(frozen=True)
class OneOf:
    """One of a few identifiers."""

    options: Collection[str]

    def read(self, value: object) -> str:
        if value not in self.options:
            raise ValueError(value)
        return str(value)


@dataclass(frozen=True)
class Flag:
    """On or off."""

    def read(self, value: object) -> bool:
        return bool(value)


@dataclass(frozen=True)
class Several:
    """A tuple of values of one kind, as many as ``count`` says or any number."""

    bound: Bound
    count: int | None = None

    def read(self, value: object) -> tuple[object, ...]:
        found = tuple(self.bound.read(one) for one in members(value))
        if self.count is not None and len(found) != self.count:
            raise ValueError(f"{len(found)} values instead of {self.count}")
        return found


@dataclass(frozen=True)
class Subset:
    """Different places below ``size``, in order; others are left out."""

    size: int

    def read(self, value: object) -> tuple[int, ...]:
        return tuple(sorted({place for place in map(whole, members(value)) if 0 <= place < self.size}))


@dataclass(frozen=True)
class Members:
    """Different identifiers out of ``options``, in their order; others are left out."""

    options: Sequence[str]

    def read(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, Collection) or isinstance(value, str):
            raise TypeError(value)
        return tuple(one for one in self.options if one in value)


def started(key: str, view: View, rev: object) -> View:
    """Return the view an element starts from: the one held when ``rev`` last changed."""
    held = st.session_state.get(f"_{key}_start")
    if held is None or held[0] != rev:
        held = st.session_state[f"_{key}_start"] = (rev, view)
    start: View = held[1]
    return start


def placed(
    mount: Callable[..., Any],
    data: Mapping[str, object],
    view: View,
    bounds: Mapping[str, Bound],
    *,
    rev: int,
    key: str,
    identity: str | None = None,
) -> View:
    """Draw an element that keeps its own place, and return where the reader is in it now.

    Args:
        mount: what :func:`components.elements.mount.element` returned.
        data: what the element draws; ``rev``, ``start`` and, where there is one, the ``identity`` as ``id`` are added.
        view: the state of the link; the element follows it when ``rev`` or ``identity`` changes.
        bounds: as in :func:`reported`.
        rev: raised when Python moved the state.
        key: the element's key in the session.
        identity: names what is shown; the element begins anew when it changes.
    """
    start = asdict(started(key, view, rev if identity is None else (rev, identity)))  # type: ignore[call-overload]
    named = {} if identity is None else {"id": identity}
    sent_data = {**data, **named, "rev": rev, "start": start}
    result = mount(key=key, data=sent_data, on_view_change=lambda: None)
    return reported(result.get("view"), view, rev, bounds)


def sent(value: object, rev: object = None) -> Mapping[str, Any] | None:
    """Return the message of a trigger if it was made under this ``rev``, else None; its fields are not checked yet.

    Args:
        value: what came from the browser.
        rev: as in :func:`reported`; None for an element that sends no ``rev``, because what it says holds at any time.
    """
    return value if isinstance(value, Mapping) and value.get("rev") == rev else None


def reported(value: object, otherwise: View, rev: object, bounds: Mapping[str, Bound]) -> View:
    """Return the view a browser reports under this ``rev``, or ``otherwise``; both within ``bounds``.

    Args:
        value: what came from the browser: field name -> value, and ``rev``.
        bounds: for every field of the view, what it may hold.
    """
    kind = type(otherwise)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    found = sent(value, rev)
    if found is not None:
        try:
            return kind(**{name: bounds[name].read(found[name]) for name in names})
        except (KeyError, TypeError, ValueError, OverflowError):
            pass
    return kind(**{name: bounds[name].read(getattr(otherwise, name)) for name in names})
