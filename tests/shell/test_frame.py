"""What the frame rests on: settings that exist, imports that stay below, the server's small parts."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

from components.shell import layout, server
from components.shell.compression import CachedGzip
from components.shell.layout import as_csv
from tests import event_loop

ROOT = Path(__file__).parents[2]


def test_the_collection_after_each_run_is_off() -> None:
    """A hidden option of Streamlit; 30 sessions were 40 times slower with it."""
    assert "runner.postScriptGC" in config._config_options_template
    assert config.get_option("runner.postScriptGC") is False
    assert config.get_option("browser.gatherUsageStats") is False


@pytest.mark.parametrize("layer", ["lm", "figures"])
def test_the_lower_layers_run_without_streamlit(layer: str) -> None:
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "components" / layer).rglob("*.py"))
    modules = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    code = "import sys; sys.modules['streamlit'] = None; " + (
        "sys.modules['plotly'] = None; " if layer == "lm" else ""
    )
    code += f"import importlib; [importlib.import_module(name) for name in {modules!r}]"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_csv_rows_name_the_model() -> None:
    text = as_csv([{"step": 1, "token": 'a,"b'}], {"model": "pocket-gpt", "seed": 4})
    assert text.splitlines() == ["\ufeffstep,token,model,seed", '1,"a,""b",pocket-gpt,4']
    assert as_csv([], {"model": "x"}) == ""


def test_a_row_keeps_its_own_value() -> None:
    """A setting may be called like a column."""
    text = as_csv([{"step": 1}, {"step": 2, "late": "x"}], {"step": 9})
    assert text.splitlines() == ["\ufeffstep,late,setting_step", "1,,9", "2,x,9"]


def test_a_spreadsheet_computes_no_cell() -> None:
    rows = [{"token": text, "x": -1.5} for text in ("=1+1", "+1", "-", "@a", "\t=1", "a=1", "안녕")]
    cells = [line.split(",") for line in as_csv(rows, {"text": "=2"}).splitlines()[1:]]
    assert [cell for cell, *_ in cells] == ["'=1+1", "'+1", "'-", "'@a", "'\t=1", "a=1", "안녕"]
    assert {tuple(rest) for _, *rest in cells} == {("-1.5", "'=2")}


def test_addresses_name_the_configured_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSBOX_URL", "http://lecture.example:8501")
    found = server.addresses(8501)
    assert found[0] == "http://lecture.example:8501"
    assert found[-1] == "http://localhost:8501"


class _Files:
    """A static file server that counts."""

    def __init__(self, body: bytes, kind: bytes = b"text/javascript") -> None:
        self.body, self.kind, self.asked = body, kind, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        headers = [(b"content-type", self.kind), (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def _get(app: Any, path: str, accept: bytes = b"gzip") -> tuple[dict[bytes, bytes], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept-encoding", accept)]}
    event_loop.run(app(scope, None, send))
    return dict(sent[0]["headers"]), sent[1]["body"]


def test_a_file_is_compressed_once() -> None:
    files = _Files(b"export const x = 1;\n" * 500)
    app = CachedGzip(files)
    for _ in range(3):
        headers, body = _get(app, "/static/js/index.js")
        assert headers[b"content-encoding"] == b"gzip"
        assert gzip.decompress(body) == files.body
    assert files.asked == 1


def test_small_and_packed_files_stay_as_they_are() -> None:
    for files in (_Files(b"tiny"), _Files(b"x" * 5000, b"font/woff2")):
        headers, body = _get(CachedGzip(files), "/static/media/a")
        assert b"content-encoding" not in headers
        assert body == files.body


def test_a_browser_that_takes_no_gzip_gets_none() -> None:
    files = _Files(b"x" * 5000)
    headers, body = _get(CachedGzip(files), "/static/js/index.js", accept=b"identity")
    assert b"content-encoding" not in headers
    assert body == files.body


def test_a_new_picture_travels_alone_and_an_old_one_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(layout.time, "sleep", waits.append)
    monkeypatch.setattr(layout.st, "session_state", {})
    for shown in ("a", "a", "b", "b"):
        layout.picture_first("page", shown)
    layout.picture_first("another page", "a")
    assert waits == [layout.PAUSE]
