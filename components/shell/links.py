"""The one owner of the link: what the address bar holds, and when it is believed.

Three rules keep a view and its link the same thing.

1. The address is *read* only when the reader came by it: the first run of a session, a change
   of page, or the browser's Back and Forward. In every other run the state on screen is right
   and the address follows it, so a fast click is never undone by an address that lags behind.
2. It is read before any widget exists, value by value; what cannot be used is replaced by the
   nearest value that can, and the reader is told in one line.
3. It is *written* once per run, by :func:`close_view`. A value equal to its default is left
   out; language is always in. Streamlit turns a changed query into a history entry, so Back and
   Forward undo and redo a view.

What the toolbar copies also carries ``weights``: the first eight digits of the revisions of the models that the page ran
(:func:`made_with`). With other weights the link opens the same view, and the page says that what it computes may differ.

A page declares what its link holds with :func:`open_view`; its widgets show and set these values (``held.py``), and
its elements, whose state Streamlit cannot bind, hand theirs over with :func:`put`.
"""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import SessionState

from components.elements.view import sent
from components.words import LANGUAGES, browser_language

MAX_TEXT_IN_LINK = 2_000
"""Characters of one text that travel in a link; a longer one travels as the page's JSON."""
WEIGHTS = "weights"
"""The name in a copied link of the weights it was made with."""
MAX_WEIGHTS = 80
_REVISION = re.compile(r"(?<![0-9a-z])[0-9a-f]{8,}(?![0-9a-z])")


@dataclass(frozen=True)
class Note:
    """What was changed while a link was read: a code worded in ``[links]`` of ``ui.toml``."""

    code: str
    key: str
    given: str
    used: str


class Unusable(ValueError):
    """A value of a link that has no near neighbour; the default is used."""


# Each kind has an ``example``: another value that the page can show. One test opens every page with all examples at
# once and follows them through everything a reader does; where a value near the default will do, none need be given.


@dataclass(frozen=True)
class Choice:
    """One of a few identifiers, shown as they are."""

    key: str
    options: Sequence[str]
    default: str
    example: str | None = None

    def read(self, raw: str) -> str:
        if raw not in self.options:
            raise Unusable
        return raw

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds."""

    key: str
    low: int
    high: int
    default: int
    example: int | None = None

    def read(self, raw: str) -> int:
        try:
            number = float(raw)
        except ValueError:
            raise Unusable from None
        if not math.isfinite(number):
            raise Unusable
        return min(max(int(number), self.low), self.high)

    def write(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True)
class Number:
    """A number within bounds, kept to a few decimals."""

    key: str
    low: float
    high: float
    default: float
    decimals: int = 2
    example: float | None = None

    def read(self, raw: str) -> float:
        try:
            number = float(raw)
        except ValueError:
            raise Unusable from None
        if not math.isfinite(number):
            raise Unusable
        return round(min(max(number, self.low), self.high), self.decimals)

    def write(self, value: float) -> str:
        return f"{value:.{self.decimals}f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Text:
    """A text of the reader's; ``low`` and ``high`` of other kinds are its length here."""

    key: str
    default: str
    max_chars: int = 20_000
    example: str | None = None

    def read(self, raw: str) -> str:
        return raw.replace("\x00", "")[: self.max_chars]

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class Flag:
    """On or off."""

    key: str
    default: bool = False
    example: bool | None = None

    def read(self, raw: str) -> bool:
        if raw not in ("0", "1"):
            raise Unusable
        return raw == "1"

    def write(self, value: bool) -> str:
        return "1" if value else "0"


@dataclass(frozen=True)
class Numbers:
    """A list of whole numbers from 0 up, for example the token ids picked on a branch."""

    key: str
    default: tuple[int, ...] = ()
    most: int = 600
    high: int = 2**31
    example: tuple[int, ...] | None = None

    def read(self, raw: str) -> tuple[int, ...]:
        try:
            numbers = tuple(int(part) for part in raw.split(".") if part)
        except ValueError:
            raise Unusable from None
        if any(not 0 <= n <= self.high for n in numbers):
            raise Unusable
        return numbers[: self.most]

    def write(self, value: Sequence[int]) -> str:
        return ".".join(map(str, value))


