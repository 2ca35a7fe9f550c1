"""Models from a Hugging Face hub, downloaded only when somebody asks.

First :func:`describe_remote` reads, in a few small requests, what the model is and how large: its commit, its files,
its licence, and its whole card (the shapes are in the first kilobytes of a safetensors file, so what a model can do is
known before hundreds of megabytes are fetched). Then :func:`start_download` fetches it in a thread:

    remote = describe_remote("klue/bert-base")
    download = start_download(remote)
    progress = download.progress()  # bytes done, total, bytes per second, seconds left
    download.stop()                 # what has arrived is kept; starting again goes on from there

Files go to the cache of Hugging Face tools (``HF_HOME``, ``HF_HUB_CACHE``), so ``transformers`` finds them offline and
models that other programs downloaded are used. ``HF_ENDPOINT``, ``HF_HUB_OFFLINE`` and a token of
``hf auth login`` are respected.

Why not ``huggingface_hub.snapshot_download``: since version 2 it removes an unfinished file instead of going on from
it, it does not compare checksums, and it cannot be stopped while it waits. Its API client, its reading of error
answers, its headers and its file locks are used here; the bytes are fetched by plain HTTP range requests, which every
hub and mirror serves with and without Xet storage.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import shutil
import socket
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from components.lm.checkpoints import Settings, cache_folder, repo_folder, store
from components.lm.checkpoints.model_card import (
    TOKENIZER_FILES,
    WEIGHTS,
    WEIGHTS_INDEX,
    ModelCard,
    ModelRefused,
    Reason,
    build_card,
    check_code,
    parse_name,
    parse_safetensors_header,
    parse_weights_index,
)
from components.lm.checkpoints.tokenizer_folder import FILES as TOKENIZER_GROUPS

__all__ = [
    "Download",
    "Limits",
    "Progress",
    "RemoteFile",
    "RemoteModel",
    "State",
    "current_download",
    "describe_remote",
    "start_download",
]

# Small files come first, so that a stopped download has only weights left to fetch.
_SMALL_FILES = (
    "config.json",
    "generation_config.json",
    "README.md",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    *TOKENIZER_FILES,
    WEIGHTS_INDEX,
)
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SPARE_BYTES = 50_000_000  # free space left on the disk after a download
_MAX_SMALL_BYTES = 50_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds. ``stall`` is how long a server may send nothing before it counts as silent."""

    connect: float = 4.0
    answer: float = 10.0
    stall: float = 20.0
    retries: int = 3  # attempts in a row that bring no byte, before a broken connection is reported
    pause: float = 1.0  # before the first of them; doubled each time


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch. ``checksum`` is the SHA-256 of its content (large files) or its git blob SHA-1 (the others)."""

    name: str
    size_bytes: int
    checksum: str


@dataclass(frozen=True)
class RemoteModel:
    """What is known of a hub model before it is downloaded.

    ``bytes_total`` counts the files needed, ``bytes_here`` how much of them an earlier download left in the cache.
    ``gated`` models need an account that accepted their terms. ``licence`` is its identifier on the hub, empty if the
    model's page names none. ``card`` says what the model can do; it is ``None`` where only the tokenizer is fetched.
    """

    name: str
    endpoint: str
    revision: str
    files: tuple[RemoteFile, ...]
    bytes_total: int
    bytes_here: int
    gated: bool
    licence: str
    card: ModelCard | None


# --- Asking ---------------------------------------------------------------------------------------------------------


def endpoint_url() -> str:
    """The hub to ask: ``HF_ENDPOINT`` now, not when a library was imported."""
    return os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or "https://huggingface.co"


def describe_remote(
    model_id: str,
    *,
    endpoint: str | None = None,
    cache: Path | None = None,
    limits: Limits | None = None,
    settings: Settings | None = None,
    tokenizer_only: bool = False,
) -> RemoteModel:
    """Ask a hub what a model is, what it may be used for and how much there is to download.

    With ``tokenizer_only`` the files of its tokenizer are enough, a few megabytes at most: they are read as data, so it
    does not matter which kind of model they belong to.

    Raises ``ModelRefused``: ``BAD_NAME``, ``NOT_ALLOWED``; ``NO_NETWORK``, ``OFFLINE_MODE``, ``TIMEOUT``, ``NOT_A_HUB``,
    ``SERVER_ERROR`` for the connection; ``NOT_FOUND``, ``GATED``, ``PICKLE_ONLY``, ``OWN_CODE``, ``UNSUPPORTED``,
    ``INCOMPLETE``, ``DAMAGED``, ``TOO_LARGE`` for the model.
    """
    settings = settings or store().settings
    limits = limits or Limits()
    name = parse_name(model_id)
    if name.source != "hub":
        raise ModelRefused(Reason.BAD_NAME, name=model_id[:100])
    settings.check_allowed(name)
    hub = _Hub(model_id, (endpoint or endpoint_url()).rstrip("/"), limits)
    info = hub.info()
    gated = bool(info.gated)
    revision = str(info.sha or "")
    if not _COMMIT.fullmatch(revision):
        raise hub.refused(Reason.NOT_A_HUB)
    siblings = {str(item.rfilename): item for item in info.siblings or ()}
    languages, licence = _card_data(info)
    folder = repo_folder(cache or cache_folder(), model_id)

    def described(files: tuple[RemoteFile, ...], card: ModelCard | None) -> RemoteModel:
        return RemoteModel(
            name=model_id,
            endpoint=hub.endpoint,
            revision=revision,
            files=files,
            bytes_total=sum(file.size_bytes for file in files),
            bytes_here=sum(_bytes_here(folder, revision, file) for file in files),
            gated=gated,
            licence=licence,
            card=card,
        )

    if tokenizer_only:
        group = next((group for group in TOKENIZER_GROUPS if all(file in siblings for file in group)), None)
        if group is None:
            raise ModelRefused(Reason.INCOMPLETE, name=model_id, missing="tokenizer.json")
        # The settings come first: a folder counts as a tokenizer as soon as the last file of the group is there.
        wanted = [file for file in ("tokenizer_config.json", *reversed(group)) if file in siblings]
        return described(tuple(hub.file(revision, file, siblings[file]) for file in wanted), None)
    if "config.json" not in siblings:
        raise ModelRefused(Reason.INCOMPLETE, name=model_id, missing="config.json")
    config = hub.read_object(revision, "config.json")
    tokenizer_config = {}
    if "tokenizer_config.json" in siblings:
        tokenizer_config = hub.read_object(revision, "tokenizer_config.json")
    check_code(model_id, config, tokenizer_config)
    weights = _weights(hub, revision, siblings)
    if not any(file in siblings for file in TOKENIZER_FILES):
        raise ModelRefused(Reason.INCOMPLETE, name=model_id, missing="tokenizer.json")
    # An index beside a single file describes another split of the same weights; it would be fetched for nothing.
    small = [f for f in _SMALL_FILES if f in siblings and (f != WEIGHTS_INDEX or weights != (WEIGHTS,))]
    files = tuple(hub.file(revision, file, siblings[file]) for file in (*small, *weights))
    weights_bytes = sum(file.size_bytes for file in files if file.name in weights)
    settings.check_size(model_id, weights_bytes)
    tensors: dict[str, tuple[int, ...]] = {}
    for file in weights:
        tensors.update(hub.read_header(revision, file))
    card = build_card(
        name=model_id,
        source="hub",
        revision=revision,
        config=config,
        tensors=tensors,
        weights_bytes=weights_bytes,
        languages=languages,
        licence=licence,
    )
    return described(files, card)


def _weights(hub: _Hub, revision: str, siblings: dict[str, Any]) -> tuple[str, ...]:
    if WEIGHTS in siblings:
        return (WEIGHTS,)
    if WEIGHTS_INDEX in siblings:
        try:
            shards = parse_weights_index(hub.read(revision, WEIGHTS_INDEX))
        except ValueError as error:
            raise ModelRefused(Reason.DAMAGED, name=hub.model_id, file=WEIGHTS_INDEX) from error
        for shard in shards:
            if shard not in siblings:
                raise ModelRefused(Reason.INCOMPLETE, name=hub.model_id, missing=shard)
        return shards
    pickles = tuple(sorted(file for file in siblings if file.endswith(_PICKLES)))
    if pickles:
        raise ModelRefused(Reason.PICKLE_ONLY, name=hub.model_id, files=pickles[:10])
    raise ModelRefused(Reason.INCOMPLETE, name=hub.model_id, missing=WEIGHTS)


def _card_data(info: Any) -> tuple[tuple[str, ...], str]:
    data = info.card_data
    if data is None:
        return (), ""
    language = data.get("language") or ()
    languages = (language,) if isinstance(language, str) else tuple(str(item) for item in language)
    licence = data.get("license_name") or data.get("license") or ""
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    return languages, str(licence)


def _is_here(folder: Path, revision: str, file: RemoteFile) -> bool:
    places = (folder / "blobs" / file.checksum, folder / "snapshots" / revision / file.name)
    return any(path.is_file() and path.stat().st_size == file.size_bytes for path in places)


def _bytes_here(folder: Path, revision: str, file: RemoteFile) -> int:
    if _is_here(folder, revision, file):
        return file.size_bytes
    with contextlib.suppress(OSError):
        return min(_partial(folder / "blobs" / file.checksum).stat().st_size, file.size_bytes)
    return 0


def _partial(blob: Path) -> Path:
    return blob.with_name(blob.name + ".incomplete")


class _Hub:
    """Small requests about one model, with every failure turned into a ``ModelRefused``."""

    def __init__(self, model_id: str, endpoint: str, limits: Limits) -> None:
        self.model_id = model_id
        self.endpoint = endpoint
        self.limits = limits
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            if os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE"):
                raise ModelRefused(Reason.OFFLINE_MODE, name=model_id, variable=variable)
        self._check_network()

    def _check_network(self) -> None:
        """Look the server's name up within the connection limit: a dead resolver alone can take half a minute."""
        try:
            address = urlsplit(self.endpoint)
            host, port = address.hostname, address.port or address.scheme
        except ValueError as error:
            raise self.refused(Reason.NO_NETWORK) from error
        if address.scheme not in ("http", "https") or not host:
            raise self.refused(Reason.NO_NETWORK)
        if address.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
            return  # the proxy looks names up
        found: list[Any] = []

        def look_up() -> None:
            with contextlib.suppress(OSError, UnicodeError):
                found.extend(socket.getaddrinfo(host, port))

        thread = threading.Thread(target=look_up, daemon=True, name="hub-lookup")
        thread.start()
        thread.join(self.limits.connect)
        if not found:
            raise self.refused(Reason.NO_NETWORK)

    def refused(self, reason: Reason) -> ModelRefused:
        """A refusal about the connection."""
        if reason is Reason.GATED:
            return ModelRefused(reason, name=self.model_id, url=f"{self.endpoint}/{self.model_id}")
        return ModelRefused(reason, name=self.model_id, endpoint=self.endpoint)

    @contextlib.contextmanager
    def errors(self, seconds: float) -> Iterator[None]:
        """Turn what the HTTP and hub libraries raise into a refusal."""
        import httpx2
        from huggingface_hub import errors

        try:
            yield
        except errors.GatedRepoError as error:
            raise self.refused(Reason.GATED) from error
        except (
            errors.RepositoryNotFoundError,
            errors.RevisionNotFoundError,
            errors.EntryNotFoundError,
        ) as error:
            raise ModelRefused(Reason.NOT_FOUND, name=self.model_id) from error
        except errors.OfflineModeIsEnabled as error:
            raise ModelRefused(Reason.OFFLINE_MODE, name=self.model_id, variable="HF_HUB_OFFLINE") from error
        except errors.HfHubHTTPError as error:
            status = error.response.status_code
            if status in (401, 403):
                raise self.refused(Reason.GATED) from error
            raise ModelRefused(
                Reason.SERVER_ERROR, name=self.model_id, endpoint=self.endpoint, status=status
            ) from error
        except (httpx2.NetworkError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            raise self.refused(Reason.NO_NETWORK) from error
        except httpx2.TimeoutException as error:
            raise ModelRefused(
                Reason.TIMEOUT, name=self.model_id, endpoint=self.endpoint, seconds=seconds
            ) from error
        except (httpx2.HTTPError, httpx2.StreamError, errors.HFValidationError) as error:
            raise self.refused(Reason.NOT_A_HUB) from error

    def info(self) -> Any:
        """The hub's description of the model, a ``huggingface_hub.ModelInfo`` with sizes and checksums."""
        from huggingface_hub import HfApi

        timeout: Any = self._timeout(self.limits.answer)
        try:
            with self.errors(self.limits.answer):
                return HfApi(endpoint=self.endpoint).model_info(
                    self.model_id, files_metadata=True, timeout=timeout
                )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # The login page of a hotel network answers everything with HTML.
            raise self.refused(Reason.NOT_A_HUB) from error

    def _timeout(self, seconds: float) -> Any:
        import httpx2

        return httpx2.Timeout(seconds, connect=self.limits.connect)

    def url(self, revision: str, file: str) -> str:
        """Where a file of a commit is."""
        return f"{self.endpoint}/{self.model_id}/resolve/{revision}/{quote(file)}"

    def client(self, stall: float) -> Any:
        """An HTTP client of our own, so that its time limits and its sockets are ours."""
        import httpx2
        from huggingface_hub.utils import build_hf_headers

        return httpx2.Client(
            follow_redirects=True,
            headers={**build_hf_headers(library_name="glassbox"), "Accept-Encoding": "identity"},
            timeout=self._timeout(stall),
        )

    def read(self, revision: str, file: str, first_bytes: int = _MAX_SMALL_BYTES) -> bytes:
        """The beginning of a file, at most ``first_bytes`` of it."""
        from huggingface_hub.utils import hf_raise_for_status

        headers = {} if first_bytes == _MAX_SMALL_BYTES else {"Range": f"bytes=0-{first_bytes - 1}"}
        content = bytearray()
        with (
            self.errors(self.limits.answer),
            self.client(self.limits.answer) as client,
            client.stream("GET", self.url(revision, file), headers=headers) as response,
        ):
            hf_raise_for_status(response)
            for block in response.iter_bytes():
                content += block
                if len(content) >= first_bytes:
                    break
        return bytes(content[:first_bytes])

    def read_object(self, revision: str, file: str) -> dict[str, Any]:
        """A JSON object from a file. Raises ``ModelRefused(DAMAGED)`` if it is none."""
        try:
            data = json.loads(self.read(revision, file))
        except (ValueError, RecursionError) as error:
            raise ModelRefused(Reason.DAMAGED, name=self.model_id, file=file) from error
        if not isinstance(data, dict):
            raise ModelRefused(Reason.DAMAGED, name=self.model_id, file=file)
        return data

    def read_header(self, revision: str, file: str) -> dict[str, tuple[int, ...]]:
        """Tensor shapes from the first bytes of a safetensors file."""
        first = self.read(revision, file, 1 << 16)
        length = int.from_bytes(first[:8], "little") + 8
        if len(first) < length <= _MAX_SMALL_BYTES:
            first = self.read(revision, file, length)
        try:
            return parse_safetensors_header(io.BytesIO(first))[0]
        except ValueError as error:
            raise ModelRefused(Reason.DAMAGED, name=self.model_id, file=file) from error

    def file(self, revision: str, file: str, sibling: Any) -> RemoteFile:
        """Size and checksum of a file, from the description or, where a mirror leaves them out, by a HEAD request."""
        size = sibling.size
        checksum = sibling.lfs.sha256 if sibling.lfs is not None else sibling.blob_id
        if size is None or checksum is None:
            from huggingface_hub import get_hf_file_metadata

            with self.errors(self.limits.answer):
                found = get_hf_file_metadata(
                    self.url(revision, file), timeout=self.limits.answer, endpoint=self.endpoint
                )
            size, checksum = found.size, found.etag
        if not isinstance(size, int) or not (
            _SHA1.fullmatch(checksum or "") or _SHA256.fullmatch(checksum or "")
        ):
            raise self.refused(Reason.NOT_A_HUB)
        return RemoteFile(file, size, str(checksum))


# --- Downloading ----------------------------------------------------------------------------------------------------

State = Literal["running", "stopping", "stopped", "done", "failed"]


@dataclass(frozen=True)
class Progress:
    """Where a download is. ``rate`` is in bytes per second over the last seconds, ``None`` before the first are over.

    ``refused`` says why it failed and ``folder`` where the finished model is.
    """

    state: State
    bytes_done: int
    bytes_total: int
    rate: float | None
    seconds_left: float | None
    file: str
    refused: ModelRefused | None
    folder: Path | None

    @property
    def fraction(self) -> float:
        """The part that is done, 0 to 1."""
        return self.bytes_done / self.bytes_total if self.bytes_total else 1.0


class Download:
    """One download in a thread of its own. Made by :func:`start_download`; every method may be called from anywhere."""

    def __init__(self, remote: RemoteModel, cache: Path, limits: Limits, previous: Download | None) -> None:
        self.remote = remote
        self._cache = cache
        self._folder = repo_folder(cache, remote.name)
        self._limits = limits
        self._previous = previous
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._state: State = "running"
        self._bytes_done = 0
        self._bytes_received = 0
        self._file = ""
        self._refused: ModelRefused | None = None
        self._result: Path | None = None
        self._samples: deque[tuple[float, int]] = deque()
        self._sockets: list[Any] = []
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"download {remote.name}")

    def progress(self) -> Progress:
        """How far it is, now."""
        with self._mutex:
            rate = self._rate()
            left = (self.remote.bytes_total - self._bytes_done) / rate if rate else None
            running = self._state == "running"
            return Progress(
                state="stopping" if running and self._stop.is_set() else self._state,
                bytes_done=self._bytes_done,
                bytes_total=self.remote.bytes_total,
                rate=rate if running else None,
                seconds_left=left if running else None,
                file=self._file,
                refused=self._refused,
                folder=self._result,
            )

    def stop(self) -> None:
        """Stop soon, and keep what has arrived. Does nothing if the download is over."""
        self._stop.set()
        with self._mutex:
            sockets = list(self._sockets)
        for item in sockets:
            # Wakes the thread if it waits for the server; it sees that it was asked to stop.
            with contextlib.suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)

    def wait(self, seconds: float | None = None) -> Progress:
        """Wait until the download is over, at most ``seconds``."""
        self._thread.join(seconds)
        return self.progress()

    @property
    def over(self) -> bool:
        """Whether it is done, stopped or failed, and writes nothing any more."""
        return self._state != "running"

    # In the thread

    def _rate(self) -> float | None:
        if len(self._samples) < 2:
            return None
        (first_time, first_bytes), (last_time, last_bytes) = self._samples[0], self._samples[-1]
        # A connection that has fallen silent gets slower on the display, too.
        elapsed = max(time.monotonic(), last_time) - first_time
        return (last_bytes - first_bytes) / elapsed if elapsed >= 0.5 and last_bytes > first_bytes else None

    def _advance(self, number: int, *, received: bool = False) -> None:
        """Count bytes; only those that came over the network just now count for the rate."""
        with self._mutex:
            self._bytes_done += number
            if not received:
                return
            self._bytes_received += number
            now = time.monotonic()
            self._samples.append((now, self._bytes_received))
            while now - self._samples[0][0] > 5:
                self._samples.popleft()

    def _run(self) -> None:
        state: State = "failed"
        refused: ModelRefused | None = None
        result: Path | None = None
        try:
            if self._previous is not None:
                self._previous._thread.join()  # it was stopped, and must not write any more
                self._previous = None
            result = self._fetch_all()
            state = "done"
        except _Stopped:
            state = "stopped"
        except ModelRefused as error:
            refused, state = error, "stopped" if self._stop.is_set() else "failed"
        except OSError as error:
            refused = self._disk_refusal(error)
        finally:
            with self._mutex:
                self._state, self._refused, self._result = state, refused, result
                self._sockets.clear()

    def _disk_refusal(self, error: OSError) -> ModelRefused:
        name = self.remote.name
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return self._disk_full()
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            return ModelRefused(Reason.CACHE_NOT_WRITABLE, name=name, folder=str(self._cache))
        return ModelRefused(Reason.DAMAGED, name=name, file=str(error.filename or self._file))

    def _needed(self) -> int:
        """Bytes that are not on the disk yet."""
        remote = self.remote
        here = (_bytes_here(self._folder, remote.revision, file) for file in remote.files)
        return remote.bytes_total - sum(here)

    def _disk_full(self) -> ModelRefused:
        return ModelRefused(
            Reason.DISK_FULL,
            name=self.remote.name,
            needed_bytes=self._needed(),
            free_bytes=shutil.disk_usage(_existing(self._cache)).free,
        )

    def _fetch_all(self) -> Path:
        remote = self.remote
        hub = _Hub(remote.name, remote.endpoint, self._limits)
        needed = self._needed()
        if needed and needed + _SPARE_BYTES > shutil.disk_usage(_existing(self._cache)).free:
            raise self._disk_full()
        snapshot = self._folder / "snapshots" / remote.revision
        (self._folder / "blobs").mkdir(parents=True, exist_ok=True)
        snapshot.mkdir(parents=True, exist_ok=True)
        with hub.client(self._limits.stall) as client:
            for file in remote.files:
                with self._mutex:
                    self._file = file.name
                blob = self._folder / "blobs" / file.checksum
                with self._lock(file):
                    if _is_here(self._folder, remote.revision, file):
                        self._advance(file.size_bytes)
                    else:
                        self._fetch(hub, client, file, blob)
                    _link(blob, snapshot / file.name)
        refs = self._folder / "refs"
        refs.mkdir(exist_ok=True)
        temporary = refs / f"main.{os.getpid()}.{threading.get_ident()}"
        temporary.write_text(remote.revision, encoding="ascii")
        temporary.replace(refs / "main")
        return snapshot

    @contextlib.contextmanager
    def _lock(self, file: RemoteFile) -> Iterator[None]:
        """The lock that Hugging Face tools take for a file, so that two programs do not write it at once."""
        from filelock import Timeout
        from huggingface_hub.utils import WeakFileLock

        folder = self._cache / ".locks" / self._folder.name
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            while True:
                self._check_stop()
                with contextlib.suppress(Timeout):
                    stack.enter_context(WeakFileLock(folder / f"{file.checksum}.lock", timeout=0.5))
                    break
            yield

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _fetch(self, hub: _Hub, client: Any, file: RemoteFile, blob: Path) -> None:
        """Fetch one file, going on from what is there, over as many connections as it takes."""
        partial = _partial(blob)
        before = partial.stat().st_size if partial.is_file() else 0
        if before > file.size_bytes:
            partial.unlink()
            before = 0
        self._advance(before)
        failures = 0
        with partial.open("ab") as stream:
            while (position := stream.tell()) < file.size_bytes:
                self._check_stop()
                try:
                    self._receive(hub, client, file, stream)
                except ModelRefused as error:
                    self._check_stop()
                    stream.flush()
                    failures = 0 if stream.tell() > position else failures + 1
                    passing = error.reason in (Reason.NO_NETWORK, Reason.NOT_A_HUB, Reason.INTERRUPTED)
                    if error.reason is Reason.SERVER_ERROR:
                        passing = error.parameters["status"] in (408, 429, 500, 502, 503, 504)
                    if not passing or failures > self._limits.retries:
                        if passing and self._bytes_done and error.reason is not Reason.SERVER_ERROR:
                            raise self._interrupted() from error
                        raise
                    self._stop.wait(self._limits.pause * 2 ** max(failures - 1, 0))
            stream.flush()
            os.fsync(stream.fileno())
        self._check_stop()
        if not _matches(partial, file, self._check_stop):
            # Nothing in it can be trusted, so the next attempt starts anew.
            partial.unlink()
            raise ModelRefused(Reason.CHECKSUM, name=self.remote.name, file=file.name)
        partial.replace(blob)

    def _interrupted(self) -> ModelRefused:
        return ModelRefused(
            Reason.INTERRUPTED,
            name=self.remote.name,
            bytes_done=self._bytes_done,
            bytes_total=self.remote.bytes_total,
        )

    def _receive(self, hub: _Hub, client: Any, file: RemoteFile, stream: Any) -> None:
        """One request: the rest of a file, as far as the connection brings it."""
        from huggingface_hub.utils import hf_raise_for_status

        position = stream.tell()
        headers = {"Range": f"bytes={position}-"} if position else {}
        with (
            hub.errors(self._limits.stall),
            client.stream(
                "GET",
                hub.url(self.remote.revision, file.name),
                headers=headers,
                extensions={"trace": self._trace},
            ) as response,
        ):
            hf_raise_for_status(response)
            if _announced(response) not in (None, file.size_bytes):
                # Another page than the file, such as a network's login: nothing of it may be kept.
                raise hub.refused(Reason.NOT_A_HUB)
            if position and not _continues(response, position):
                # The server sends the whole file again.
                stream.truncate(0)
                stream.seek(0)
                self._advance(-position)
                position = 0
            for block in response.iter_bytes():
                self._check_stop()
                if position + len(block) > file.size_bytes:
                    raise ModelRefused(Reason.CHECKSUM, name=self.remote.name, file=file.name)
                stream.write(block)
                position += len(block)
                self._advance(len(block), received=True)
        if position < file.size_bytes:
            raise self._interrupted()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        """Remember the sockets of this download, so that :meth:`stop` can wake a thread that waits for one."""
        find = getattr(info.get("return_value"), "get_extra_info", None)
        item = find("socket") if find is not None and event.endswith("tcp.complete") else None
        if item is not None:
            with self._mutex:
                self._sockets.append(item)
            if self._stop.is_set():
                self.stop()


