"""Where LayerNorm stands and what the gradient makes of it: the paper's law, the seed, and the reference layer."""

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from components.lm.transformer.norm_depth import (
    HEADS,
    LENGTH,
    WIDTH,
    Block,
    NarrowModel,
    Wiring,
    gradients,
    sample_ids,
)


def test_pre_ln_shrinks_with_the_root_of_depth() -> None:
    """Xiong et al. 2020, section 3.3: in the last layer of pre-LN as 1/sqrt(layers), of post-LN not."""
    ids = sample_ids((Path(__file__).parents[3] / "assets" / "samples" / "tale_en.txt").read_bytes())
    last = {
        (wiring, n): gradients(n, wiring, seed=0, ids=ids).feed_forward[-1]
        for wiring in ("post", "pre")
        for n in (6, 24)
    }
    assert last["pre", 24] / last["pre", 6] == pytest.approx(math.sqrt(6 / 24), rel=0.2)
    assert last["post", 24] / last["post", 6] > 0.8


def test_queries_of_post_ln_die_with_depth() -> None:
    ids = sample_ids()
    found = {n: gradients(n, "post", seed=1, ids=ids).query[-1] for n in (6, 24)}
    assert found[24] < found[6] / 10


def test_a_seed_gives_the_same_numbers_and_touches_no_other() -> None:
    ids = sample_ids(rows=2)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = gradients(3, "post", seed=4, ids=ids)
    assert torch.rand(1) == expected
    assert gradients(3, "post", seed=4, ids=ids) == first
    assert gradients(3, "post", seed=5, ids=ids) != first


@pytest.mark.parametrize("wiring", ["post", "pre"])
def test_a_block_is_that_of_torch(wiring: Wiring) -> None:
    torch.manual_seed(0)
    ours = Block(wiring)
    theirs = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=wiring == "pre"
    )
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(
            torch.cat([ours.query.weight, ours.key.weight, ours.value.weight])
        )
        theirs.self_attn.in_proj_bias.zero_()
        theirs.self_attn.out_proj.weight.copy_(ours.output.weight)
        theirs.self_attn.out_proj.bias.zero_()
        theirs.linear1.load_state_dict(ours.up.state_dict())
        theirs.linear2.load_state_dict(ours.down.state_dict())
    x = torch.randn(2, 9, WIDTH)
    mask = nn.Transformer.generate_square_subsequent_mask(9)
    torch.testing.assert_close(ours(x), theirs(x, src_mask=mask, is_causal=True), atol=2e-6, rtol=1e-5)


def test_an_untrained_model_is_near_chance_and_an_empty_text_is_refused() -> None:
    assert NarrowModel(2, "pre").loss(sample_ids(rows=1)).item() > 5
    assert sample_ids("안녕".encode(), rows=3).shape == (3, LENGTH + 1)
    with pytest.raises(ValueError, match="at least one byte"):
        sample_ids(b"")