@dataclass(frozen=True)
class Json:
    """A small edited table, as compact JSON; ``check`` of the page decides what it may hold."""

    key: str
    default: Any = None
    max_chars: int = MAX_TEXT_IN_LINK
    example: Any = None

    def read(self, raw: str) -> Any:
        if len(raw) > self.max_chars:
            raise Unusable
        try:
            value = json.loads(raw)
            self.write(value).encode("utf-8")  # "\ud83d" is half of a character: nothing can show it
        except (ValueError, RecursionError):
            raise Unusable from None
        return value

    def write(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Param(Protocol):
    """One thing a link holds, of any of the kinds above."""

    @property
    def key(self) -> str:
        """The key of the widget and the name in the address."""

    @property
    def default(self) -> Any:
        """The value that is left out of the address."""

    @property
    def example(self) -> Any:
        """Another value that the page can show, or None."""

    def read(self, raw: str) -> Any:
        """Return the value an address holds.

        Raises:
            Unusable: there is no near value; the default is used.
        """

    def write(self, value: Any) -> str:
        """Return a value as an address holds it."""


_FRAME = (Choice("lang", LANGUAGES, ""), Choice("size", ("normal", "lecture"), "normal"))


@dataclass
class _View:
    """What one session remembers of its links."""

    page: str = ""
    params: tuple[Param, ...] = ()
    last_params: tuple[Param, ...] = ()  # kept when a run is cut short before its page declares any
    values: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    korean: dict[str, Any] = field(default_factory=dict)
    lent: dict[str, Any] = field(default_factory=dict)  # what Korean beginnings have set
    began: set[str] = field(default_factory=set)  # pages that began in Korean
    taken_back: set[str] = field(
        default_factory=set
    )  # keys of ``lent`` that another page set to their defaults
    revision: int = 0
    weights: str = ""  # those a link names, until the page has said which it runs


def _view() -> _View:
    view: _View = st.session_state.setdefault("_view", _View())
    return view


def _came_by_history() -> bool:
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False))


def _adopt(param: Param, raw: str, notes: list[Note]) -> None:
    try:
        value = param.read(raw)
        as_asked = isinstance(param, Json)  # it is what was asked for, also where the link has blanks
    except Unusable:
        value, as_asked = param.default, False
    st.session_state[param.key] = value
    as_asked = as_asked or (isinstance(param, Number | Integer) and _same_number(param, value, raw))
    if param.write(value) != raw and not as_asked:
        table = isinstance(param, Json)  # nobody reads one in a line
        notes.append(Note("changed", param.key, raw[:40], "" if table else param.write(value)[:40]))


def _same_number(param: Number | Integer, value: float, raw: str) -> bool:
    try:
        return float(raw) == float(param.write(value))  # type: ignore[arg-type]
    except ValueError:
        return False


def _fits(param: Param, value: Any) -> bool:
    """Whether a value is of the parameter's kind and within its bounds."""
    if value is None:  # an emptied widget; the page words it
        return True
    if isinstance(param, Text):
        return isinstance(value, str)
    try:
        written = param.write(value)
        return isinstance(written, str) and param.write(param.read(written)) == written
    except (Unusable, TypeError, ValueError, AttributeError):
        return False


def open_frame() -> None:
    """Settle language and text size, before the first word is drawn."""
    first = "_view" not in st.session_state
    view = _view()
    if first:
        st.session_state["lang"] = browser_language()
        st.session_state["size"] = "normal"
    if first or _came_by_history():
        for param in _FRAME:
            raw = st.query_params.get(param.key)
            if raw is not None and raw in param.options:
                st.session_state[param.key] = raw
    view.params = ()


def came_back(address: str) -> None:
    """Adopt what the browser of a reader shows whose session is gone; must run before the page opens its view.

    Args:
        address: the query of the address bar. The one that Streamlit sends lacks what an element has put there by itself and
            the server of before has not heard of.
    """
    asked = dict(parse_qsl(address.removeprefix("?"), keep_blank_values=True))
    st.query_params.from_dict(
        {key: value for key, value in asked.items() if not key.lower().startswith("embed")}
    )
    st.session_state["_view"] = _View(revision=_view().revision)