class _Stopped(Exception):
    """The reader stopped the download."""


def _existing(folder: Path) -> Path:
    """The folder itself or the nearest one above it that exists."""
    return next(item for item in (folder, *folder.absolute().parents) if item.exists())


def _continues(response: Any, position: int) -> bool:
    return response.status_code == 206 and bool(
        re.match(rf"bytes {position}-", response.headers.get("Content-Range", ""))
    )


def _announced(response: Any) -> int | None:
    """The size of the whole file by the headers of an answer, or ``None`` if they do not say."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    size = response.headers.get("Content-Length")
    if response.status_code == 206:
        size = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(size) if size and size.isdecimal() else None


def _matches(path: Path, file: RemoteFile, check: Callable[[], None]) -> bool:
    """Whether a file has the content that its checksum promises. ``check`` is called between blocks."""
    if _SHA256.fullmatch(file.checksum):
        digest = hashlib.sha256()
    else:
        # git's name for a file's content: SHA-1 over a header with the size, then the content
        digest = hashlib.sha1(f"blob {file.size_bytes}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            check()
            digest.update(block)
    return digest.hexdigest() == file.checksum


def _link(blob: Path, pointer: Path) -> None:
    """Make a file of a snapshot point to its content; where links do not work, put the content itself there.

    Hugging Face tools do the same, so either layout is read by everybody.
    """
    if pointer.is_file():
        return
    pointer.unlink(missing_ok=True)  # a link to content that was removed
    if os.environ.get("HF_HUB_DISABLE_SYMLINKS", "").upper() not in ("1", "ON", "YES", "TRUE"):
        with contextlib.suppress(OSError, NotImplementedError):
            pointer.symlink_to(Path("..") / ".." / "blobs" / blob.name)
            return
    blob.replace(pointer)


# --- One download per model -----------------------------------------------------------------------------------------

_downloads: dict[Path, Download] = {}
_downloads_lock = threading.Lock()


def start_download(
    remote: RemoteModel, *, cache: Path | None = None, limits: Limits | None = None
) -> Download:
    """Start fetching a model, or join the download of it that is already running in this process.

    A class of thirty that presses the button fetches the model once. After a stop, an error or a restart of the
    server, the next call goes on where the last one ended. It never raises for a failed download:
    ``progress().refused`` has ``NO_NETWORK``, ``OFFLINE_MODE``, ``TIMEOUT``, ``GATED``, ``NOT_FOUND``, ``NOT_A_HUB``,
    ``SERVER_ERROR``, ``INTERRUPTED``, ``CHECKSUM``, ``DISK_FULL``, ``CACHE_NOT_WRITABLE`` or ``DAMAGED`` (a file of the
    cache could not be read or written).
    """
    cache = cache or cache_folder()
    key = repo_folder(cache, remote.name)
    with _downloads_lock:
        current = _downloads.get(key)
        running = current is not None and not current.over
        if current is not None and running and not current._stop.is_set():
            return current
        download = Download(remote, cache, limits or Limits(), current if running else None)
        _downloads[key] = download
        download._thread.start()
        return download


def current_download(model_id: str, *, cache: Path | None = None) -> Download | None:
    """The last download of a model in this process, running or over: for a page that was opened anew."""
    with _downloads_lock:
        return _downloads.get(repo_folder(cache or cache_folder(), model_id))
