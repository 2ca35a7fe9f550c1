"""Trainings on request, as pages of several chapters offer them: in a thread, the same settings once for all readers.

A training goes on when its reader leaves the page. It ends when the last reader who asked for it presses stop, and goes
on from there when one asks again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypedDict, TypeVar, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.shell import links
from components.shell.background import Work, Works
from components.shell.layout import Export, as_csv, as_json
from components.words import t, told

QUEUE = 300
"""Trainings that may wait at once: a class of thirty asks for thirty different ones. With more, the oldest is not done."""
KEEP = 24
"""Trainings kept on the server; the largest takes some 60 MB while it runs, 9 MB after: what a pocket model learned, to be taken home."""


class Found(TypedDict):
    """What every training tells of itself; a page adds what it measures."""

    step: int
    steps: int
    seconds: float


Wanted = TypeVar("Wanted", bound=Hashable)
"""The settings of a training: the same settings are trained once."""
Told = TypeVar("Told", bound=Found)
Told_co = TypeVar("Told_co", bound=Found, covariant=True)


class Trainable(Protocol[Told_co]):
    """Something that is trained step by step."""

    @property
    def fraction(self) -> float:
        """How far it is, 0 to 1; it has ended at 1."""

    def step(self) -> None:
        """Take one step, at most some 0.2 seconds."""

    def result(self) -> Told_co:
        """Return what is known so far, to be shown; called between two steps."""


class Loop(Protocol):
    """Where a run stands in its training."""

    @property
    def step(self) -> int:
        """Steps taken."""

    @property
    def steps(self) -> int:
        """Steps in all."""


class Run(Protocol):
    """One run of several that are trained together."""

    @property
    def loop(self) -> Loop:
        """Where it stands."""

    def step(self) -> None:
        """Take one step."""


class InTurns:
    """Runs that are compared, one step each in turn, so that their curves grow together."""

    def __init__(self, *runs: Run) -> None:
        self._runs = runs

    @property
    def fraction(self) -> float:
        """How far all are."""
        return sum(run.loop.step for run in self._runs) / sum(run.loop.steps for run in self._runs)

    def step(self) -> None:
        """One step of the run that is behind."""
        min(self._runs, key=lambda run: run.loop.step).step()


class Training:
    """One training with everything known of it so far."""

    def __init__(self, make: Callable[[], Trainable[Found]]) -> None:
        self._make = make
        self._trained: Trainable[Found] | None = None
        self.result: Found | None = None
        self.finished = False
        self.fraction = 0.0
        self.work: Work | None = None
        self.attempts = 0
        self.wanted_by: set[str] = set()

    @property
    def running(self) -> bool:
        """Whether it is at work or waits for its turn."""
        return self.work is not None and not self.work.wait(0)

    def train(self, work: Work) -> None:
        """Take steps until the end, or until nobody wants it any more."""
        from components.lm import checkpoints

        checkpoints.import_torch()
        if work.should_stop():
            return
        if self._trained is None:
            self._trained = self._make()
        trained = self._trained
        while trained.fraction < 1 and not work.should_stop():
            trained.step()
            self.result, self.fraction = trained.result(), trained.fraction
            work.tell(self.fraction)
        if trained.fraction >= 1:
            self.finished, self._trained = True, None  # the weights are not needed any more


class Trainings:
    """The trainings of this server, by their settings."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Training] = OrderedDict()
        self._works = Works(keep=QUEUE)
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Training | None:
        """Return a training if somebody has asked for it."""
        with self._lock:
            return self._known.get(key)

    def start(self, key: Hashable, make: Callable[[], Trainable[Found]], reader: str) -> Training:
        """Begin a training for a reader, or go on with it; a running or finished one is returned as it is."""
        with self._lock:
            training = self._known.setdefault(key, Training(make))
            self._known.move_to_end(key)
            training.wanted_by.add(reader)
            if not training.finished and (
                not training.running or (training.work and training.work.should_stop())
            ):
                training.attempts += 1
                before = training.work

                def go_on(work: Work) -> None:
                    if before is not None:
                        before.wait(5)
                    training.train(work)

                training.work = self._works.start((key, training.attempts), go_on)
            for old in [k for k, found in self._known.items() if not found.running][
                : max(0, len(self._known) - KEEP)
            ]:
                del self._known[old]
            return training

    def stop(self, key: Hashable, reader: str) -> None:
        """Take back a reader's wish; without any, the training ends after the step in progress."""
        training = self.get(key)
        if training is None:
            return
        training.wanted_by.discard(reader)
        if not training.wanted_by and training.work is not None:
            training.work.stop()
            training.work.wait(0.45)

    def waiting_before(self, training: Training) -> int:
        """Return how many trainings come before this one; 0 once it is at work."""
        return self._works.before(training.work) if training.work is not None else 0


# At most KEEP trainings: 60 MB for the one that runs, 0.1 to 9 MB for each that is done.
@st.cache_resource(show_spinner=False)
def trainings() -> Trainings:
    """The one set of trainings that all sessions share."""
    return Trainings()


