"""The bundled models in the browser beside transformers on the server: one thread each, in alternation, on the same texts."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.bench.bench_generation import Row, _load
from tests.bench.rows import Failed, each, one
from tests.browser.engine.files import ASSETS, file_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODELS = ASSETS / "models"
IDS = [(i * 937 + 11) % 8192 for i in range(460)]
SETUP = """async () => {
  const { build } = await import("/elements/lib/engine/models.js"), { kernel } = await import("/elements/lib/engine/memory.js");
  const open = async (name) => {
    const get = (file) => fetch(`/models/${name}/${file}`);
    return build(await (await get("config.json")).json(), null, await (await get("model.safetensors")).arrayBuffer(), await kernel());
  };
  window.gpt = (await open("pocket-gpt")).net; window.bert = (await open("pocket-bert")).net;
}"""
TOKENS = """([ids, from, count]) => {
  gpt.forget(); gpt.forward(ids.slice(0, from));
  const began = performance.now();
  for (let i = 0; i < count; i++) gpt.forward([ids[from + i]]);
  return (performance.now() - began) / 1000 / count;
}"""
PROMPT = """(ids) => { gpt.forget(); const began = performance.now(); gpt.forward(ids); return (performance.now() - began) / 1000; }"""
MASKS = """(ids) => { const began = performance.now(); bert.forward(ids, { at: [5, 20] }); return (performance.now() - began) / 1000; }"""

# On the page's own thread, which a throttled processor slows too: open a model that the browser has kept, read a beginning, write one token.
FIRST = """async (bytes) => {
  const { answer } = await import("/elements/lib/engine/models.js"), folder = new URL("/models/pocket-gpt/", location).href, began = performance.now();
  await answer({ name: "open", folder, args: [{ bytes }] }, () => {});
  const { ids } = await answer({ name: "encode", folder, args: ["The old king had a daughter who"] });
  const settings = { do_sample: true, temperature: 0.8, top_k: 0, top_p: 0.9, seed: 3 };
  await answer({ name: "step", folder, args: [ids, settings, ids.length, {}] });
  return (performance.now() - began) / 1000;
}"""


def first_token(page: Page, url: str, throttle: int, rounds: int = 5) -> float:
    """Return the least seconds until the first own token where the weights are there, with the processor ``throttle`` times slower."""
    size = (MODELS / "pocket-gpt" / "model.safetensors").stat().st_size
    cdp = page.context.new_cdp_session(page)
    took = []
    for number in range(rounds + 1):
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        page.goto(url)
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
        seconds = page.evaluate(FIRST, size)
        took += [seconds] if number else []  # the first round fetches them
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return min(took)


def engine_size(
    architectures: Sequence[str] = ("gpt2", "bert"),
    tokenizers: Sequence[str] = ("byte_level_bpe", "wordpiece"),
    decoding: bool = True,
) -> float:
    """Return the kilobytes of the engine, without comments, as one gzipped text; by default with all it knows of GPT and BERT.

    The encoder-decoder, the ways to choose a text beside a token drawn, and a block opened are loaded by the pages that use them. A
    page loads the architecture and the tokenizer of its model, and the choice of a token where it writes.
    """
    folder = ASSETS / "elements" / "lib" / "engine"
    left_out = {
        *("bart", "strategies", "opened"),
        *({"gpt2", "bert"} - {*architectures}),
        *({"byte_level_bpe", "wordpiece"} - {*tokenizers}),
        *(() if "byte_level_bpe" in tokenizers else ("letters",)),
        *(() if decoding else ("decoding", "philox")),
    }
    texts = [
        path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js")) if path.stem not in left_out
    ]
    bare = re.sub(r"/\*\*.*?\*/|(?<!\S)//[^\n]*|(?<=\n)\s+", "", "\n".join(texts), flags=re.DOTALL)
    return len(gzip.compress(bare.encode(), 9)) / 1000


def _ratio(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> float:
    """Best of each side: what else runs on the machine only ever adds."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return min(a for a, _ in pairs) / min(b for _, b in pairs)


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    import torch
    from playwright.sync_api import sync_playwright
    from transformers import BertForPreTraining

    from tests.browser.find_chromium import find_chromium

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    gpt: Any = _load(MODELS / "pocket-gpt")
    bert = BertForPreTraining.from_pretrained(
        MODELS / "pocket-bert", dtype=torch.float32, attn_implementation="eager"
    ).eval()

    def tokens(start: int, count: int) -> float:
        with torch.inference_mode():
            past = gpt(torch.tensor([IDS[:start]]), use_cache=True, logits_to_keep=1).past_key_values
            began = time.perf_counter()
            for i in range(count):
                gpt(torch.tensor([[IDS[start + i]]]), past_key_values=past, use_cache=True)
            return (time.perf_counter() - began) / count

    def once(model: Any, count: int) -> float:
        with torch.inference_mode():
            began = time.perf_counter()
            model(torch.tensor([IDS[:count]]), **({"logits_to_keep": 1} if model is gpt else {}))
            return time.perf_counter() - began

    try:
        with file_server() as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(url)
            page.evaluate(SETUP)
            yield from each(
                one(
                    "browser / transformers, a token at 10 to 60 tokens, pocket-gpt",
                    lambda: _ratio(lambda: page.evaluate(TOKENS, [IDS, 10, 50]), lambda: tokens(10, 50), 15),
                    0.5,
                    "x",
                ),
                one(
                    "browser / transformers, a token at 400 tokens, pocket-gpt",
                    lambda: _ratio(
                        lambda: page.evaluate(TOKENS, [IDS, 400, 25]), lambda: tokens(400, 25), 15
                    ),
                    1.0,
                    "x",
                ),
                one(
                    "browser / torch, a prompt of 200 tokens, pocket-gpt",
                    lambda: _ratio(lambda: page.evaluate(PROMPT, IDS[:200]), lambda: once(gpt, 200), 25),
                    1.0,
                    "x",
                ),
                one(
                    "browser / torch, 64 tokens with two masks, pocket-bert",
                    lambda: _ratio(lambda: page.evaluate(MASKS, IDS[:64]), lambda: once(bert, 64), 40),
                    1.5,
                    "x",
                ),
                one(
                    "weights there until the first own token, pocket-gpt",
                    lambda: first_token(page, url, 1),
                    0.3,
                    "s",
                ),
                one("the same, processor 4 times slower", lambda: first_token(page, url, 4), 1.5, "s"),
            )
            browser.close()
    finally:
        torch.set_num_threads(threads)
    yield from each(_sizes)


def _sizes() -> list[Row]:
    """Kilobytes of the engine, and of what a page loads of it."""
    gpt, bert = (["gpt2"], ["byte_level_bpe"]), (["bert"], ["wordpiece"])
    return [
        ("the engine with both tokenizers, gzipped", engine_size(), 12.0, "kB"),
        ("what a page that writes loads of it (GPT)", engine_size(*gpt), 12.0, "kB"),
        ("what a page that only reads loads of it (GPT)", engine_size(*gpt, decoding=False), 12.0, "kB"),
        ("what a page of a BERT loads of it", engine_size(*bert, decoding=False), 12.0, "kB"),
    ]
