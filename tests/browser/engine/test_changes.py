"""What pages change in a forward pass, against torch with the same change made by hand; and an encoder with a decoder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from tests.lm.conftest import build_tiny_bert, build_tiny_gpt

CLOSE = {"rtol": 2e-5, "atol": 2e-5}
IDS = [3, 17, 99, 250, 42, 7, 120]


@pytest.fixture(scope="module")
def gpt(made: Path) -> Any:
    from transformers import AutoModelForCausalLM

    folder = build_tiny_gpt(made / "gpt", n_layer=3)
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()


@pytest.fixture(scope="module")
def bert(made: Path) -> Any:
    from transformers import BertForPreTraining

    folder = build_tiny_bert(made / "bert", num_hidden_layers=3)
    return BertForPreTraining.from_pretrained(folder, attn_implementation="eager").eval()


def in_browser(page: Page, folder: str, options: dict[str, Any], ids: list[int] = IDS) -> dict[str, Any]:
    got: dict[str, Any] = page.evaluate(
        """async ([folder, ids, options]) => {
          const model = await engine(folder);
          if (options.mask) options.mask = Uint8Array.from(options.mask.flat());
          const out = model.net.forward(ids, options);
          return { logits: plain(out.logits), next: out.nextSentence && plain(out.nextSentence), attention: out.attention?.map(plain), residual: out.residual?.map(plain),
            heads: out.heads?.map(plain), parts: out.parts.attention && { attention: out.parts.attention.map(plain), feedForward: out.parts.feedForward.map(plain) } };
        }""",
        [folder, ids, options],
    )
    return got


def zero_heads(start: int, end: int) -> Any:
    def hook(module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        joined = args[0].clone()
        joined[..., start:end] = 0
        return (joined, *args[1:])

    return hook


def nothing(module: Any, args: Any, output: Any) -> Any:
    if isinstance(output, tuple):
        return (torch.zeros_like(output[0]), *output[1:])
    return torch.zeros_like(output)


def logits(model: Any, ids: list[int] = IDS, **inputs: Any) -> Any:
    with torch.inference_mode():
        return model(torch.tensor([ids]), **inputs)


@pytest.mark.parametrize("what", ["head", "neuron", "attention", "feedForward", "layer", "norm", "nothing"])
def test_gpt_with_a_part_off(blank: Page, gpt: Any, what: str) -> None:
    hooks, block = [], gpt.transformer.h[1]
    off: dict[str, Any] = {}
    if what == "head":
        off = {"heads": [[1, 2], [0, 0]]}
        hooks = [
            block.attn.c_proj.register_forward_pre_hook(zero_heads(16, 24)),
            gpt.transformer.h[0].attn.c_proj.register_forward_pre_hook(zero_heads(0, 8)),
        ]
    if what == "neuron":
        off = {"neurons": [[1, 5], [1, 77]]}
        hooks = [block.mlp.c_proj.register_forward_pre_hook(zero_heads(i, i + 1)) for i in (5, 77)]
    if what in ("attention", "layer"):
        off = {"attention": [1]} if what == "attention" else {"layers": [1]}
        hooks.append(block.attn.register_forward_hook(nothing))
    if what in ("feedForward", "layer"):
        off = {"feedForward": [1]} if what == "feedForward" else {"layers": [1]}
        hooks.append(block.mlp.register_forward_hook(nothing))
    if what == "norm":
        off = {"norm": True}
        hooks = [
            module.register_forward_hook(lambda module, args, output: args[0])
            for module in gpt.modules()
            if isinstance(module, torch.nn.LayerNorm)
        ]
    try:
        wanted = logits(gpt).logits[0].numpy()
    finally:
        for hook in hooks:
            hook.remove()
    got = in_browser(blank, "/made/gpt", {"off": off, "at": list(range(len(IDS)))})
    np.testing.assert_allclose(
        np.array(got["logits"]).reshape(wanted.shape), wanted, **(CLOSE if what != "norm" else {"rtol": 1e-4, "atol": 1e-4})
    )  # fmt: skip
    if what != "nothing":  # the change can be seen at all
        assert np.abs(wanted - logits(gpt).logits[0].numpy()).max() > 1e-3


def test_gpt_without_residual_connections(blank: Page, gpt: Any) -> None:
    x = gpt.transformer.wte(torch.tensor(IDS)) + gpt.transformer.wpe(torch.arange(len(IDS)))
    mask = torch.full((len(IDS), len(IDS)), torch.finfo(torch.float32).min).triu(1)[None, None]
    with torch.inference_mode():
        for block in gpt.transformer.h:
            x = block.attn(block.ln_1(x)[None], attention_mask=mask)[0][0]
            x = block.mlp(block.ln_2(x))
        wanted = gpt.lm_head(gpt.transformer.ln_f(x))[-1].numpy()
    got = in_browser(blank, "/made/gpt", {"off": {"residual": True}})
    np.testing.assert_allclose(got["logits"], wanted, **CLOSE)


def test_contributions_add_up_to_the_stream(blank: Page, gpt: Any) -> None:
    got = in_browser(blank, "/made/gpt", {"keep": {"residual": True, "parts": True, "heads": True}})
    states = logits(gpt, output_hidden_states=True).hidden_states
    for mine, theirs in zip(got["residual"], states[:-1], strict=False):
        np.testing.assert_allclose(mine, theirs[0].numpy().ravel(), **CLOSE)
    total = np.array(got["residual"][0])
    for layer in range(3):
        total = total + got["parts"]["attention"][layer] + got["parts"]["feedForward"][layer]
        np.testing.assert_allclose(total, got["residual"][layer + 1], **CLOSE)
        heads = np.array(got["heads"][layer]).reshape(4, len(IDS), 32)
        bias = gpt.transformer.h[layer].attn.c_proj.bias.detach().numpy()
        np.testing.assert_allclose(
            heads.sum(0) + bias, np.reshape(got["parts"]["attention"][layer], (len(IDS), 32)), **CLOSE
        )


@pytest.mark.parametrize("keep", [{}, {"residual": True}], ids=["rows asked for", "every row"])
def test_logits_of_some_rows(blank: Page, gpt: Any, keep: dict[str, bool]) -> None:
    """The last block is computed for the rows asked for alone where nothing else of it is kept."""
    at = [5, 1, 6, 5]
    got = in_browser(blank, "/made/gpt", {"at": at, "keep": keep})
    np.testing.assert_allclose(
        np.reshape(got["logits"], (len(at), -1)), logits(gpt).logits[0].numpy()[at], **CLOSE
    )


def test_gpt_with_any_mask(blank: Page, gpt: Any) -> None:
    mask = np.tril(np.ones((len(IDS), len(IDS)), int))
    mask[4:, 1] = 0  # nobody later looks at the second token
    full = torch.where(torch.tensor(mask) > 0, 0.0, torch.finfo(torch.float32).min)[None, None]
    wanted = logits(gpt, attention_mask=full, output_attentions=True)
    got = in_browser(
        blank, "/made/gpt", {"mask": mask.tolist(), "at": list(range(len(IDS))), "keep": {"attention": True}}
    )
    np.testing.assert_allclose(
        np.reshape(got["logits"], (len(IDS), -1)), wanted.logits[0].numpy(), rtol=2e-5, atol=5e-5
    )
    for mine, theirs in zip(got["attention"], wanted.attentions, strict=True):
        np.testing.assert_allclose(mine, theirs[0].numpy().ravel(), atol=1e-5)


def test_continuations_share_one_cache(blank: Page, gpt: Any) -> None:
    """Two continuations of one beginning, in one pass after it: each equals its own text read alone."""
    tails = [[11, 12], [200, 5]]
    got = blank.evaluate(
        """async ([ids, [a, b]]) => {
          const { net } = await engine("/made/gpt"), n = ids.length;
          net.forward(ids);
          const own = [[0], [0, 1], [2], [2, 3]], mask = new Uint8Array(4 * (n + 4));
          own.forEach((slots, r) => { mask.fill(1, r * (n + 4), r * (n + 4) + n); for (const s of slots) mask[r * (n + 4) + n + s] = 1; });
          return plain(net.forward([...a, ...b], { positions: [n, n + 1, n, n + 1], mask, at: [1, 3] }).logits);
        }""",
        [IDS, tails],
    )
    wanted = np.concatenate([logits(gpt, IDS + tail).logits[0, -1].numpy() for tail in tails])
    np.testing.assert_allclose(got, wanted, **CLOSE)


def test_gpt_in_pieces_and_back(blank: Page, gpt: Any) -> None:
    """Token by token, a step back, another way on: what is kept never changes a result."""
    got = blank.evaluate(
        """async (ids) => {
          const model = await engine("/made/gpt"), texts = [ids.slice(0, 3), ids, [...ids.slice(0, 5), 1, 2], ids.slice(0, 5), ids];
          return texts.map((text) => plain(read(model, text).logits));
        }""",
        IDS,
    )
    for mine, text in zip(got, [IDS[:3], IDS, [*IDS[:5], 1, 2], IDS[:5], IDS], strict=True):
        np.testing.assert_allclose(mine, logits(gpt, text).logits[0, -1].numpy(), **CLOSE)


def test_the_logit_lens(blank: Page, gpt: Any) -> None:
    got = blank.evaluate(
        """async (ids) => {
          const { net } = await engine("/made/gpt"), { residual } = net.forward(ids, { keep: { residual: true } });
          return plain(net.lens(residual[1]));
        }""",
        IDS,
    )
    state = logits(gpt, output_hidden_states=True).hidden_states[1][0]
    with torch.inference_mode():
        wanted = gpt.lm_head(gpt.transformer.ln_f(state)).numpy()
    np.testing.assert_allclose(np.reshape(got, wanted.shape), wanted, **CLOSE)


@pytest.mark.parametrize("what", ["head", "neuron", "attention", "feedForward", "layer", "norm", "residual"])
def test_bert_with_a_part_off(blank: Page, bert: Any, what: str) -> None:
    layer = bert.bert.encoder.layer[1]
    hooks, off = [], {}
    if what == "head":
        off = {"heads": [[1, 3]]}
        hooks.append(layer.attention.output.dense.register_forward_pre_hook(zero_heads(24, 32)))
    if what == "neuron":
        off = {"neurons": [[1, 9]]}
        hooks.append(layer.output.dense.register_forward_pre_hook(zero_heads(9, 10)))
    if what == "attention":
        off = {"attention": [1]}
        hooks.append(layer.attention.output.dense.register_forward_hook(nothing))
    if what == "feedForward":
        off = {"feedForward": [1]}
        hooks.append(layer.output.dense.register_forward_hook(nothing))
    if what == "layer":
        off = {"layers": [1]}
        hooks.append(layer.register_forward_hook(lambda module, args, output: args[0]))
    if what == "norm":
        off = {"norm": [0, 1, 2]}
        hooks += [
            part.LayerNorm.register_forward_hook(lambda module, args, output: args[0])
            for each in bert.bert.encoder.layer
            for part in (each.attention.output, each.output)
        ]
    if what == "residual":
        off = {"residual": [0, 1, 2]}
        hooks += [
            part.register_forward_pre_hook(lambda module, args: (args[0], torch.zeros_like(args[1])))
            for each in bert.bert.encoder.layer
            for part in (each.attention.output, each.output)
        ]
    try:
        out = logits(bert)
    finally:
        for hook in hooks:
            hook.remove()
    got = in_browser(blank, "/made/bert", {"off": off, "at": list(range(len(IDS))), "nextSentence": True})
    loose = {"rtol": 1e-4, "atol": 2e-4} if what == "norm" else CLOSE
    wanted = out.prediction_logits[0].numpy()
    np.testing.assert_allclose(np.reshape(got["logits"], wanted.shape), wanted, **loose)
    np.testing.assert_allclose(got["next"], out.seq_relationship_logits[0].numpy(), **loose)
    assert np.abs(wanted - logits(bert).prediction_logits[0].numpy()).max() > 1e-3


def test_bert_with_any_mask(blank: Page, bert: Any) -> None:
    mask = np.random.default_rng(0).integers(0, 2, (len(IDS), len(IDS)))
    np.fill_diagonal(mask, 1)
    full = torch.where(torch.tensor(mask) > 0, 0.0, torch.finfo(torch.float32).min)[None, None]
    wanted = logits(bert, attention_mask=full, output_attentions=True)
    got = in_browser(blank, "/made/bert", {"mask": mask.tolist(), "at": [0, 4], "keep": {"attention": True}})
    np.testing.assert_allclose(
        np.reshape(got["logits"], (2, -1)), wanted.prediction_logits[0, [0, 4]].numpy(), **CLOSE
    )
    for mine, theirs in zip(got["attention"], wanted.attentions, strict=True):
        np.testing.assert_allclose(mine, theirs[0].numpy().ravel(), atol=1e-5)


@pytest.mark.parametrize("scaled", [False, True])
def test_an_encoder_and_a_decoder(blank: Page, made: Path, scaled: bool) -> None:
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=101, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=48, max_position_embeddings=40, init_std=0.2, scale_embedding=scaled,
        attn_implementation="eager",
    )  # fmt: skip
    torch.manual_seed(0)
    model = BartForConditionalGeneration(config).eval()
    model.final_logits_bias.normal_()
    name = f"bart-{scaled}"
    model.save_pretrained(made / name)
    source, target = [5, 9, 60, 33, 2], [2, 40, 41, 90]
    with torch.inference_mode():
        out = model(
            torch.tensor([source]), decoder_input_ids=torch.tensor([target]), output_attentions=True, output_hidden_states=True
        )  # fmt: skip
    got = blank.evaluate(
        """async ([folder, source, target]) => {
          const { net } = await engine(folder, true, null), keep = { attention: true, residual: true };
          const read = net.encode(source, { keep }), first = net.forward(target.slice(0, 2)), rest = net.forward(target.slice(2), { at: [0, 1], keep });
          const all = (o) => ({ attention: o.attention.map(plain), residual: o.residual.map(plain), cross: o.cross?.map(plain) });
          return { read: all(read), first: plain(first.logits), rest: plain(rest.logits), ...all(rest) };
        }""",
        [f"/made/{name}", source, target],
    )
    np.testing.assert_allclose(got["first"], out.logits[0, 1].numpy(), **CLOSE)
    np.testing.assert_allclose(got["rest"], out.logits[0, 2:].numpy().ravel(), **CLOSE)
    for mine, theirs in zip(got["read"]["attention"], out.encoder_attentions, strict=True):
        np.testing.assert_allclose(mine, theirs[0].numpy().ravel(), atol=1e-5)
    for mine, theirs in zip(got["read"]["residual"], out.encoder_hidden_states, strict=True):
        np.testing.assert_allclose(mine, theirs[0].numpy().ravel(), **CLOSE)
    for mine, theirs in zip(got["attention"], out.decoder_attentions, strict=True):
        np.testing.assert_allclose(mine, theirs[0, :, 2:].numpy().ravel(), atol=1e-5)
    for mine, theirs in zip(got["cross"], out.cross_attentions, strict=True):
        np.testing.assert_allclose(mine, theirs[0, :, 2:].numpy().ravel(), atol=1e-5)
    for mine, theirs in zip(got["residual"], out.decoder_hidden_states, strict=True):
        np.testing.assert_allclose(mine, theirs[0, 2:].numpy().ravel(), **CLOSE)


def test_too_long_a_text_says_so(blank: Page, gpt: Any) -> None:
    code = blank.evaluate(
        """async () => {
          const model = await engine("/made/gpt");
          try { read(model, Array(model.slots + 1).fill(1)); } catch (error) { return error.code; }
        }"""
    )
    assert code == "context"
    full = list(np.resize(IDS, 64))
    got = in_browser(blank, "/made/gpt", {}, [int(i) for i in full])  # exactly as much as it can read
    np.testing.assert_allclose(got["logits"], logits(gpt, full).logits[0, -1].numpy(), **CLOSE)
