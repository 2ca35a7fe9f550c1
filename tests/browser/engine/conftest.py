"""A page that has nothing but the engine's files, from a plain file server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.engine.files import file_server


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the page sees under ``/made/``."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="module")
def files_url(made: Path) -> Iterator[str]:
    """The address of the file server."""
    with file_server(made) as url:
        yield url


@pytest.fixture(scope="module")
def blank(browser: Browser, files_url: str) -> Iterator[Page]:
    """The empty page, where ``window.engine`` opens a model by its folder: engine(folder, fast)."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(files_url)
    page.evaluate(
        """async () => {
          const { build, read } = await import("/elements/lib/engine/models.js");
          const { kernel } = await import("/elements/lib/engine/memory.js");
          const { step } = await import("/elements/lib/engine/decoding.js");
          const { randomNumber } = await import("/elements/lib/engine/philox.js");
          const get = async (path) => { const r = await fetch(path); if (!r.ok) throw new Error(path); return r; };
          window.engine = async (folder, fast = true, words = folder) => {
            const config = await (await get(`${folder}/config.json`)).json(), buffer = await (await get(`${folder}/model.safetensors`)).arrayBuffer();
            const split = words && await (await get(`${words}/tokenizer.json`)).json();
            return build(config, split, buffer, fast ? await kernel() : null);
          };
          Object.assign(window, { read, step, randomNumber, plain: (list) => Array.from(list) });
        }"""
    )
    yield page
    context.close()
