"""A line to the app that can be cut: for the page it is what a server that ends is, without one that has to start."""

import select
import socket
import socketserver
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit

PIECE = 1 << 16
"""Bytes passed on at once."""


class _Line(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int, app: tuple[str, int]) -> None:
        self.app, self.open = app, set[socket.socket]()
        super().__init__(("127.0.0.1", port), _Passing)

    def cut(self) -> None:
        """Take no more calls, and end those that are under way."""
        self.shutdown()
        self.server_close()
        for end in [*self.open]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes who waits for it


class _Passing(socketserver.BaseRequestHandler):
    server: _Line

    def handle(self) -> None:
        """Pass on what either side says until one of them has ended."""
        with closing(socket.create_connection(self.server.app)) as app:
            other = {self.request: app, app: self.request}
            self.server.open |= other.keys()
            try:
                while True:
                    for end in select.select([*other], [], [])[0]:
                        said = end.recv(PIECE)
                        if not said:
                            return
                        other[end].sendall(said)
            except (OSError, ValueError):
                return  # cut
            finally:
                self.server.open -= other.keys()


@contextmanager
def line(app_url: str, port: int) -> Iterator[str]:
    """The app under another port, until the line is cut at the end."""
    app = urlsplit(app_url)
    server = _Line(port, ("127.0.0.1", app.port or 80))
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.cut()
