"""A model that is not here: described, fetched with progress, stopped, and used, through the page."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.lm.checkpoints.test_hub import FakeHub
from tests.lm.conftest import build_tiny_gpt
from tests.pages.conftest import Open

NAME = "owner/tiny-gpt"


@pytest.fixture
def loopback_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    fake = FakeHub(build_tiny_gpt(tmp_path / "model"), NAME)
    monkeypatch.setenv("HF_ENDPOINT", fake.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield fake
    fake.close()


def shown_model(at: AppTest) -> str:
    for block in at.get("bidi_component"):
        if block.proto.component_name == "glassbox.writer":
            data: dict[str, Any] = json.loads(block.proto.json)
            return str(data["model"]["model"])
    raise AssertionError("no writer on the page")


def test_download_on_request(open_page: Open, loopback_hub: FakeHub) -> None:
    at = open_page("gpt/generation", model=NAME)
    assert shown_model(at) == "pocket-gpt"  # meanwhile
    assert not loopback_hub.requests  # nothing is asked before the button
    at.button(key=f"describe-{NAME}").click().run()
    assert any("mit" in block.value for block in at.markdown)  # the licence, before the download
    at.button(key=f"get-{NAME}").click().run()
    for _ in range(100):
        if shown_model(at) == NAME:
            break
        time.sleep(0.1)
        at.run()
    assert shown_model(at) == NAME
    assert not at.exception


def test_a_hub_that_cannot_be_reached_is_said_at_once(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    at = open_page("gpt/generation", lang=lang, model="somebody/else")
    at.button(key="describe-somebody/else").click().run()
    assert any("127.0.0.1:9" in error.value.replace("\\", "") for error in at.error)
    assert shown_model(at) == "pocket-gpt"


def test_an_operator_can_restrict_the_list(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from components.lm import checkpoints

    restricted = checkpoints.Checkpoints(checkpoints.Settings(allowed=("bundled",)))
    monkeypatch.setattr(checkpoints, "store", lambda: restricted)
    at = open_page("gpt/generation", model="gpt2")
    assert any("does not offer gpt2" in warning.value for warning in at.warning)
    assert shown_model(at) == "pocket-gpt"
