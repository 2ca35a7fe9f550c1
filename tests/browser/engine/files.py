"""A plain file server: ``assets`` at the root, a folder of the caller's under ``/made/``, and an empty page at ``/``."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ASSETS = Path(__file__).parents[3] / "assets"


class _Files(http.server.SimpleHTTPRequestHandler):
    made: Path | None = None

    def translate_path(self, path: str) -> str:
        """Return where a path lies."""
        if self.made and path.startswith("/made/"):
            return str(self.made / path.removeprefix("/made/").split("?")[0])
        return super().translate_path(path)

    def do_GET(self) -> None:
        """Serve a file, or the empty page."""
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>engine</title>")
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def file_server(made: Path | None = None) -> Iterator[str]:
    """Serve in a thread and give the address."""
    handler = functools.partial(type("Files", (_Files,), {"made": made}), directory=str(ASSETS))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