def reader() -> str:
    """Return who asks: the session."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def stand(
    table: str,
    asked: Callable[[], Wanted],
    make: Callable[[Wanted], Trainable[Told]],
    draw: Callable[[Wanted, Told], None],
    *,
    key: str,
) -> None:
    """Draw where a training is started, stopped and seen; drawn again by itself while it runs.

    Args:
        table: of the words: ``train_start``, ``train_stop``, ``train_more``, ``train_done``, ``train_none``, ``train_waiting``,
            ``train_state``, ``train_left``.
        asked: what the reader has set now.
        make: the training itself, before its first step; called in the training's thread.
        draw: what is known of it so far.
        key: of the row of buttons.
    """

    def start() -> None:
        wanted = asked()
        trainings().start(wanted, lambda: make(wanted), reader())

    def stop() -> None:
        trainings().stop(asked(), reader())

    def drawn() -> None:
        wanted = asked()
        training = trainings().get(wanted)
        _row(table, training, start, stop, key=key)
        if training is not None and training.result:
            draw(wanted, cast("Told", training.result))  # made by ``make`` from the same settings

    training = trainings().get(asked())
    st.fragment(drawn, run_every=0.5 if training is not None and training.running else None)()


def take_home(
    table: str,
    content: bytes | None,
    name: str,
    *,
    key: str,
    runs: Mapping[str, Mapping[str, Any]] | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Offer a finished training; nothing before it has ended.

    Args:
        table: of the words: ``live_difference``.
        content: what was changed, as safetensors; None while the training goes on.
        name: of the files.
        key: of the buttons.
        runs: by name, to be offered as CSV and as JSON, too.
        about: model, revision and settings, for both.
    """
    if content is None:
        return
    name, about = f"glassbox-{name}", dict(about or {})
    with st.container(horizontal=True):
        _download(
            t(table, "live_difference"), content, f"{name}.safetensors", "application/octet-stream", key
        )
        if runs:
            curves = as_csv(curve_rows(runs), about)
            _download(f"{name}.csv", curves, f"{name}.csv", "text/csv", f"{key}_csv")
            whole = as_json(links.page(), Export(name, "", about, result=lambda: runs))
            _download(f"{name}.json", whole, f"{name}.json", "application/json", f"{key}_json")


def _download(label: str, content: str | bytes, name: str, kind: str, key: str) -> None:
    st.download_button(label, content, name, kind, key=key, on_click="ignore", icon=":material/download:")


def curve_rows(runs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what was measured along runs, a row a moment: numbers, scores (value, low, high), and lists of up to 16 numbers.

    >>> curve_rows({"mine": {"steps": [0, 4], "f1": [(0.1, 0.0, 0.2), (0.5, 0.4, 0.6)], "seconds": 1.0}})[1]
    {'run': 'mine', 'step': 4, 'f1': 0.5, 'f1_low': 0.4, 'f1_high': 0.6}
    """
    rows = []
    for name, run in runs.items():
        measured = {what: found for what, found in run.items() if isinstance(found, list) and what != "steps"}
        for k, step in enumerate(run["steps"]):
            row: dict[str, Any] = {"run": name, "step": step}
            for what, found in measured.items():
                row |= _cells(what, found[k])
            rows.append(row)
    return rows


def _cells(what: str, value: Any) -> dict[str, Any]:
    if isinstance(value, int | float):
        return {what: value}
    if (
        not isinstance(value, Sequence)
        or not all(isinstance(x, int | float) for x in value)
        or len(value) > 16
    ):
        return {}
    if isinstance(value, tuple):
        return dict(zip((what, f"{what}_low", f"{what}_high"), value, strict=True))
    return {f"{what}_{i}": x for i, x in enumerate(value)}


def _row(
    table: str, training: Training | None, start: Callable[[], None], stop: Callable[[], None], *, key: str
) -> None:
    """Draw the button that starts, stops or goes on, and how far the training is; say why it failed if it did."""
    running = training is not None and training.running
    if st.session_state.get(f"_{key}_running", False) != running:
        st.session_state[f"_{key}_running"] = running
        links.run_again()
    row = st.columns([1.6, 6], vertical_alignment="center")
    if training is not None and running and reader() in training.wanted_by:
        row[0].button(t(table, "train_stop"), key=f"{key}_stop", on_click=stop, icon=":material/stop_circle:", width="stretch")  # fmt: skip
    else:
        finished = training is not None and training.finished
        word = (
            "train_done"
            if finished
            else "train_more"
            if training is not None and training.fraction
            else "train_start"
        )
        row[0].button(t(table, word), key=f"{key}_start", on_click=start, icon=":material/model_training:", type="primary", disabled=finished, width="stretch")  # fmt: skip
    with row[1]:
        if training is None:
            st.caption(t(table, "train_none"))
            return
        st.progress(training.fraction, text=_state(table, training))
    if not running and training.work is not None:
        try:
            training.work.result()
        except Exception as error:  # told in its place; the rest of the page stays
            st.error(told("layout", "page_failed", error=f"{type(error).__name__}: {error}"))


def _state(table: str, training: Training) -> str:
    if training.running and not training.result:
        return told(table, "train_waiting", n=trainings().waiting_before(training))
    found = training.result or {"step": 0, "steps": 0, "seconds": 0.0}
    left = training.work.seconds_left() if training.work is not None and training.running else None
    text = told(
        table, "train_state", step=found["step"], steps=found["steps"], seconds=f"{found['seconds']:.1f}"
    )
    return text + (" · " + told(table, "train_left", seconds=f"{left:.0f}") if left is not None else "")
