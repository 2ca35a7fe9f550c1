"""Compress what the browser loads once, remember the result, and let the browser keep what is named by its content."""

import gzip
import re
import threading
from typing import Any

_TYPES = (b"text/", b"application/javascript", b"application/json", b"image/svg+xml")
_MIN, _MAX = 1_000, 8_000_000
_NAMED = re.compile(r"/_stcore/bidi-components/[^/]+-[0-9a-f]{16}/")
"""Files whose folder ends in a digest of them (``components/elements/engine.py``)."""


class KeptByName:
    """ASGI middleware: a file whose address names its content never changes, and the browser is told so."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, with ``immutable`` where it is true."""
        if scope["type"] != "http" or not _NAMED.match(scope.get("path", "")):
            await self.app(scope, receive, send)
            return

        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = [(k, v) for k, v in message["headers"] if k.lower() != b"cache-control"]
                message = {
                    **message,
                    "headers": [*headers, (b"cache-control", b"public, max-age=31536000, immutable")],
                }
            await send(message)

        await self.app(scope, receive, marked)


class CachedGzip:
    """ASGI middleware: gzip for the immutable bundle, compressed once per file.

    Streamlit leaves its bundle uncompressed because stock middleware would compress it again for
    every visitor; with one compressed copy per file a class of thirty costs one compression.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self._done: dict[str, tuple[bytes, list[tuple[bytes, bytes]]]] = {}
        self._lock = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        wanted = (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and path.startswith(("/static/", "/_stcore/bidi-components/"))
            and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
            and b"range" not in dict(scope["headers"])
        )
        if not wanted:
            await self.app(scope, receive, send)
            return
        kept = self._done.get(path)
        if kept is None:
            # Ask below for the plain file, whole; a second middleware must not compress it first.
            plain = [
                (k, v)
                for k, v in scope["headers"]
                if k not in (b"accept-encoding", b"if-none-match", b"if-modified-since")
            ]
            start: dict[str, Any] = {}
            body = bytearray()

            async def collect(message: dict[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    start.update(message)
                elif message["type"] == "http.response.body":
                    body.extend(message.get("body", b""))

            await self.app({**scope, "headers": plain}, receive, collect)
            headers = [(k.lower(), v) for k, v in start.get("headers", [])]
            kind = dict(headers).get(b"content-type", b"")
            if start.get("status") != 200 or not kind.startswith(_TYPES) or not _MIN <= len(body) <= _MAX:
                await send({"type": "http.response.start", "status": start["status"], "headers": headers})
                await send({"type": "http.response.body", "body": bytes(body)})
                return
            packed = gzip.compress(bytes(body), 6, mtime=0)
            out = [
                (k, v) for k, v in headers if k not in (b"content-length", b"etag", b"vary", b"accept-ranges")
            ]
            out += [
                (b"content-encoding", b"gzip"),
                (b"content-length", str(len(packed)).encode()),
                (b"vary", b"Accept-Encoding"),
            ]
            kept = (packed, out)
            if path.startswith("/static/") or _NAMED.match(
                path
            ):  # named by their content, so a copy never goes stale
                with self._lock:
                    self._done[path] = kept
        packed, out = kept
        await send({"type": "http.response.start", "status": 200, "headers": out})
        await send({"type": "http.response.body", "body": packed})
