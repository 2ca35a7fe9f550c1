"""The browser's engine computes what torch computes. The goldens come from ``make goldens``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests import float32
from tests.golden import engine as goldens

WRITING = [folder for folder in goldens.folders() if "gpt" in folder]
GUESSING = [folder for folder in goldens.folders() if "bert" in folder]
KERNELS = pytest.mark.parametrize("fast", [True, False], ids=["wasm", "js"])


def golden(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(goldens.golden_file(folder).read_text(encoding="utf-8"))
    assert found["sha256"] == goldens.digest(folder), f"{folder} has other weights now: run `make goldens`"
    return found


def where(folder: str) -> list[str]:
    return [f"/models/{folder}", f"/models/{folder.split('/')[0]}"]


def test_every_model_has_a_golden() -> None:
    assert {path.name for path in goldens.HERE.glob("*.json")} == {
        goldens.golden_file(folder).name for folder in goldens.folders()
    }
    assert len(goldens.WRITING_PROMPTS) >= 6
    assert len(goldens.GUESSING_PROMPTS) >= 6


def close_row(got: list[float], wanted: dict[str, Any]) -> None:
    assert max(np.abs(np.array(got)[wanted["at"]] - wanted["logits"])) < float32.LOGIT
    assert np.logaddexp.reduce(got) == pytest.approx(wanted["log_sum_exp"], abs=float32.LOGIT)


def close_stream(got: list[float], wanted: list[float]) -> None:
    """Some entries of a residual stream reach 400, and LayerNorm divides by that.

    A sum of 768 products ends √768 · 2^-24 = 1.7e-6 of the largest entry away if its roundings fall both ways; six blocks
    add such sums to each other.
    """
    assert np.abs(np.array(got) - wanted).max() < 1e-5 * max(50.0, np.abs(wanted).max())


@KERNELS
@pytest.mark.parametrize("folder", WRITING)
def test_gpt_logits_attention_and_residual(blank: Page, folder: str, fast: bool) -> None:
    wanted = golden(folder)
    got = blank.evaluate(
        """async ([[folder, words], fast, prompts, eos]) => {
          const model = await engine(folder, fast, words);
          if (model.fast() !== fast) throw new Error("the other kernel ran");
          return prompts.map((text, i) => {
            const typed = model.split.encode(text).ids, ids = typed.length ? typed : [model.config.eos_token_id];
            const out = read(model, ids, { whole: true, keep: i ? {} : { attention: true, residual: true } });
            const last = (all) => plain(all).slice(-model.config.n_embd);
            return { ids, logits: plain(out.logits), attention: out.attention?.map(plain), residual: out.residual?.map(last) };
          });
        }""",
        [where(folder), fast, [prompt["text"] for prompt in wanted["prompts"]], 0],
    )
    for mine, theirs in zip(got, wanted["prompts"], strict=True):
        assert mine["ids"] == theirs["ids"]
        close_row(mine["logits"], theirs)
    for mine, theirs in zip(got[0]["attention"], wanted["attention"], strict=True):
        assert np.abs(np.array(mine) - theirs).max() < float32.WEIGHT
    for mine, theirs in zip(got[0]["residual"], wanted["residual"], strict=False):
        close_stream(mine, theirs)


@pytest.mark.parametrize("folder", WRITING)
def test_gpt_writes_the_same_text(blank: Page, folder: str) -> None:
    wanted = golden(folder)
    got = blank.evaluate(
        """async ([[folder, words], prompts, drawn]) => {
          const model = await engine(folder, true, words);
          const write = (ids, settings, count) => {
            const all = [...ids];
            for (let i = 0; i < count; i++) all.push(step(read(model, all).logits, settings, all.length).chosen.id);
            return all.slice(ids.length);
          };
          return {
            greedy: prompts.map(({ ids }) => write(ids, { do_sample: false, temperature: 1, top_k: 0, top_p: 1, seed: 0 }, 40)),
            drawn: drawn.map(({ settings, ids }) => write(prompts[0].ids, settings, ids.length)),
          };
        }""",
        [where(folder), wanted["prompts"], wanted["drawn"]],
    )
    kept = [
        (mine, theirs["greedy"])
        for mine, theirs in zip(got["greedy"], wanted["prompts"], strict=True)
        if theirs["greedy"]
    ]
    assert len(kept) >= 5  # at most one text may hang on a rounding
    for mine, theirs in kept:
        assert mine == theirs
    for mine, theirs in zip(got["drawn"], wanted["drawn"], strict=True):
        assert mine == theirs["ids"]


@KERNELS
@pytest.mark.parametrize("folder", GUESSING)
def test_bert_guesses_and_next_sentence(blank: Page, folder: str, fast: bool) -> None:
    wanted = golden(folder)
    got = blank.evaluate(
        """async ([folder, fast, prompts]) => {
          const model = await engine(folder, fast);
          if (model.fast() !== fast) throw new Error("the other kernel ran");
          return prompts.map(({ text, pair }, i) => {
            const ids = (t) => model.split.encode(t).ids, { ids: all, segments } = model.split.template(ids(text), pair === null ? null : ids(pair));
            const at = all.flatMap((id, r) => (id === model.split.mask ? [r] : []));
            const out = model.net.forward(all, { segments, at, nextSentence: true, keep: i ? {} : { attention: true, residual: true } });
            const rows = at.map((_, r) => plain(out.logits.subarray(r * model.vocab, (r + 1) * model.vocab))), last = (a) => plain(a).slice(-model.config.hidden_size);
            return { ids: all, segments, at, rows, next: plain(out.nextSentence), attention: out.attention?.map(plain), residual: out.residual?.map(last) };
          });
        }""",
        [f"/models/{folder}", fast, wanted["prompts"]],
    )
    for mine, theirs in zip(got, wanted["prompts"], strict=True):
        assert (mine["ids"], mine["segments"]) == (theirs["ids"], theirs["segments"])
        assert mine["at"] == [mask["position"] for mask in theirs["masks"]]
        for row, mask in zip(mine["rows"], theirs["masks"], strict=True):
            close_row(row, mask)
        assert np.abs(np.array(mine["next"]) - theirs["next_sentence"]).max() < float32.LOGIT
    for mine, theirs in zip(got[0]["attention"], wanted["attention"], strict=True):
        assert np.abs(np.array(mine) - theirs).max() < float32.WEIGHT
    for mine, theirs in zip(got[0]["residual"], wanted["residual"], strict=True):
        close_stream(mine, theirs)


def test_a_wrong_kernel_is_found_at_load(blank: Page) -> None:
    fast = blank.evaluate(
        """async () => {
          const { build } = await import("/elements/lib/engine/models.js?another");
          const code = await (await fetch("/elements/lib/engine/kernels.js")).text();
          const bytes = Uint8Array.from(/"(.+?)"/.exec(code)[1].match(/../g), (byte) => parseInt(byte, 16));
          const at = bytes.findIndex((b, i) => b === 0xfd && bytes[i + 1] === 0xe4 && bytes[i + 2] === 0x01); // an f32x4.add in the sums
          bytes[at + 1] = 0xe5; // becomes f32x4.sub
          const get = async (name) => (await fetch(`/models/nano-gpt/${name}`));
          const model = await build(await (await get("config.json")).json(), null, await (await get("model.safetensors")).arrayBuffer(), await WebAssembly.compile(bytes));
          return model.fast();
        }"""
    )
    assert fast is False


def test_random_numbers_are_numpys(blank: Page) -> None:
    from components.lm.gpt.decoding import random_number

    pairs = [(seed, position) for seed in (0, 1, 2, 9999, -5, 2**40) for position in (0, 1, 7, 500)]
    got = blank.evaluate("(pairs) => pairs.map(([s, p]) => randomNumber(s, p))", pairs)
    assert got == [random_number(seed, position) for seed, position in pairs]


@pytest.mark.parametrize(
    "settings",
    [
        {"do_sample": False},
        {"temperature": 0.0},
        {},
        {"temperature": 0.7},
        {"temperature": 2.0, "top_k": 5},
        {"top_k": 3, "top_p": 0.5},
        {"temperature": 1.3, "top_p": 0.9},
        {"top_p": 0.0},
        {"temperature": 1e-40},
    ],
    ids=str,
)
def test_steps_are_those_of_the_server(blank: Page, settings: dict[str, Any]) -> None:
    from components.lm.gpt.decoding import SamplingSettings, step_trace

    rng = np.random.default_rng(3)
    for position, logits in enumerate(
        [
            rng.normal(0, 3, 400).astype(np.float32),
            np.float32([1, 2, 2, 2, 1, 0, -5, 3]),
            rng.normal(0, 1e-3, 50).astype(np.float32),
        ]
    ):
        full = SamplingSettings(seed=4, **settings)
        for token in (None, 5):
            wanted = step_trace(logits, full, position, token_id=token)
            got = blank.evaluate(
                "([logits, settings, position, tokenId]) => step(Float32Array.from(logits), settings, position, { tokenId })",
                [logits.tolist(), vars(full), position, token],
            )
            assert got["ids"] == list(wanted.token_ids)
            assert got["cut"] == list(wanted.cut_by)
            assert got["logits"] == pytest.approx(list(wanted.logits))
            assert got["rest"] == pytest.approx(
                [wanted.rest_prob, wanted.rest_tempered, wanted.rest_final], abs=1e-9
            )
            for name in (
                "temperature", "log_z", "tempered_log_z", "kept_count", "kept_mass", "rest_kept_count", "vocab_size",
                "entropy_bits", "tempered_entropy_bits",
            ):  # fmt: skip
                assert got[name] == pytest.approx(getattr(wanted, name), abs=1e-9), name
            chosen = got["chosen"]
            assert (chosen["id"], chosen["how"], chosen["rank"], chosen["cut"]) == (
                wanted.chosen.token_id, wanted.chosen.how, wanted.chosen_rank, wanted.chosen_cut_by,
            )  # fmt: skip
            for name in ("u", "low", "high"):
                assert chosen[name] == pytest.approx(getattr(wanted.chosen, name), abs=1e-9)
            assert chosen["probs"] == pytest.approx(
                [wanted.prob, wanted.tempered_prob, wanted.final_prob], abs=1e-6
            )


def test_the_kernel_is_what_its_source_says() -> None:
    import runpy

    build = runpy.run_path(
        str(Path(__file__).parents[3] / "assets" / "elements" / "lib" / "engine" / "build.py")
    )
    made = build["script"]()
    assert made == (build["HERE"] / "kernels.js").read_text(encoding="utf-8"), (
        "run assets/elements/lib/engine/build.py"
    )
