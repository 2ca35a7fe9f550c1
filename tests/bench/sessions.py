"""Many readers without a browser: the app's own websocket protocol, spoken by asyncio clients."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

T = TypeVar("T")


@dataclass
class Session:
    """One reader with the page open."""

    socket: websockets.ClientConnection
    page: str
    received: int = 0
    errors: list[str] = field(default_factory=list)

    async def view(self, query: str, *, history: bool = True) -> float:
        """Ask for a state of the page, as Back and Forward do; return the seconds until the run is over."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = self.page
        message.rerun_script.is_history_navigation = history
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), 120)
            self.received += len(raw)
            forward = ForwardMsg()
            forward.ParseFromString(raw)
            kind = forward.WhichOneof("type")
            if kind == "delta" and forward.delta.new_element.WhichOneof("type") == "exception":
                self.errors.append(forward.delta.new_element.exception.message)
            if kind == "script_finished" and forward.script_finished in (
                0,
                3,
            ):  # success, or early for a rerun
                return time.perf_counter() - start


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run in a thread: the browser's own event loop may already be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _open(port: int, page: str, query: str) -> Session:
    socket = await websockets.connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None, compression=None
    )
    session = Session(socket, page)
    await session.view(query, history=False)
    return session


async def _together(
    port: int, page: str, first: str, queries: list[list[str]]
) -> tuple[list[float], list[str]]:
    sessions = [await _open(port, page, first) for _ in queries]
    times: list[float] = []
    for step in zip(*queries, strict=True):  # everybody at once, round after round
        times += await asyncio.gather(*(s.view(q) for s, q in zip(sessions, step, strict=True)))
    errors = [error for s in sessions for error in s.errors]
    for s in sessions:
        await s.socket.close()
    return times, errors


def together(port: int, page: str, first: str, queries: list[list[str]]) -> tuple[float, list[str]]:
    """Let one session per list of queries walk through it, all at once; return the median seconds and the errors."""
    times, errors = _run(_together(port, page, first, queries))
    return statistics.median(times), errors


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

    return _run(run())
