"""GPT-2 in one function against transformers, and what a switched head does."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from components.lm.gpt.small_gpt2 import Weights, digest, forward, load_weights, num_layers

HEADS = 4


@pytest.fixture(scope="module")
def reference() -> torch.nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, n_positions=32, n_embd=16, n_layer=3, n_head=HEADS, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)  # fmt: skip
    model = GPT2LMHeadModel._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms too, so that none is forgotten
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


@pytest.fixture(scope="module")
def weights(reference: torch.nn.Module) -> Weights:
    return {name: tensor for name, tensor in reference.state_dict().items() if name != "lm_head.weight"}


def test_logits_and_attention_are_those_of_transformers(reference: torch.nn.Module, weights: Weights) -> None:
    ids = torch.randint(0, 50, (3, 17), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = reference(ids, output_attentions=True)
        logits, attentions = forward(weights, ids, num_heads=HEADS, attentions=True)
        fused, none = forward(weights, ids, num_heads=HEADS)
    # float32 in another order of additions; logits reach 20
    torch.testing.assert_close(logits, wanted.logits, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(fused, wanted.logits, atol=1e-4, rtol=1e-5)
    assert none == []
    for ours, theirs in zip(attentions, wanted.attentions, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)
        assert (ours.triu(1) == 0).all()
    assert num_layers(weights) == 3


def test_a_switched_head_adds_nothing(reference: torch.nn.Module, weights: Weights) -> None:
    """Switching a head off is the same as taking its rows out of the output projection."""
    ids = torch.randint(0, 50, (2, 9), generator=torch.Generator().manual_seed(2))
    keep = torch.ones(3, HEADS)
    keep[1, 2] = 0
    changed = {name: tensor.clone() for name, tensor in weights.items()}
    changed["transformer.h.1.attn.c_proj.weight"][8:12] = 0
    with torch.no_grad():
        off, _ = forward(weights, ids, num_heads=HEADS, keep=keep)
        wanted, _ = forward(changed, ids, num_heads=HEADS)
        on, _ = forward(weights, ids, num_heads=HEADS)
    torch.testing.assert_close(off, wanted)
    assert (off - on).abs().max() > 1e-3


def test_only_the_wanted_positions(weights: Weights) -> None:
    ids = torch.arange(9)[None]
    whole, _ = forward(weights, ids, num_heads=HEADS)
    some, _ = forward(weights, ids, num_heads=HEADS, answers=slice(2, None, 4))
    torch.testing.assert_close(some, whole[:, 2::4])


def test_the_digest_changes_with_one_number_and_half_precision_is_read(
    weights: Weights, tmp_path: Path
) -> None:
    before = digest(weights)
    assert before == digest(dict(reversed(weights.items())))
    changed = {name: tensor.clone() for name, tensor in weights.items()}
    changed["transformer.ln_f.bias"][3] += 1e-6
    assert digest(changed) != before
    save_file({name: tensor.half() for name, tensor in weights.items()}, tmp_path / "model.safetensors")
    assert {tensor.dtype for tensor in load_weights(tmp_path / "model.safetensors").values()} == {
        torch.float32
    }
