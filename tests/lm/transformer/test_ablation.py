"""Heads switched off: against the same arithmetic done on the model's own output projection."""

from pathlib import Path

import numpy as np
import pytest

from components.lm.checkpoints import Checkpoints, Settings
from components.lm.transformer.ablation import compare, divergence, hidden_states, predict, try_heads
from components.lm.transformer.attention import encode, layer_parts, model_inputs, twin


@pytest.fixture(scope="module")
def loaded(tiny_gpt_folder: Path, tiny_bert_folder: Path):
    models = Checkpoints(Settings(local_folders=(tiny_gpt_folder, tiny_bert_folder)))
    return {"gpt": models.load("local:tiny-gpt"), "bert": models.load("local:tiny-bert")}


TEXT = "The fox sat on the stone."


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_a_whole_layer_off_leaves_the_bias_of_its_projection(loaded, kind: str) -> None:
    model = loaded[kind]
    encoded = encode(model, TEXT)
    off = [(1, head) for head in range(4)]
    own = twin(model.model)
    projection = layer_parts(own)[1].output
    projection.register_forward_pre_hook(lambda module, args: (args[0] * 0.0,))
    seen = []
    projection.register_forward_hook(lambda module, args, out: seen.append(out))
    import torch

    with torch.inference_mode():
        wanted = own(**model_inputs(model, encoded), output_hidden_states=True).hidden_states
    assert (seen[0] == projection.bias).all()
    found = hidden_states(model, encoded, off).hidden_states
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(
        found[-1], model.forward(**model_inputs(model, encoded), output_hidden_states=True).hidden_states[-1]
    )


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_nothing_off_is_the_model_itself(loaded, kind: str) -> None:
    model = loaded[kind]
    encoded = encode(model, TEXT)
    plain = predict(model, encoded, 3)
    import torch

    found = hidden_states(model, encoded, []).hidden_states[-1]
    wanted = model.forward(**model_inputs(model, encoded), output_hidden_states=True).hidden_states[-1]
    assert torch.equal(found, wanted)
    assert plain.probs.sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_trying_all_heads_equals_trying_each(loaded, kind: str) -> None:
    model = loaded[kind]
    encoded = encode(model, TEXT)
    position = len(encoded) - 2
    before = predict(model, encoded, position)
    batches = list(try_heads(model, encoded, position, batch_tokens=3 * len(encoded)))
    assert [len(batch) for batch in batches] == [3, 3, 2]
    effects = [effect for batch in batches for effect in batch]
    assert [(e.layer, e.head) for e in effects] == [(layer, head) for layer in range(2) for head in range(4)]
    rest = [e for batch in try_heads(model, encoded, position, skip=3) for e in batch]
    assert [(e.layer, e.head) for e in rest] == [(e.layer, e.head) for e in effects[3:]]
    top = before.top(1)[0]
    for effect in effects:
        alone = predict(model, encoded, position, [(effect.layer, effect.head)]).probs
        # A batch of three and a batch of one sum in another order.
        assert effect.prob == pytest.approx(alone[top], rel=1e-4)
        assert effect.log2_change == pytest.approx(np.log2(alone[top] / before.probs[top]), abs=1e-3)
        assert effect.divergence == pytest.approx(divergence(before.probs, alone), abs=1e-3)
    assert max(abs(e.log2_change) for e in effects) > 0.01


def test_the_shared_model_is_not_touched(loaded) -> None:
    model = loaded["gpt"]
    encoded = encode(model, TEXT)
    before = predict(model, encoded, 2).probs
    search = try_heads(model, encoded, 2)
    next(search)  # stopped half-way
    predict(model, encoded, 2, [(0, 0)])
    np.testing.assert_array_equal(predict(model, encoded, 2).probs, before)


def test_masked_position(loaded) -> None:
    model = loaded["bert"]
    encoded = encode(model, TEXT).with_mask_at(2)
    assert encoded.tokens[2] == "[MASK]"
    assert not encoded.special[2]
    before, after = predict(model, encoded, 2), predict(model, encoded, 2, [(0, 1)])
    rows = compare(model, before, after, 5)
    assert len(rows) >= 5
    assert rows[0].before == before.probs[rows[0].token_id]
    assert [max(r.before, r.after) for r in rows] == sorted(
        (max(r.before, r.after) for r in rows), reverse=True
    )
    with pytest.raises(ValueError, match="no mask token"):
        encode(loaded["gpt"], TEXT).with_mask_at(0)