def open_view(page: str, *params: Param, korean: Mapping[str, Any] | None = None) -> None:
    """Declare what the link of ``page`` holds, and adopt the link if the reader came by one.

    After this call ``st.session_state`` holds a usable value for the key of every parameter; no widget owns it.

    ``korean`` is what the page begins with, in place of defaults, when it is opened in Korean by a link that asks for
    nothing. It is taken whole or not at all: a text does not go with words that the reader has chosen on another page.
    What it sets of a key that pages share, above all a model, it sets for its own page: others begin with their own.
    """
    view = _view()
    view.korean = dict(korean or {})
    entered = view.page != page
    notes: list[Note] = []
    start = _korean_start(page, params, entered)
    if entered or _came_by_history():
        view.notes = ()
        for param in params:
            raw = st.query_params.get(param.key)
            if raw is not None:
                _adopt(param, raw, notes)
            elif not entered:  # Back to a view whose value was the default
                st.session_state[param.key] = start.get(param.key, param.default)
        known = {p.key for p in (*params, *_FRAME)} | {WEIGHTS}
        view.weights = st.query_params.get(WEIGHTS, "")[:MAX_WEIGHTS]
        unknown = [key for key in st.query_params if key not in known]
        notes += [Note("unknown", key[:40], "", "") for key in unknown[:3]]
        view.revision += 1
        view.notes = tuple(notes)
    for param in params:
        if entered and param.key in view.values and param.key not in st.query_params:
            st.session_state[param.key] = view.values[param.key]
        if entered and param.key in start:
            st.session_state[param.key] = start[param.key]
        # Two pages may use one key; a value that the other page's kind left behind is not ours.
        if param.key not in st.session_state or (entered and not _fits(param, st.session_state[param.key])):
            kept = view.values.get(param.key, start.get(param.key, param.default))
            st.session_state[param.key] = kept if _fits(param, kept) else param.default
    view.page, view.params, view.last_params = page, params, params


def _korean_start(page: str, params: Sequence[Param], entered: bool) -> Mapping[str, Any]:
    """Return what stands in for defaults and for what other pages left behind, where a bare link opens the page.

    In Korean that is ``korean`` of the page, if the reader has set nothing of it. Else it concerns keys that a Korean beginning
    of another page has set and no hand has changed since: they go back to their defaults, and return with their page.
    """
    view, state = _view(), st.session_state
    if any(param.key in st.query_params for param in params):
        return {}
    in_korean = state.get("lang") == "ko"
    if not entered:
        return view.korean if in_korean else {}
    defaults = {param.key: param.default for param in params}
    held = {key: view.values.get(key, state.get(key)) for key in view.korean}
    lent = {key for key, value in held.items() if key in view.lent and value == view.lent[key]}
    untouched = all(
        key in lent or held[key] in (None, value, defaults[key]) for key, value in view.korean.items()
    )
    # A view that stands at its defaults was opened in English, and stays; a default that we set ourselves says nothing.
    new = any(held[key] != defaults[key] or key in view.taken_back for key in view.korean)
    if in_korean and untouched and new:
        view.lent.update(view.korean)
        view.began.add(page)
        view.taken_back -= view.korean.keys()
        return view.korean
    if page in view.began:
        return {
            key: value
            for key, value in view.korean.items()
            if (key in view.taken_back and held[key] == defaults[key]) or key in lent
        }
    ours = {
        key: default
        for key, default in defaults.items()
        if key in view.lent and state.get(key) == view.lent[key]
    }
    view.taken_back |= ours.keys()
    return ours


def put(key: str, value: Any) -> None:
    """Hand over a value that an element holds."""
    st.session_state[key] = value


def run_again() -> None:
    """Run the whole page again from inside a fragment."""
    st.rerun()


def moved() -> None:
    """Say that Python moved the state, so that elements give up their own."""
    _view().revision += 1


def adopt(state: dict[str, Any]) -> list[Note]:
    """Take over the state of a page's JSON export; returns what had to be changed.

    Must run before the widgets of the page exist (in a callback).
    """
    view = _view()
    notes: list[Note] = []
    for param in view.last_params:
        if param.key in state:
            _adopt(param, _as_in_link(param, state[param.key]), notes)
    view.revision += 1
    view.notes = tuple(notes)
    return notes


