"""The bundled models are served under names that follow their content, to browsers that may keep them."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager

from components.elements import engine
from components.lm.checkpoints import Checkpoints, Settings
from components.shell.compression import CachedGzip, KeptByName
from tests import event_loop
from tests.lm.conftest import build_tiny_gpt


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> BidiComponentManager:
    made = BidiComponentManager()
    monkeypatch.setattr(engine, "get_bidi_component_manager", lambda: made)
    return made


@pytest.mark.parametrize("name", ["pocket-gpt", "pocket-bert", "nano-gpt", "nano-bert"])
def test_every_bundled_model_is_served(manager: BidiComponentManager, name: str) -> None:
    found = engine.model_files(name)
    assert found is not None
    assert found == engine.model_files(name)
    folder = Path(str(manager.get_component_path(found["folder"].rstrip("/"))))
    assert folder.name == name
    assert manager.get(found["folder"].rstrip("/")) is not None
    assert (folder / "model.safetensors").stat().st_size == found["bytes"]


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize("name", ["gpt2", "local:folder", "", "../pocket-gpt", "no-such-model", "<script>"])
def test_other_models_are_not(name: str) -> None:
    assert engine.model_files(name) is None


@pytest.mark.usefixtures("manager")
def test_other_weights_have_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "store", lambda: Checkpoints(Settings.from_env({}), bundled_folder=tmp_path))
    names = []
    for seed in (0, 1):
        build_tiny_gpt(tmp_path / "tiny", seed=seed)
        found = engine.model_files("tiny")
        assert found is not None
        names.append(found["folder"])
    assert len(set(names)) == 2
    assert all(name.startswith("glassbox.tiny-") for name in names)


@pytest.mark.usefixtures("manager")
def test_what_the_operator_forbids_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        engine, "store", lambda: Checkpoints(Settings.from_env({"GLASSBOX_MODELS": "nano-gpt"}))
    )
    assert engine.model_files("nano-gpt") is not None
    assert engine.model_files("pocket-gpt") is None


def served(path: str) -> dict[bytes, bytes]:
    """Headers of the answer as ``make run`` gives it."""

    async def file(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"7" * 2_000})

    sent: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept-encoding", b"gzip")]}
        await KeptByName(CachedGzip(file))(scope, None, send)

    event_loop.run(ask())
    return dict(sent[0]["headers"])


def test_the_browser_may_keep_what_is_named_by_its_content() -> None:
    headers = served("/_stcore/bidi-components/glassbox.pocket-gpt-0123456789abcdef/tokenizer.json")
    assert b"immutable" in headers[b"cache-control"]
    assert headers[b"content-encoding"] == b"gzip"
    assert b"immutable" not in served("/_stcore/bidi-components/glassbox.lib/dom.js")[b"cache-control"]
