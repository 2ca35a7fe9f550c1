"""The promises a page gets: opening with progress, one copy, a thread of its own, and what happens where a browser lacks something."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

NANO = Path(__file__).parents[3] / "assets" / "models" / "nano-gpt"
SIZE = (NANO / "model.safetensors").stat().st_size
OPEN = """async ([url, bytes, before]) => {
  if (before) eval(before);
  const { model } = await import("/elements/lib/engine/engine.js"), seen = [], m = model({ folder: url, bytes });
  window.m = m;
  try {
    const info = await m.open((p) => seen.push(p));
    const { ids } = await m.ask("encode", "The king said");
    const step = await m.ask("step", ids, { do_sample: false, temperature: 1, top_k: 0, top_p: 1, seed: 0 }, ids.length);
    return { info: { ...info, special: Array.from(info.special) }, ids, chosen: step.chosen.id, seen, opened: m.opened };
  } catch (error) { return { code: error.code, message: error.message, opened: m.opened }; }
}"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def opened(context: BrowserContext, files_url: str) -> Callable[..., Any]:
    """Return a function that opens nano-gpt on a new page: (what it said, the page)."""

    def open_(
        folder: str = "/models/nano-gpt/",
        before: str = "",
        size: int = SIZE,
        route: Callable[[Route], None] | None = None,
    ) -> tuple[dict[str, Any], Page]:
        page = context.new_page()
        page.set_default_timeout(60_000)
        if route:
            context.route("**/model.safetensors", route)
        page.goto(files_url)
        return page.evaluate(OPEN, [files_url + folder, size, before]), page

    return open_


@pytest.fixture
def wanted(opened: Callable[..., Any]) -> dict[str, Any]:
    return opened()[0]


def test_a_model_runs_beside_the_page(opened: Callable[..., Any]) -> None:
    got, page = opened()
    assert got["info"]["fast"] is True
    assert got["info"]["config"]["model_type"] == "gpt2"
    assert got["info"]["special"] == [0]
    assert got["opened"]
    assert got["seen"][-1] == {"loaded": SIZE, "total": SIZE}
    assert [p["loaded"] for p in got["seen"]] == sorted(p["loaded"] for p in got["seen"])
    assert len(page.workers) == 1
    # A second element of the page shares the copy, and a long text does not hold the page's own thread.
    ticks = page.evaluate(
        """async () => {
          const { model } = await import("/elements/lib/engine/engine.js");
          let ticks = 0;
          const timer = setInterval(() => { ticks += 1; }, 1);
          for (let i = 0; i < 20; i++) await m.ask("read", Array.from({ length: 120 }, (_, k) => k + i), {});
          clearInterval(timer);
          return ticks;
        }"""
    )
    assert ticks > 5
    assert len(page.workers) == 1


@pytest.mark.parametrize(
    "before", ["window.Worker = undefined", "window.Worker = class { constructor() { throw new Error('not here'); } }"]
)  # fmt: skip
def test_without_workers_it_runs_on_the_page(
    opened: Callable[..., Any], wanted: dict[str, Any], before: str
) -> None:
    got, page = opened(before=before)
    assert (got["ids"], got["chosen"]) == (wanted["ids"], wanted["chosen"])
    assert page.workers == []


def test_without_webassembly_it_is_slower_and_right(
    opened: Callable[..., Any], wanted: dict[str, Any]
) -> None:
    got, _ = opened(
        before="window.Worker = undefined; WebAssembly.compile = () => Promise.reject(new Error('no SIMD'))"
    )
    assert got["info"]["fast"] is False
    assert (got["ids"], got["chosen"]) == (wanted["ids"], wanted["chosen"])


def test_a_failed_download_says_so_and_can_be_tried_again(
    opened: Callable[..., Any], context: BrowserContext
) -> None:
    got, page = opened(route=lambda route: route.abort())
    assert got["code"] == "download"
    assert not got["opened"]
    context.unroute("**/model.safetensors")
    assert (
        page.evaluate("async () => { await m.open(); return (await m.ask('encode', 'The')).ids.length; }") > 0
    )


def test_a_broken_file_says_so(opened: Callable[..., Any]) -> None:
    asked: list[str] = []

    def half(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=(NANO / "model.safetensors").read_bytes()[: SIZE // 2])

    got, _ = opened(route=half)
    assert got["code"] == "broken"
    assert len(asked) == 2  # what the browser had kept might have been the broken half: asked for anew, once


def test_no_memory_says_so(opened: Callable[..., Any]) -> None:
    got, _ = opened(
        before="window.Worker = undefined; WebAssembly.Memory = class { constructor() { throw new RangeError('could not allocate memory'); } }"
    )
    assert got["code"] == "memory"


def test_an_architecture_that_is_not_ours_is_refused(opened: Callable[..., Any], made: Path) -> None:
    folder = made / "strange"
    shutil.copytree(NANO, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("snapshots"))
    config = (folder / "config.json").read_text(encoding="utf-8")
    (folder / "config.json").write_text(config.replace('"gpt2"', '"llama"'), encoding="utf-8")
    assert opened("/made/strange/")[0]["code"] == "unsupported"


def test_the_browser_keeps_a_model_until_it_has_another_name(
    opened: Callable[..., Any], made: Path, context: BrowserContext
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    for name in ("model-0123456789abcdef", "model-fedcba9876543210"):
        shutil.copytree(NANO, made / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("snapshots"))
    opened("/made/model-0123456789abcdef/")
    assert sum("safetensors" in url for url in asked) == 1
    asked.clear()
    got, page = opened("/made/model-0123456789abcdef/")  # another visit
    assert "chosen" in got
    assert not any("safetensors" in url for url in asked)
    opened("/made/model-fedcba9876543210/")
    page.wait_for_timeout(300)
    kept = page.evaluate(
        "async () => (await (await caches.open('glassbox-models')).keys()).map((r) => r.url)"
    )
    assert len(kept) == 3
    assert all("fedcba9876543210" in url for url in kept)