def _as_in_link(param: Param, value: Any) -> str:
    """Return a value of a file as a link would hold it; of one that is of another kind, what it says."""
    if isinstance(value, str):
        return value
    try:
        return str(param.write(_filled(param, value)))
    except (TypeError, ValueError):
        return str(value)


def _filled(param: Param, value: Any) -> Any:
    """Return a value, and the default for one of an emptied field, of which a link says nothing."""
    return param.default if value is None and not isinstance(param, Json) else value


def within(state: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any] | None:
    """Return the values of ``keys`` in a whole state of the page, or None if it differs from what is in force in another."""
    found = {}
    for param in _view().params:
        raw = state[param.key]
        value = param.read(raw if isinstance(raw, str) else param.write(_filled(param, raw)))
        if param.key in keys:
            found[param.key] = list(value) if isinstance(value, tuple) else value
        elif param.write(value) != param.write(_filled(param, st.session_state[param.key])):
            return None
    return found


def heard(element: str, trigger: str = "view") -> Mapping[str, Any] | None:
    """Return what an element reports by a trigger, its ``state`` taken over; None if it was said of a view that is gone.

    Must run in a callback.

    Args:
        element: its key.
    """
    report = sent((st.session_state.get(element) or {}).get(trigger), revision())
    if report is not None and isinstance(report.get("state"), Mapping):
        take_over(report["state"])
    return report


def take_over(state: Mapping[str, Any]) -> bool:
    """Take over what the browser has moved by itself; True if anything but a step is new.

    Must run in a callback. What cannot be used is left as it was; no revision is counted, because the browser is ahead.
    """
    moved = False
    for param in _view().last_params:
        if param.key not in state:
            continue
        try:
            value = param.read(param.write(state[param.key]))
        except (Unusable, TypeError, ValueError, AttributeError):
            continue
        moved |= value != st.session_state.get(param.key) and param.key != "step"
        st.session_state[param.key] = value
    return moved


def described(*keys: str) -> list[dict[str, Any]]:
    """Return the parameters of the open view in the order of the address, as ``lib/view.js`` reads them.

    Those of ``keys``, which the browser moves by itself, with kind, default, bounds and options, and with what an address that
    asks for nothing means for it in Korean (``bare``); of the others the key, and what the address says of it once it
    asks for anything.
    """
    begins = _view().korean if st.session_state.get("lang") == "ko" else {}
    told = [described_alone(param) if param.key in keys else _untouched(param) for param in _view().params]
    return [{**about, "bare": begins[about["key"]]} if about["key"] in begins else about for about in told]


def _untouched(param: Param) -> dict[str, Any]:
    written = param.write(_filled(param, st.session_state.get(param.key, param.default)))
    usual = written == param.write(param.default) or len(written) > MAX_TEXT_IN_LINK
    return {"key": param.key} if usual else {"key": param.key, "value": written}


def described_alone(param: Param) -> dict[str, Any]:
    """Return one parameter as ``lib/view.js`` reads it."""
    about: dict[str, Any] = {"key": param.key, "kind": type(param).__name__, "default": param.default}
    if isinstance(param, Numbers):
        about["default"] = list(param.default)
    elif isinstance(param, Integer | Number):
        about |= {"low": param.low, "high": param.high}
    elif isinstance(param, Text):
        about["high"] = param.max_chars
    elif isinstance(param, Choice):
        about["options"] = list(param.options)
    return about


def declared(session: SessionState) -> tuple[tuple[Param, ...], dict[str, Any]]:
    """Return what the link of the open page of another session holds, and its values."""
    if "_view" not in session:
        return (), {}
    params = session["_view"].params
    return params, {
        p.key: session[p.key] if p.key in session else p.default  # noqa: SIM401 - a SessionState has no get of a default
        for p in params
    }


def page() -> str:
    """Return the name of the open page."""
    return _view().page


def current() -> dict[str, Any]:
    """Return the state of the open page, as its JSON export holds it."""
    return {p.key: st.session_state.get(p.key, p.default) for p in _view().params}


def number(key: str, otherwise: int = 0) -> int:
    """Return a whole number of the open page; a box that was emptied counts as ``otherwise``."""
    value = st.session_state[key]
    return otherwise if value is None else int(value)


