"""Downloads, against a small hub on loopback that speaks what the real one speaks and can misbehave."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from components.lm import checkpoints
from components.lm.checkpoints import Checkpoints, Settings, cached_folder, hub
from components.lm.checkpoints.hub import (
    Download,
    Limits,
    RemoteModel,
    current_download,
    describe_remote,
    start_download,
)
from components.lm.checkpoints.model_card import ModelRefused, Reason
from components.lm.tokens.tokenizer_files import read_tokenizer

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "5f0d2a1c" * 5
WEIGHTS = "model.safetensors"
# Short enough for tests, long enough for a busy machine: only silent servers ever wait for them.
QUICK = Limits(connect=5, answer=20, stall=20, retries=1, pause=0.01)
LONG = 60  # seconds after which a test gives up; nothing is expected to take that long


class FakeHub:
    """A hub with one model. ``requests`` is what it was asked; the other fields make it misbehave."""

    def __init__(self, folder: Path, model_id: str = "owner/tiny-gpt") -> None:
        self.model_id = model_id
        self.files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        self.large = {name for name in self.files if name.endswith((".safetensors", ".bin"))}
        self.info: dict[str, Any] = {"cardData": {"license": "mit", "language": ["en", "ko"]}}
        self.requests: list[tuple[str, str, str | None]] = []
        self.authorizations: list[str | None] = []
        self.status: dict[
            str, tuple[int, dict[str, str]]
        ] = {}  # path part -> answer with this status and headers
        self.content: dict[str, bytes] = {}  # file -> other bytes than announced
        self.cut: dict[
            str, list[int]
        ] = {}  # file -> bytes to send before the connection is cut, one per request
        self.silent: set[str] = set()  # path parts that are never answered
        self.silent_after: dict[str, int] = {}  # file -> bytes sent before the server falls silent
        self.slow: float = 0  # seconds between blocks of 16 kB
        self.html = False  # the login page of a hotel
        self.ignores_range = False
        self.checksums = True
        self.compresses = False
        self.cdn: FakeHub | None = None  # large files are there
        self.moved_from: str | None = None  # an old name of the model
        self.let_go = threading.Event()
        hub_ = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_HEAD(self) -> None:
                hub_.answer(self, with_body=False)

            def do_GET(self) -> None:
                hub_.answer(self, with_body=True)

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):  # the client hung up, as some tests want it to
                    super().handle()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.thread.start()

    def close(self) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def ranges(self, file: str = WEIGHTS) -> list[str | None]:
        """The Range headers of the GET requests for a file, without those that only read its header."""
        asked = [r for method, path, r in self.requests if method == "GET" and path.endswith("/" + file)]
        return [item for item in asked if item is None or item.endswith("-")]

    def etag(self, file: str) -> str:
        data = self.files[file]
        if file in self.large:
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

    def answer(self, request: BaseHTTPRequestHandler, with_body: bool) -> None:
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path, request.headers["Range"]))
        self.authorizations.append(request.headers["Authorization"])
        if any(part in path for part in self.silent):
            self.let_go.wait()
            request.close_connection = True
            return
        for part, (status, headers) in self.status.items():
            if part in path:
                self.send(request, status, b"", headers, with_body)
                return
        if self.html:
            self.send(request, 200, b"<html>Please log in</html>", {"Content-Type": "text/html"}, with_body)
        elif self.moved_from is not None and path == f"/api/models/{self.moved_from}":
            self.send(request, 307, b"", {"Location": f"/api/models/{self.model_id}?blobs=True"}, with_body)
        elif path == f"/api/models/{self.model_id}":
            self.send(request, 200, json.dumps(self.description()).encode(), {}, with_body)
        elif path.startswith("/cdn/"):
            self.send_file(request, path.removeprefix("/cdn/"), with_body)
        else:
            owner = (
                self.moved_from
                if self.moved_from and path.startswith(f"/{self.moved_from}/")
                else self.model_id
            )
            prefix = f"/{owner}/resolve/{COMMIT}/"
            file = path.removeprefix(prefix)
            if not path.startswith(prefix):
                self.send(request, 404, b"", {"X-Error-Code": "RepoNotFound"}, with_body)
            elif file not in self.files:
                self.send(request, 404, b"", {"X-Error-Code": "EntryNotFound"}, with_body)
            elif self.cdn is not None and file in self.large:
                headers = {
                    "Location": f"{self.cdn.url}/cdn/{file}",
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Etag": f'"{self.etag(file)}"',
                    "X-Linked-Size": str(len(self.files[file])),
                }
                self.send(request, 302, b"", headers, with_body)
            else:
                self.send_file(request, file, with_body)

    def description(self) -> dict[str, Any]:
        siblings = []
        for name, data in self.files.items():
            item: dict[str, Any] = {"rfilename": name}
            if self.checksums:
                item |= {"size": len(data), "blobId": self.etag(name)}
                if name in self.large:
                    item |= {
                        "blobId": "0" * 40,
                        "lfs": {"sha256": self.etag(name), "size": len(data), "pointerSize": 134},
                    }
            siblings.append(item)
        base = {"_id": "1", "id": self.model_id, "sha": COMMIT, "gated": False, "private": False, "tags": []}
        return {**base, "siblings": siblings, **self.info}

    def send_file(self, request: BaseHTTPRequestHandler, file: str, with_body: bool) -> None:
        data = self.content.get(file, self.files[file])
        headers = {"ETag": f'"{self.etag(file)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        status, start, end = 200, 0, len(data)
        asked = request.headers["Range"]
        if asked and not self.ignores_range:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(len(data), int(last) + 1) if last else len(data)
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        body = data[start:end]
        if self.compresses and file not in self.large:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        self.send(request, status, body, headers, with_body, file)

    def send(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        headers: dict[str, str],
        with_body: bool,
        file: str = "",
    ) -> None:
        request.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(key, value)
        request.end_headers()
        if not with_body:
            return
        whole = request.headers["Range"] is None or request.headers["Range"].endswith("-")
        cuts = self.cut.get(file, []) if whole else []
        length = min(len(body), cuts.pop(0)) if cuts else len(body)
        if whole and file in self.silent_after:
            length = min(length, self.silent_after[file])
        for position in range(0, length, 16_384):
            request.wfile.write(body[position : min(position + 16_384, length)])
            if whole and file in self.large and self.slow:
                self.let_go.wait(self.slow)
        request.wfile.flush()
        if whole and file in self.silent_after:
            self.let_go.wait()
        if length < len(body):
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def fake_hub(tiny_gpt_folder: Path) -> Iterator[FakeHub]:
    made = FakeHub(tiny_gpt_folder)
    yield made
    made.close()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "hub"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_ENDPOINT",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def describe(fake: FakeHub, cache: Path, model_id: str | None = None, **changes: Any) -> RemoteModel:
    settings = Settings(**changes.pop("settings", {}))
    limits = changes.pop("limits", QUICK)
    return describe_remote(
        model_id or fake.model_id, endpoint=fake.url, cache=cache, limits=limits, settings=settings, **changes
    )


def fetch(fake: FakeHub, cache: Path, limits: Limits = QUICK) -> hub.Progress:
    return start_download(describe(fake, cache), cache=cache, limits=limits).wait(LONG)


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> ModelRefused:
    with pytest.raises(ModelRefused) as caught:
        call(*args, **kwargs)
    return caught.value


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def incomplete(cache: Path) -> list[Path]:
    return sorted(cache.glob("models--*/blobs/*.incomplete"))


# --- What works -----------------------------------------------------------------------------------------------------


def test_a_model_is_described_before_anything_is_fetched(
    fake_hub: FakeHub, cache: Path, tiny_gpt_folder: Path
) -> None:
    fake_hub.files |= {"pytorch_model.bin": b"pickle", "notes.txt": b"no", "onnx/model.onnx": b"no"}
    remote = describe(fake_hub, cache)
    assert remote.revision == COMMIT
    assert remote.licence == "mit"
    assert remote.card.languages == ("en", "ko")
    assert not remote.gated
    names = [file.name for file in remote.files]
    assert set(names) == {path.name for path in tiny_gpt_folder.iterdir()}
    assert names[-1] == WEIGHTS
    assert remote.bytes_total == sum(path.stat().st_size for path in tiny_gpt_folder.iterdir())
    assert remote.bytes_here == 0
    assert remote.card.capabilities == ("attention", "generation")
    local = Checkpoints(Settings(local_folders=(tiny_gpt_folder,))).card("local:tiny-gpt")
    assert remote.card.num_parameters == local.num_parameters
    assert fake_hub.ranges() == [], "the weights were not asked for, only their header"
    assert not cache.exists()


def test_a_complete_download_with_progress(fake_hub: FakeHub, cache: Path, tiny_gpt_folder: Path) -> None:
    fake_hub.slow = 0.12
    remote = describe(fake_hub, cache)
    download = start_download(remote, cache=cache, limits=QUICK)
    seen = []
    while not download.over:
        seen.append(download.progress())
        time.sleep(0.02)
    last = download.wait(LONG)
    assert last.state == "done", last
    assert (last.bytes_done, last.bytes_total) == (remote.bytes_total, remote.bytes_total)
    assert last.fraction == 1
    done = [item.bytes_done for item in seen]
    assert done == sorted(done)
    assert len(set(done)) > 3, "progress was visible on the way"
    rated = [item for item in seen if item.rate is not None]
    assert rated, "a rate was shown"
    for item in rated:
        assert item.rate is not None
        assert item.seconds_left == pytest.approx((item.bytes_total - item.bytes_done) / item.rate)
    assert seen[-1].file == WEIGHTS
    # The layout of Hugging Face tools: content by checksum, snapshots pointing to it, the branch's commit.
    repo = cache / "models--owner--tiny-gpt"
    assert last.folder == repo / "snapshots" / COMMIT == cached_folder("owner/tiny-gpt", cache)
    assert (repo / "refs" / "main").read_text(encoding="ascii") == COMMIT
    assert (last.folder / WEIGHTS).is_symlink()
    assert (last.folder / WEIGHTS).resolve() == repo / "blobs" / fake_hub.etag(WEIGHTS)
    assert incomplete(cache) == []
    for path in tiny_gpt_folder.iterdir():
        assert (last.folder / path.name).read_bytes() == path.read_bytes()


def test_a_tokenizer_is_fetched_without_its_model(fake_hub: FakeHub, cache: Path) -> None:
    # A kind of model that no page can run: its tokenizer is data all the same.
    fake_hub.files["config.json"] = json.dumps(
        {"model_type": "t5", "auto_map": {"AutoModel": "x.Y"}}
    ).encode()
    remote = describe(fake_hub, cache, tokenizer_only=True)
    assert (remote.card, remote.licence, remote.gated) == (None, "mit", False)
    assert [file.name for file in remote.files] == ["tokenizer_config.json", "tokenizer.json"]
    assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).state == "done"
    assert not fake_hub.ranges(), "the weights were not asked for"
    store = Checkpoints(Settings(), bundled_folder=Path("/nonexistent"), cache=cache)
    assert store.tokenizer_card(fake_hub.model_id).revision == COMMIT
    folder = store.tokenizer_folder(store.parse_name(fake_hub.model_id))
    assert len(read_tokenizer(folder).call("low").input_ids) >= 1
    assert describe(fake_hub, cache, tokenizer_only=True).bytes_here == remote.bytes_total


def test_the_older_files_of_a_tokenizer_come_together(fake_hub: FakeHub, cache: Path) -> None:
    del fake_hub.files["tokenizer.json"]
    fake_hub.files |= {"vocab.json": b"{}", "merges.txt": b"#version: 0.2"}
    names = [file.name for file in describe(fake_hub, cache, tokenizer_only=True).files]
    assert names == ["tokenizer_config.json", "merges.txt", "vocab.json"]
    del fake_hub.files["merges.txt"]
    assert refusal(describe, fake_hub, cache, tokenizer_only=True).reason is Reason.INCOMPLETE


def test_a_downloaded_model_gives_the_same_numbers(
    fake_hub: FakeHub, cache: Path, tiny_gpt_folder: Path
) -> None:
    assert fetch(fake_hub, cache).state == "done"
    store = Checkpoints(Settings(local_folders=(tiny_gpt_folder,)), cache=cache)
    ours, theirs = store.load("owner/tiny-gpt"), store.load("local:tiny-gpt")
    assert (ours.card.source, ours.card.revision) == ("hub", COMMIT)
    ids = checkpoints.import_torch().tensor([ours.tokenizer("The low river 안녕하세요")["input_ids"]])
    assert checkpoints.import_torch().equal(
        ours.forward(input_ids=ids).logits, theirs.forward(input_ids=ids).logits
    )
    assert [choice.name for choice in store.choices() if choice.state == "ready"][-1] == "owner/tiny-gpt"


def test_hugging_face_tools_find_it_offline(fake_hub: FakeHub, tmp_path: Path) -> None:
    """The settings that users know are respected, and transformers loads the model by its id without a network."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GLASSBOX_", "TRANSFORMERS_"))}
    env |= {"HF_ENDPOINT": fake_hub.url + "/", "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    code = (
        "import sys\n"
        "from components.lm.checkpoints.hub import describe_remote, start_download\n"
        "progress = start_download(describe_remote('owner/tiny-gpt')).wait(60)\n"
        "assert progress.state == 'done', progress\n"
        "assert not {'torch', 'hf_xet'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=120)
    asked = len(fake_hub.requests)
    code = (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "model = AutoModelForCausalLM.from_pretrained('owner/tiny-gpt')\n"
        "tokenizer = AutoTokenizer.from_pretrained('owner/tiny-gpt')\n"
        "assert model.config.n_layer == 2 and tokenizer('The low river')['input_ids']\n"
    )
    subprocess.run([sys.executable, "-c", code], env={**env, "HF_HUB_OFFLINE": "1"}, check=True, timeout=120)
    assert len(fake_hub.requests) == asked


def test_an_old_name_is_followed(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.moved_from = "old-gpt"
    remote = describe(fake_hub, cache, "old-gpt")
    assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).state == "done"
    assert Checkpoints(Settings(), cache=cache).card("old-gpt").revision == COMMIT


def test_large_files_may_come_from_elsewhere_and_the_token_stays(
    fake_hub: FakeHub, tiny_gpt_folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub redirects large files to storage on another host, which must not see who asks."""
    monkeypatch.setenv("HF_TOKEN", "hf_for_tests_only")
    fake_hub.cdn = FakeHub(tiny_gpt_folder)
    try:
        fake_hub.cdn.cut = {WEIGHTS: [100_000]}
        assert fetch(fake_hub, cache).state == "done"
        assert fake_hub.cdn.ranges() == [None, "bytes=100000-"]
        assert set(fake_hub.authorizations) == {"Bearer hf_for_tests_only"}
        assert set(fake_hub.cdn.authorizations) == {None}
    finally:
        fake_hub.cdn.close()


def test_mirrors_without_checksums_in_the_description(
    fake_hub: FakeHub, tiny_gpt_folder: Path, cache: Path
) -> None:
    fake_hub.checksums = False
    fake_hub.cdn = FakeHub(tiny_gpt_folder)
    try:
        assert fetch(fake_hub, cache).state == "done"
        assert sum(method == "HEAD" for method, _, _ in fake_hub.requests) == len(fake_hub.files)
        assert (cache / "models--owner--tiny-gpt" / "blobs" / fake_hub.etag(WEIGHTS)).is_file()
    finally:
        fake_hub.cdn.close()


def test_servers_that_compress_small_files(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.compresses = True
    assert fetch(fake_hub, cache).state == "done"


def test_weights_in_several_files(
    fake_hub: FakeHub, tiny_gpt_folder: Path, tmp_path: Path, cache: Path
) -> None:
    checkpoints.import_torch()
    from transformers import AutoModelForCausalLM

    folder = Path(shutil.copytree(tiny_gpt_folder, tmp_path / "sharded"))
    (folder / WEIGHTS).unlink()
    AutoModelForCausalLM.from_pretrained(tiny_gpt_folder).save_pretrained(folder, max_shard_size="60KB")
    sharded = FakeHub(folder)
    try:
        remote = describe(sharded, cache)
        assert len([file for file in remote.files if file.name.endswith(".safetensors")]) > 1
        assert remote.card.num_parameters == describe(fake_hub, cache).card.num_parameters
        assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).state == "done"
        # The licence of this one stood only in the description, because the tiny model has no README.md.
        described = dataclasses.replace(remote.card, languages=(), licence="")
        assert Checkpoints(Settings(), cache=cache).load("owner/tiny-gpt").card == described
    finally:
        sharded.close()


def test_where_links_do_not_work_files_stand_in_the_snapshot(
    fake_hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_SYMLINKS", "1")
    done = fetch(fake_hub, cache)
    assert done.folder is not None
    assert not (done.folder / WEIGHTS).is_symlink()
    assert (done.folder / WEIGHTS).read_bytes() == fake_hub.files[WEIGHTS]
    assert not list((cache / "models--owner--tiny-gpt" / "blobs").iterdir()), "nothing is kept twice"
    remote = describe(fake_hub, cache)
    assert remote.bytes_here == remote.bytes_total
    assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).bytes_done == remote.bytes_total
    assert fake_hub.ranges() == [None]


# --- Breaks and stops -----------------------------------------------------------------------------------------------


def test_a_cut_connection_is_taken_up_where_it_broke(fake_hub: FakeHub, cache: Path) -> None:
    half = len(fake_hub.files[WEIGHTS]) // 2
    fake_hub.cut = {WEIGHTS: [half]}
    done = fetch(fake_hub, cache)
    assert done.state == "done"
    assert fake_hub.ranges() == [None, f"bytes={half}-"]
    assert done.bytes_done == done.bytes_total


def test_a_download_that_failed_goes_on_from_there_the_next_time(fake_hub: FakeHub, cache: Path) -> None:
    half = len(fake_hub.files[WEIGHTS]) // 2
    fake_hub.cut = {WEIGHTS: [half, 0, 0]}
    failed = fetch(fake_hub, cache)
    assert failed.state == "failed"
    assert failed.refused is not None
    assert failed.refused.reason is Reason.INTERRUPTED
    small = failed.bytes_total - len(fake_hub.files[WEIGHTS])
    assert failed.refused.parameters["bytes_done"] == failed.bytes_done == small + half
    assert incomplete(cache)[0].stat().st_size == half
    assert cached_folder("owner/tiny-gpt", cache) is None
    fake_hub.requests.clear()
    remote = describe(fake_hub, cache)
    assert remote.bytes_here == small + half
    done = start_download(remote, cache=cache, limits=QUICK).wait(LONG)
    assert done.state == "done"
    assert fake_hub.ranges() == [f"bytes={half}-"]
    assert fake_hub.ranges("tokenizer.json") == [], "finished files are not fetched again"
    assert describe(fake_hub, cache).bytes_here == remote.bytes_total


def test_a_stopped_download_goes_on_the_next_time(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.slow = 0.05
    remote = describe(fake_hub, cache)
    download = start_download(remote, cache=cache, limits=QUICK)
    until(
        lambda: (
            download.progress().file == WEIGHTS
            and download.progress().bytes_done > remote.bytes_total - 130_000
        )
    )
    download.stop()
    assert download.progress().state in ("stopping", "stopped")
    stopped = download.wait(LONG)
    assert (stopped.state, stopped.refused, stopped.folder) == ("stopped", None, None)
    (partial,) = incomplete(cache)
    arrived = partial.stat().st_size
    assert 0 < arrived < len(fake_hub.files[WEIGHTS])
    fake_hub.requests.clear()
    assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).state == "done"
    assert fake_hub.ranges() == [f"bytes={arrived}-"]
    download.stop()  # of no consequence once it is over
    assert download.progress().state == "stopped"


@pytest.mark.parametrize("when", ["before the answer", "in the middle"])
def test_stop_does_not_wait_for_a_silent_server(fake_hub: FakeHub, cache: Path, when: str) -> None:
    """The time limit is far beyond the end of the test: only a real stop ends the waiting."""
    remote = describe(fake_hub, cache)
    if when == "in the middle":
        fake_hub.silent_after = {WEIGHTS: 50_000}
    else:
        fake_hub.silent = {WEIGHTS}
    download = start_download(remote, cache=cache, limits=Limits(stall=10 * LONG))
    until(lambda: any(path.endswith(WEIGHTS) for _, path, _ in fake_hub.requests[-1:]))
    if when == "in the middle":
        until(lambda: incomplete(cache) and download.progress().bytes_done >= 50_000)
    download.stop()
    assert download.wait(LONG).state == "stopped"


def test_starting_again_right_after_a_stop(
    fake_hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second download waits until the first has let go of the file, even where file locks have no effect."""
    import huggingface_hub.utils

    monkeypatch.setattr(
        huggingface_hub.utils, "WeakFileLock", lambda *args, **kwargs: contextlib.nullcontext()
    )
    fake_hub.silent_after = {WEIGHTS: 50_000}
    remote = describe(fake_hub, cache)
    first = start_download(remote, cache=cache, limits=Limits(stall=10 * LONG))
    until(
        lambda: incomplete(cache) and first.progress().file == WEIGHTS and incomplete(cache)[0].stat().st_size
    )
    waiting = list(first._sockets)
    first._sockets.clear()  # so that the stop does not wake it
    first.stop()
    assert first.progress().state == "stopping"
    second = start_download(remote, cache=cache, limits=QUICK)
    assert current_download("owner/tiny-gpt", cache=cache) is second
    assert second.wait(0.3).state == "running"
    assert fake_hub.ranges() == [None], "it asks for nothing yet"
    fake_hub.silent_after = {}
    for item in waiting:
        item.shutdown(socket.SHUT_RDWR)
    assert second.wait(LONG).state == "done"
    assert first.progress().state == "stopped"


def test_a_class_that_presses_the_button_fetches_once(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.slow = 0.02
    remote = describe(fake_hub, cache)
    found: list[Download] = []
    together = threading.Barrier(12)

    def press() -> None:
        together.wait()
        found.append(start_download(remote, cache=cache, limits=QUICK))

    threads = [threading.Thread(target=press) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(item is found[0] for item in found)
    assert found[0].wait(LONG).state == "done"
    assert fake_hub.ranges() == [None]


def test_another_program_may_be_fetching_the_same_file(fake_hub: FakeHub, cache: Path) -> None:
    from huggingface_hub.utils import WeakFileLock

    remote = describe(fake_hub, cache)
    locks = cache / ".locks" / "models--owner--tiny-gpt"
    locks.mkdir(parents=True)
    with WeakFileLock(locks / f"{fake_hub.etag(WEIGHTS)}.lock"):
        download = start_download(remote, cache=cache, limits=QUICK)
        until(lambda: download.progress().file == WEIGHTS)
        assert not download.over
        assert fake_hub.ranges() == []
    assert download.wait(LONG).state == "done"


def test_a_server_that_sends_everything_again(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.ignores_range = True
    fake_hub.cut = {WEIGHTS: [90_000]}
    done = fetch(fake_hub, cache)
    assert done.state == "done"
    assert done.bytes_done == done.bytes_total
    assert fake_hub.ranges() == [None, "bytes=90000-"]


# --- What goes wrong ------------------------------------------------------------------------------------------------


def test_a_wrong_checksum_is_noticed_and_nothing_of_it_kept(fake_hub: FakeHub, cache: Path) -> None:
    data = bytearray(fake_hub.files[WEIGHTS])
    data[-1] ^= 1  # one bit of the last weight: the header is fine
    fake_hub.content[WEIGHTS] = bytes(data)
    failed = fetch(fake_hub, cache)
    assert failed.refused is not None
    assert (failed.state, failed.refused.reason) == ("failed", Reason.CHECKSUM)
    assert failed.refused.parameters["file"] == WEIGHTS
    assert incomplete(cache) == []
    assert cached_folder("owner/tiny-gpt", cache) is None
    fake_hub.content.clear()
    assert fetch(fake_hub, cache).state == "done"


def test_small_files_are_checked_as_well(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.content["tokenizer.json"] = fake_hub.files["tokenizer.json"].replace(b"a", b"b")
    failed = fetch(fake_hub, cache)
    assert failed.refused is not None
    assert (failed.refused.reason, failed.refused.parameters["file"]) == (Reason.CHECKSUM, "tokenizer.json")


def test_a_file_of_another_size_is_not_kept(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.content[WEIGHTS] = fake_hub.files[WEIGHTS] + b"more"
    failed = fetch(fake_hub, cache)
    assert failed.refused is not None
    assert failed.refused.reason is Reason.INTERRUPTED
    assert [path.stat().st_size for path in incomplete(cache)] == [0]


def test_a_login_page_in_the_middle_does_not_end_up_in_the_file(fake_hub: FakeHub, cache: Path) -> None:
    remote = describe(fake_hub, cache)
    half = len(fake_hub.files[WEIGHTS]) // 2
    fake_hub.cut = {WEIGHTS: [half]}
    fake_hub.slow = 0.02
    download = start_download(remote, cache=cache, limits=QUICK)
    until(lambda: download.progress().file == WEIGHTS and fake_hub.ranges() == [None])
    fake_hub.html = True
    assert download.wait(LONG).state == "failed"
    assert incomplete(cache)[0].read_bytes() == fake_hub.files[WEIGHTS][:half]
    fake_hub.html = False
    assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).state == "done"


def test_what_does_not_exist_is_said(fake_hub: FakeHub, cache: Path) -> None:
    assert refusal(describe, fake_hub, cache, "owner/other").reason is Reason.NOT_FOUND
    # The real hub answers 401 for a name that nobody has, because the model could be a private one.
    fake_hub.status = {"/api/models/owner/other": (401, {"X-Error-Code": "RepoNotFound"})}
    found = refusal(describe, fake_hub, cache, "owner/other")
    assert (found.reason, found.name) == (Reason.NOT_FOUND, "owner/other")


def test_gated_models_are_said_to_be_gated(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.info["gated"] = "manual"
    assert describe(fake_hub, cache).gated, "with an account that may, it is only mentioned"
    for status in (401, 403):
        fake_hub.status = {"/resolve/": (status, {"X-Error-Code": "GatedRepo"})}
        found = refusal(describe, fake_hub, cache)
        assert found.reason is Reason.GATED
        assert found.parameters["url"] == f"{fake_hub.url}/owner/tiny-gpt"
    fake_hub.status = {}
    remote = describe(fake_hub, cache)
    fake_hub.status = {f"/{WEIGHTS}": (401, {"X-Error-Code": "GatedRepo"})}
    failed = start_download(remote, cache=cache, limits=QUICK).wait(LONG)
    assert failed.refused is not None
    assert failed.refused.reason is Reason.GATED


@pytest.mark.parametrize("part", ["/api/models/", "config.json", WEIGHTS])
def test_a_server_that_never_answers_runs_into_the_limit(fake_hub: FakeHub, cache: Path, part: str) -> None:
    fake_hub.silent = {part}
    found = refusal(describe, fake_hub, cache, limits=Limits(answer=0.3))
    assert found.reason is Reason.TIMEOUT
    assert (found.parameters["endpoint"], found.parameters["seconds"]) == (fake_hub.url, 0.3)


def test_a_server_that_falls_silent_runs_into_the_limit_and_keeps_what_came(
    fake_hub: FakeHub, cache: Path
) -> None:
    fake_hub.silent_after = {WEIGHTS: 50_000}
    failed = fetch(fake_hub, cache, Limits(stall=0.5))
    assert failed.refused is not None
    assert (failed.state, failed.refused.reason) == ("failed", Reason.TIMEOUT)
    assert incomplete(cache)[0].stat().st_size == 50_000
    fake_hub.silent_after = {}
    assert fetch(fake_hub, cache).state == "done"
    assert fake_hub.ranges()[-1] == "bytes=50000-"


def test_without_a_network_it_is_said(fake_hub: FakeHub, cache: Path) -> None:
    remote = describe(fake_hub, cache)
    fake_hub.close()
    found = refusal(describe, fake_hub, cache)
    assert (found.reason, found.parameters["endpoint"]) == (Reason.NO_NETWORK, fake_hub.url)
    failed = start_download(remote, cache=cache, limits=QUICK).wait(LONG)
    assert failed.refused is not None
    assert failed.refused.reason is Reason.NO_NETWORK


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://no-such-host.invalid",
        "nonsense",
        "file:///etc/passwd",
        "http://[",
        "http://localhost:99999",
        "http://.x",
    ],
)
def test_endpoints_that_lead_nowhere(fake_hub: FakeHub, cache: Path, endpoint: str) -> None:
    fake_hub.url = endpoint
    assert refusal(describe, fake_hub, cache, limits=Limits(connect=2)).reason is Reason.NO_NETWORK


def test_a_dead_name_server_does_not_keep_the_reader_waiting(
    fake_hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*args: object, **kwargs: object) -> list[object]:
        fake_hub.let_go.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    assert refusal(describe, fake_hub, cache, limits=Limits(connect=0.1)).reason is Reason.NO_NETWORK


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_mode_is_respected(
    fake_hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    found = refusal(describe, fake_hub, cache)
    assert (found.reason, found.parameters["variable"]) == (Reason.OFFLINE_MODE, variable)
    assert fake_hub.requests == []


def test_the_endpoint_is_read_when_it_is_needed(
    fake_hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", fake_hub.url + "/")
    remote = describe_remote("owner/tiny-gpt", cache=cache, limits=QUICK, settings=Settings())
    assert remote.endpoint == fake_hub.url


def test_a_login_page_is_no_hub(fake_hub: FakeHub, cache: Path) -> None:
    fake_hub.html = True
    assert refusal(describe, fake_hub, cache).reason is Reason.NOT_A_HUB


@pytest.mark.parametrize("answer", [b"[]", b"{}", b'{"id": "x"}', b'{"id": "x", "sha": "../../x"}', b"\xff"])
def test_odd_answers_are_no_hub(
    fake_hub: FakeHub, cache: Path, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(request: BaseHTTPRequestHandler, with_body: bool) -> None:
        fake_hub.send(request, 200, answer, {}, with_body)

    monkeypatch.setattr(fake_hub, "answer", odd)
    assert refusal(describe, fake_hub, cache).reason is Reason.NOT_A_HUB


def test_errors_of_the_server_keep_their_number(fake_hub: FakeHub, cache: Path) -> None:
    remote = describe(fake_hub, cache)
    fake_hub.status = {"/": (503, {})}
    found = refusal(describe, fake_hub, cache)
    assert (found.reason, found.parameters["status"]) == (Reason.SERVER_ERROR, 503)
    failed = start_download(remote, cache=cache, limits=QUICK).wait(LONG)
    assert failed.refused is not None
    assert failed.refused.reason is Reason.SERVER_ERROR
    assert sum(path.endswith("config.json") for _, path, _ in fake_hub.requests) > QUICK.retries


def test_what_cannot_be_used_is_refused_before_the_download(fake_hub: FakeHub, cache: Path) -> None:
    size = len(fake_hub.files[WEIGHTS])
    found = refusal(describe, fake_hub, cache, settings={"max_model_bytes": size - 1})
    assert (found.reason, found.parameters["size_bytes"]) == (Reason.TOO_LARGE, size)
    found = refusal(describe, fake_hub, cache, settings={"allowed": ("bundled", "gpt2")})
    assert found.reason is Reason.NOT_ALLOWED
    for name in ("pocket-gpt", "local:x", "../x", "a/b/c"):
        assert refusal(describe, fake_hub, cache, name).reason is Reason.BAD_NAME
    good = dict(fake_hub.files)

    def refused_with(**files: bytes | None) -> ModelRefused:
        names = {"config": "config.json", "weights": WEIGHTS, "tokenizer": "tokenizer.json"}
        fake_hub.files = {**good, **{names[key]: value for key, value in files.items() if value is not None}}
        for key, value in files.items():
            if value is None:
                del fake_hub.files[names[key]]
        return refusal(describe, fake_hub, cache)

    config = json.loads(good["config.json"])
    own_code = json.dumps({**config, "auto_map": {"AutoModel": "x.Y"}}).encode()
    assert refused_with(config=own_code).reason is Reason.OWN_CODE
    assert (
        refused_with(config=json.dumps({**config, "model_type": "t5"}).encode()).reason is Reason.UNSUPPORTED
    )
    assert refused_with(config=b"[]").reason is Reason.DAMAGED
    assert refused_with(config=None).reason is Reason.INCOMPLETE
    assert refused_with(tokenizer=None).parameters["missing"] == "tokenizer.json"
    assert refused_with(weights=None).parameters["missing"] == WEIGHTS
    assert refused_with(weights=b"\xff" * 100).reason is Reason.DAMAGED
    good["pytorch_model.bin"] = b"pickle"
    found = refused_with(weights=None)
    assert (found.reason, found.parameters["files"]) == (Reason.PICKLE_ONLY, ("pytorch_model.bin",))
    good["model.safetensors.index.json"] = b'{"weight_map": {"a": "../../../etc/passwd"}}'
    assert refused_with(weights=None).reason is Reason.DAMAGED
    good["model.safetensors.index.json"] = b'{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'
    assert refused_with(weights=None).reason is Reason.INCOMPLETE
    assert not cache.exists()


def test_a_full_disk_is_said_before_and_during(
    fake_hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = describe(fake_hub, cache)
    real = shutil.disk_usage(cache.parents[1])
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: real._replace(free=1000))
        failed = start_download(remote, cache=cache, limits=QUICK).wait(LONG)
    assert failed.refused is not None
    assert failed.refused.reason is Reason.DISK_FULL
    assert failed.refused.parameters["needed_bytes"] == remote.bytes_total
    assert failed.refused.parameters["free_bytes"] == 1000

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        failed = start_download(remote, cache=cache, limits=QUICK).wait(LONG)
    assert failed.refused is not None
    assert failed.refused.reason is Reason.DISK_FULL
    assert start_download(remote, cache=cache, limits=QUICK).wait(LONG).state == "done"


def test_a_cache_that_cannot_be_written(fake_hub: FakeHub, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    failed = fetch(fake_hub, blocked / "hub")
    assert failed.refused is not None
    assert failed.refused.reason is Reason.CACHE_NOT_WRITABLE
    assert failed.refused.parameters["folder"] == str(blocked / "hub")
