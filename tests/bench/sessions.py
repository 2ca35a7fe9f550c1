"""Many readers without a browser: the app's own websocket protocol, spoken by asyncio clients."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests import event_loop

FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Session:
    """One reader with the page open."""

    socket: websockets.ClientConnection
    page: str
    received: int = 0
    query: str = ""
    id: str = ""
    errors: list[str] = field(default_factory=list)
    elements: dict[str, str] = field(default_factory=dict)  # id -> the fragment it stands in
    data: dict[str, Any] = field(default_factory=dict)  # id -> what the element was given last

    async def view(self, query: str, *, history: bool = True) -> float:
        """Ask for a state of the page, as Back and Forward do; return the seconds until the run is over."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = self.page
        message.rerun_script.is_history_navigation = history
        return await self._answered(message)

    def name_of(self, element: str) -> str:
        """Return the id of an element of the page; ids end in the element's key."""
        return next(name for name in self.elements if name.endswith(f"-{element}"))

    def _about(self, element: str, held: Mapping[str, object]) -> tuple[BackMsg, str]:
        """Return the message of an element that holds ``held``, and the element's id."""
        name = self.name_of(element)
        message = BackMsg()
        message.rerun_script.page_name = self.page
        message.rerun_script.query_string = self.query
        message.rerun_script.fragment_id = self.elements[name]
        own = message.rerun_script.widget_states.widgets.add()
        own.id, own.json_value = name, json.dumps(held)
        return message, name

    async def report(self, element: str, event: str, value: object) -> float:
        """Report an event of an element of the page, as the browser does; return the seconds until the run is over.

        Raises:
            StopIteration: the page has no such element.
        """
        message, name = self._about(element, {})
        state = message.rerun_script.widget_states.widgets.add()
        state.id = f"$$STREAMLIT_INTERNAL_KEY_{name}__events"
        state.json_trigger_value = json.dumps([{"event": event, "value": value}])
        return await self._answered(message)

    async def set(self, element: str, value: Mapping[str, object]) -> float:
        """Hand over the state of an element of the page, as the browser does; return the seconds until the run is over.

        Raises:
            StopIteration: the page has no such element.
        """
        return await self._answered(self._about(element, value)[0])

    async def _answered(self, message: BackMsg) -> float:
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), 120)
            self.received += len(raw)
            forward = ForwardMsg()
            forward.ParseFromString(raw)
            kind = forward.WhichOneof("type")
            if kind == "new_session":
                self.id = forward.new_session.initialize.session_id
            if kind == "page_info_changed":
                self.query = forward.page_info_changed.query_string
            if kind == "delta" and forward.delta.WhichOneof("type") == "new_element":
                element = forward.delta.new_element
                if element.WhichOneof("type") == "exception":
                    self.errors.append(element.exception.message)
                if element.WhichOneof("type") == "bidi_component":
                    self.elements[element.bidi_component.id] = forward.delta.fragment_id
                    self.data[element.bidi_component.id] = json.loads(element.bidi_component.json or "null")
            if kind == "script_finished" and forward.script_finished in FINISHED:
                return time.perf_counter() - start


Act = Callable[[Session, int, int], Awaitable[float]]


async def _open(port: int, page: str, query: str, resume: str = "") -> Session:
    """Open a page; ``resume`` is the id of a session whose connection was lost, given as the browser gives it."""
    again = ["no-xsrf-token", resume] if resume else []
    socket = await websockets.connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        subprotocols=["streamlit", *again],  # type: ignore[list-item]  # plain strings will do
        max_size=None,
        compression=None,
        open_timeout=120,
    )
    session = Session(socket, page)
    await session.view(query, history=False)
    return session


async def _together(
    port: int, page: str, first: str, count: int, rounds: int, act: Act
) -> tuple[list[float], list[str]]:
    sessions = [await _open(port, page, first) for _ in range(count)]
    times: list[float] = []
    for number in range(rounds):  # everybody at once, round after round
        times += await asyncio.gather(*(act(s, who, number) for who, s in enumerate(sessions)))
    errors = [error for s in sessions for error in s.errors]
    for s in sessions:
        await s.socket.close()
    return times, errors


def together(port: int, page: str, first: str, count: int, rounds: int, act: Act) -> tuple[float, list[str]]:
    """Let ``count`` sessions each do ``act(session, who, round)``, all at once; return the median seconds and the errors."""
    times, errors = event_loop.run(_together(port, page, first, count, rounds, act))
    return statistics.median(times), errors


@dataclass(frozen=True)
class Blink:
    """What a class saw when its network was gone for a moment."""

    served: float
    """Seconds from the first socket's return until the page of the last one was drawn again."""
    deaf: float
    """The longest wait of the health route, in seconds."""
    kept: int
    """Readers who found their old session."""


async def _blink(port: int, page: str, first: str, count: int) -> Blink:
    before = [await _open(port, page, first) for _ in range(count)]
    worst, over = 0.0, asyncio.Event()

    def ask() -> float:
        start = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=300):
            return time.perf_counter() - start

    async def health() -> None:
        nonlocal worst
        while not over.is_set():
            worst = max(worst, await asyncio.to_thread(ask))
            await asyncio.sleep(0.05)

    await asyncio.gather(*(s.socket.close() for s in before))
    await asyncio.sleep(1)
    asking = asyncio.create_task(health())
    await asyncio.sleep(0.2)
    start = time.perf_counter()
    after = await asyncio.gather(*(_open(port, page, first, s.id) for s in before))
    served = time.perf_counter() - start
    await asyncio.sleep(0.5)
    over.set()
    await asking
    for s in after:
        await s.socket.close()
    kept = sum(a.id == b.id for a, b in zip(before, after, strict=True))
    return Blink(served, worst, kept)


def blink(port: int, page: str, first: str, count: int) -> Blink:
    """Let ``count`` sessions with a page open lose their sockets at once and come back a second later."""
    return event_loop.run(_blink(port, page, first, count))


async def _hold(port: int, page: str, first: str, count: int) -> list[Session]:
    return [await _open(port, page, first) for _ in range(count)]


def memory_of_sessions(port: int, page: str, first: str, pid: int) -> float:
    """Return the resident bytes added per session by the 2nd to the 10th open session of a page."""
    import psutil

    async def run() -> float:
        one = await _hold(port, page, first, 1)
        await asyncio.sleep(1)
        before = psutil.Process(pid).memory_info().rss
        more = await _hold(port, page, first, 9)
        await asyncio.sleep(1)
        after = psutil.Process(pid).memory_info().rss
        for s in (*one, *more):
            await s.socket.close()
        return (after - before) / 9

    return event_loop.run(run())