def made_with(revisions: str) -> str:
    """Return what a copied link says of the weights on this page, and note it if the link that opened it says other ones.

    ``revisions`` are those of the models, however they are separated; "" for a page that runs none.

    >>> made_with("sha256:0123456789abcdef, sha256:fedcba9876543210")
    '01234567.fedcba98'
    """
    here = ".".join(digest[:8] for digest in _REVISION.findall(revisions))
    view = _view()
    if view.weights and here and view.weights != here:
        view.notes = (*view.notes, Note("weights", WEIGHTS, view.weights, here))
    view.weights = ""
    return here


def notes() -> tuple[Note, ...]:
    """Return what was changed when the open view was read from a link."""
    return _view().notes


def forget_notes() -> None:
    """Drop the notes: the state came from a prepared link of ours."""
    _view().notes = ()


def defaults() -> dict[str, Any]:
    """Return the state the open page starts from."""
    return {p.key: p.default for p in _view().params}


def too_long() -> tuple[str, ...]:
    """Return the keys of what is in force now and too long to travel in the link."""
    view = _view()
    return tuple(
        param.key
        for param in view.params
        if (value := st.session_state.get(param.key)) is not None
        and value != param.default
        and len(param.write(value)) > MAX_TEXT_IN_LINK
    )


def name_field(key: str, label: str) -> None:
    """Remember what the field of a parameter is called on screen; notes about links call it so."""
    _view().names[key] = label.replace("`", "")


def field_name(key: str) -> str | None:
    """Return what the field of a parameter is called on screen, or None if an element holds it."""
    return _view().names.get(key)


def revision() -> int:
    """Return a number that rises whenever a link, not the reader's hand, moved the state.

    Elements keep their own state between runs and give it up only when this number changed.
    """
    return _view().revision


def reported(value: Any) -> int | None:
    """Return the step an element reports, or None if Python has moved the state since the reader's hand did."""
    if not isinstance(value, Mapping) or value.get("rev") != revision():
        return None
    step = value.get("step")
    return step if isinstance(step, int) and step >= 0 else None


def query(page_state: dict[str, Any] | None = None) -> dict[str, str]:
    """Return the canonical query of the open page, or of the same page in another state."""
    view = _view()
    result = {"lang": str(st.session_state.get("lang", "en"))}
    if st.session_state.get("size", "normal") != "normal":
        result["size"] = str(st.session_state["size"])
    for param in view.params:
        value = (
            st.session_state.get(param.key, param.default)
            if page_state is None
            else page_state.get(param.key, param.default)
        )
        if value is None and not isinstance(param, Json):  # an emptied field; a link to it has nothing to say
            continue
        written = param.write(value)
        if written == param.write(param.default):
            continue
        if len(written) > MAX_TEXT_IN_LINK:
            continue
        result[param.key] = written
    return result if page_state is not None else _said_in_korean(result)


def _said_in_korean(result: dict[str, str]) -> dict[str, str]:
    """Return the query of what is on screen where a bare link opens another view in Korean than in English."""
    view = _view()
    if result["lang"] != "ko" or not view.korean:
        return result
    written = {p.key: p.write(view.korean[p.key]) for p in view.params if p.key in view.korean}
    asked = {key: value for key, value in result.items() if key not in ("lang", "size")}
    if asked == written:
        return {key: value for key, value in result.items() if key not in written}
    if not asked:  # all defaults: a bare link would open the Korean view
        values = {p.key: st.session_state[p.key] for p in view.params if p.key in view.korean}
        return result | {p.key: p.write(values[p.key]) for p in view.params if values.get(p.key) is not None}
    return result


def left_out() -> dict[str, str]:
    """Return what a copied link must say beyond the address: with it, it shows the same in the other language, too."""
    view = _view()
    shown = query()
    if shown["lang"] != "ko" or not view.korean or any(param.key in shown for param in view.params):
        return {}
    return {p.key: p.write(view.korean[p.key]) for p in view.params if p.key in view.korean}


def frame_query() -> dict[str, str]:
    """Return the part of the link that every page shares: language and text size."""
    return {key: value for key, value in query({}).items() if key in ("lang", "size")}


def close_view() -> None:
    """Write the link of what is on screen, and remember the values for a return to this page."""
    view = _view()
    for param in view.params:
        if param.key in st.session_state:
            view.values[param.key] = st.session_state[param.key]
    wanted = query()
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
