"""Measurements of the masking chapter. Run it alone, or let ``make bench`` collect `measure`.

Every row is a ratio, both sides measured in alternation, so that a busy machine slows both. One torch thread, as the app runs. The model is the bundled pocket-bert; without it a random BERT of its size
takes its place and the row says so (times do not depend on weights).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.bench.rows import Failed, Row, each, one, show  # noqa: E402

# What a click costs when nothing but the model stands behind it: one forward pass, one number, one rerun.
BARE = """
import streamlit as st
import torch
from transformers import AutoModelForPreTraining, AutoTokenizer
st.set_page_config(layout="wide")

@st.cache_resource
def load():
    folder = {folder!r}
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForPreTraining.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    return model, tokenizer

model, tokenizer = load()
n = st.session_state.setdefault("n", 0)
if st.button("next"):
    n = st.session_state["n"] = n + 1
ids = tokenizer({text!r}, return_tensors="pt")["input_ids"]
ids[0, 1 + n % (ids.shape[1] - 2)] = tokenizer.mask_token_id
with torch.inference_mode():
    best = model(input_ids=ids).prediction_logits[0].softmax(-1).max()
st.html(f"<p id='shown'>{{n}}: {{float(best)}}</p>")
"""
TEXT = (
    "The old king had three sons, and when winter came he sent them out to find a bird that sang in the snow."
)
CLICKS = 20
NUM_DRAWS = 10_000
SENTENCES = 64


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit); the value should be at most the target."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        loaded, name = _bert()
        yield from each(
            one("10,000 draws of 80/10/10 on 128 tokens, one call / single calls", _draws_ratio, 0.1, "x"),
            one(f"accuracy over 18 rates on 64 sentences / bare model, {name}", lambda: _curve_ratio(loaded), 1.3, "x"),
            one(f"guesses for one hidden token / bare forward pass, {name}", lambda: _guess_ratio(loaded), 2.0, "x"),
            _click_rows,
        )  # fmt: skip
    finally:
        torch.set_num_threads(threads)


def _bert() -> tuple[Any, str]:
    from components.lm import checkpoints

    if (ROOT / "assets" / "models" / "pocket-bert" / "config.json").exists():
        return checkpoints.load("pocket-bert"), "pocket-bert"
    folder = Path(tempfile.mkdtemp()) / "random-bert"
    _random_bert(folder)
    store = checkpoints.Checkpoints(checkpoints.Settings(local_folders=(folder,)))
    return store.load("local:random-bert"), "random weights, pocket size"


def _random_bert(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForPreTraining, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = sorted({word for sentence in _sentences() for word in sentence.lower().split()})
    filler = [f"w{i}" for i in range(8192 - len(special) - len(words))]
    tokenizer = Tokenizer(
        models.WordPiece({w: i for i, w in enumerate([*special, *words, *filler])}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )  # fmt: skip
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]", model_input_names=["input_ids", "token_type_ids", "attention_mask"]
    )  # fmt: skip
    config = BertConfig(
        vocab_size=8192, hidden_size=192, num_hidden_layers=6, num_attention_heads=6, intermediate_size=768, max_position_embeddings=256
    )  # fmt: skip
    BertForPreTraining(config).save_pretrained(folder)
    fast.save_pretrained(folder)


def _sentences() -> list[str]:
    """64 sentences of this course's own texts (the tale is walked through more than once)."""
    from components.lm.bert.mlm import sentences

    own = sentences((ROOT / "assets" / "samples" / "tale_en.txt").read_text(encoding="utf-8"))
    return [own[i % len(own)] for i in range(SENTENCES)]


def _alternate(ours: Callable[[], object], bare: Callable[[], object], rounds: int) -> float:
    """Median over rounds of ours / bare; each round measures both."""
    ours(), bare()
    ratios = []
    for _ in range(rounds):
        began = time.perf_counter()
        ours()
        middle = time.perf_counter()
        bare()
        ratios.append((middle - began) / (time.perf_counter() - middle))
    return statistics.median(ratios)


