"""Heads switched off: against the same arithmetic done on the model's own output projection."""

from pathlib import Path

import numpy as np
import pytest

from components.lm.checkpoints import Checkpoints, Settings
from components.lm.reading import inputs, read
from components.lm.transformer.ablation import compare, divergence, hidden_states, predict, try_heads
from components.lm.transformer.attention import layer_parts, twin


@pytest.fixture(scope="module")
def loaded(tiny_gpt_folder: Path, tiny_bert_folder: Path):
    models = Checkpoints(Settings(local_folders=(tiny_gpt_folder, tiny_bert_folder)))
    return {"gpt": models.load("local:tiny-gpt"), "bert": models.load("local:tiny-bert")}


TEXT = "The fox sat on the stone."


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_a_whole_layer_off_leaves_the_bias_of_its_projection(loaded, kind: str) -> None:
    model = loaded[kind]
    reading = read(model, TEXT)
    off = [(1, head) for head in range(4)]
    own = twin(model.model)
    projection = layer_parts(own)[1].output
    projection.register_forward_pre_hook(lambda module, args: (args[0] * 0.0,))
    seen = []
    projection.register_forward_hook(lambda module, args, out: seen.append(out))
    import torch

    with torch.inference_mode():
        wanted = own(**inputs(model, [reading]), output_hidden_states=True).hidden_states
    assert (seen[0] == projection.bias).all()
    found = hidden_states(model, reading, off).hidden_states
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(
        found[-1], model.forward(**inputs(model, [reading]), output_hidden_states=True).hidden_states[-1]
    )


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_nothing_off_is_the_model_itself(loaded, kind: str) -> None:
    model = loaded[kind]
    reading = read(model, TEXT)
    plain = predict(model, reading, 3)
    import torch

    found = hidden_states(model, reading, []).hidden_states[-1]
    wanted = model.forward(**inputs(model, [reading]), output_hidden_states=True).hidden_states[-1]
    assert torch.equal(found, wanted)
    assert plain.probs.sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_trying_all_heads_equals_trying_each(loaded, kind: str) -> None:
    model = loaded[kind]
    reading = read(model, TEXT)
    position = len(reading) - 2
    before = predict(model, reading, position)
    batches = list(try_heads(model, reading, position, batch_tokens=3 * len(reading)))
    assert [len(batch) for batch in batches] == [3, 3, 2]
    effects = [effect for batch in batches for effect in batch]
    assert [(e.layer, e.head) for e in effects] == [(layer, head) for layer in range(2) for head in range(4)]
    rest = [e for batch in try_heads(model, reading, position, skip=3) for e in batch]
    assert [(e.layer, e.head) for e in rest] == [(e.layer, e.head) for e in effects[3:]]
    top = before.top(1)[0]
    for effect in effects:
        alone = predict(model, reading, position, [(effect.layer, effect.head)]).probs
        # A batch of three and a batch of one sum in another order.
        assert effect.prob == pytest.approx(alone[top], rel=1e-4)
        assert effect.log2_change == pytest.approx(np.log2(alone[top] / before.probs[top]), abs=1e-3)
        assert effect.divergence == pytest.approx(divergence(before.probs, alone), abs=1e-3)
    assert max(abs(e.log2_change) for e in effects) > 0.01


def test_the_shared_model_is_not_touched(loaded) -> None:
    model = loaded["gpt"]
    reading = read(model, TEXT)
    before = predict(model, reading, 2).probs
    search = try_heads(model, reading, 2)
    next(search)  # stopped half-way
    predict(model, reading, 2, [(0, 0)])
    np.testing.assert_array_equal(predict(model, reading, 2).probs, before)


def test_masked_position(loaded) -> None:
    model = loaded["bert"]
    reading = read(model, TEXT).with_mask_at(2)
    assert reading.tokens[2] == "[MASK]"
    assert not reading.special[2]
    before, after = predict(model, reading, 2), predict(model, reading, 2, [(0, 1)])
    rows = compare(model, before, after, 5)
    assert len(rows) >= 5
    assert rows[0].before == before.probs[rows[0].token_id]
    assert [max(r.before, r.after) for r in rows] == sorted(
        (max(r.before, r.after) for r in rows), reverse=True
    )
    with pytest.raises(ValueError, match="no mask token"):
        read(loaded["gpt"], TEXT).with_mask_at(0)