def _draws_ratio() -> float:
    import numpy as np

    from components.lm.bert.masking import mask_tokens

    ids = np.arange(200, 328)
    special = np.zeros(128, bool)
    special[[0, -1]] = True
    settings: dict[str, Any] = {"mask_token_id": 103, "vocab_size": 8192, "first_random_id": 104}

    def singles() -> None:
        rng = np.random.default_rng(0)
        for _ in range(NUM_DRAWS):
            mask_tokens(ids, special, seed=rng, **settings)

    return _alternate(
        lambda: mask_tokens(ids, special, seed=0, num_draws=NUM_DRAWS, **settings), singles, rounds=5
    )


def _curve_ratio(loaded: Any) -> float:
    """The whole curve against the bare model on the same sentences, same batches, 18 times."""
    import torch

    from components.lm.bert import mlm

    texts = [mlm.read_text(loaded, sentence) for sentence in _sentences()]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    batches = []
    for start in range(0, len(order), mlm.ROWS_AT_ONCE):
        rows = [texts[i].input_ids for i in order[start : start + mlm.ROWS_AT_ONCE]]
        longest = max(map(len, rows))
        ids, seen = (
            torch.zeros(len(rows), longest, dtype=torch.long),
            torch.zeros(len(rows), longest, dtype=torch.long),
        )
        for row, values in enumerate(rows):
            ids[row, : len(values)], seen[row, : len(values)] = torch.from_numpy(values), 1
        batches.append((ids, seen))

    def bare() -> None:
        with torch.inference_mode():
            for _ in mlm.RATES:
                for ids, seen in batches:
                    loaded.model(input_ids=ids, attention_mask=seen)

    return _alternate(lambda: list(mlm.over_rates(loaded, texts)), bare, rounds=5)


def _guess_ratio(loaded: Any) -> float:
    import torch

    from components.lm.bert import mlm

    text = mlm.read_text(loaded, _sentences()[1])
    at = text.maskable[3]
    ids = torch.from_numpy(mlm.hide(text, [at]))[None]

    def bare() -> None:
        with torch.inference_mode():
            loaded.model(input_ids=ids)

    return _alternate(lambda: mlm.guess(loaded, text, [at]), bare, rounds=41)


def _click_rows() -> list[Row]:
    """A click on a token of the lab until its bars stand, against a click in the bare page; both in one browser."""
    from urllib.parse import urlencode

    from playwright.sync_api import sync_playwright

    from tests.bench import bench_app

    model = ROOT / "assets" / "models" / "pocket-bert"
    path = bench_app.find_chromium()
    if path is None or not (model / "config.json").exists():
        return []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "bare.py"
        script.write_text(BARE.format(folder=str(model), text=TEXT), encoding="utf-8")
        (Path(folder) / ".streamlit").mkdir()
        settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
        (Path(folder) / ".streamlit" / "config.toml").write_text(settings, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        with (
            bench_app._server(bench_app.ours, ROOT) as (port, _),
            bench_app._server(bench_app._streamlit(str(script)), Path(folder)) as (bare_port, _),
        ):
            bare, lab = browser.new_page(), browser.new_page()
            for page in (bare, lab):
                page.set_default_timeout(120_000)
            query = urlencode({"lang": "en", "mlm_text": TEXT, "hidden": ""})
            lab.goto(f"http://localhost:{port}/bert-masking?{query}")
            lab.wait_for_selector(".gb-mask_lab .chip")
            bench_app._warm(port)
            bare.goto(f"http://localhost:{bare_port}")
            bare.wait_for_selector("#shown")
            ratios = []
            for at in range(CLICKS + 2):
                chip = f".chip[data-at='{at + 1}']"
                bare.bring_to_front()
                theirs = bare.evaluate(bench_app._CLICK, ["[data-testid=stButton] button", "#shown"])
                bare.wait_for_timeout(300)
                lab.bring_to_front()
                ours = lab.evaluate(bench_app._CLICK, [chip, ".gb-mask_lab .cards"])
                lab.wait_for_timeout(600)
                lab.evaluate(
                    bench_app._CLICK, [chip, ".gb-mask_lab .cards"]
                )  # shown again: nothing is hidden
                lab.wait_for_timeout(600)
                ratios.append(ours / theirs)
        browser.close()
    return [
        (
            "a click to mask until the new bars / bare forward pass and rerun",
            statistics.median(ratios[2:]),
            2.0,
            "x",
        )
    ]


if __name__ == "__main__":
    show(measure())
