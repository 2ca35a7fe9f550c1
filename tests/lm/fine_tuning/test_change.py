"""The change of fine-tuning: its directions, the cut, adapters, what a step keeps, and the file that is taken home."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load

from components.lm import checkpoints
from components.lm.fine_tuning import adapters, lora
from components.lm.fine_tuning.change import (
    ALL,
    KINDS,
    ChangeSetting,
    changes,
    cut,
    directions,
    embeddings_put_back,
    kept_bytes,
    matrices,
    measure,
    tuning,
)
from components.lm.fine_tuning.difference import as_safetensors, trained_difference
from components.lm.fine_tuning.encoder_tasks import EncoderTask, examples, loop_of
from components.lm.fine_tuning.loop import Recipe

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)


@pytest.fixture(scope="module")
def trained(loaded: checkpoints.LoadedModel) -> EncoderTask:
    """Everything trained for a few steps."""
    task = EncoderTask(loaded, "tag", "full", pretrained=True, seed=0)
    loop = loop_of(task, examples(loaded, "tag", "train", 16, 0), Recipe(1e-3, 3, batch=8))
    while not loop.finished:
        loop.take_step()
    return task


def test_directions_of_a_change_made_by_hand() -> None:
    before = np.eye(3, 4, dtype=np.float32)
    change = np.outer([1.0, 0.0, 0.0], [0.0, 3.0, 0.0, 4.0]) + np.outer([0.0, 2.0, 0.0], [1.0, 0.0, 0.0, 0.0])
    found = directions(before, before + change.astype(np.float32), 0, "query")
    assert np.allclose(found.values, [5, 2, 0], atol=1e-6)
    assert found.share(0) == 0
    assert found.share(1) == pytest.approx(25 / 29)
    assert found.share(2) == pytest.approx(1)
    assert found.share(ALL) == 1
    assert found.relative == pytest.approx((29 / 3) ** 0.5)
    first = found.b[:, :1] @ found.a[:1]
    assert np.allclose(first, np.outer([1, 0, 0], [0, 3, 0, 4]), atol=1e-5), "the best of rank 1"


def test_a_cut_keeps_what_it_says(loaded: checkpoints.LoadedModel, trained: EncoderTask) -> None:
    before = loaded.model.bert.float()
    found = changes(before, trained.body)
    assert [(d.layer, d.kind) for d in found] == [
        (n, k) for n in range(len(before.encoder.layer)) for k in KINDS
    ]
    rows = examples(loaded, "tag", "test", 4, 0)
    whole = cut(trained, before, found, ALL)
    assert whole.says(rows) == trained.says(rows)
    none = cut(trained, before, found, 0)
    for (_, _, old), (_, _, new) in zip(matrices(before), matrices(none.body), strict=True):
        assert torch.equal(old, new)
    kept = none.body.embeddings.word_embeddings.weight
    assert torch.equal(kept, trained.body.embeddings.word_embeddings.weight), "only the matrices are cut"
    full = cut(trained, before, found, 10_000)
    for (_, _, new), (_, _, made) in zip(matrices(trained.body), matrices(full.body), strict=True):
        assert torch.allclose(new, made, atol=1e-5), "every direction together is the change"
    two = cut(trained, before, found, 2)
    for (_, _, old), (_, _, made) in zip(matrices(before), matrices(two.body), strict=True):
        values = torch.linalg.svdvals(made.detach() - old.detach())
        assert values[2] < 1e-5 * max(1.0, float(values[0]))


def test_embeddings_put_back(loaded: checkpoints.LoadedModel, trained: EncoderTask) -> None:
    before = loaded.model.bert.float()
    made, moved = embeddings_put_back(trained, before)
    assert torch.equal(made.body.embeddings.word_embeddings.weight, before.embeddings.word_embeddings.weight)
    assert 0 < moved < 0.5
    assert len(measure(made, *(examples(loaded, "tag", "test", 3, 0),) * 2).said) == 3


def test_adapters_start_as_the_model_and_are_counted(loaded: checkpoints.LoadedModel) -> None:
    plain = EncoderTask(loaded, "tag", "head", pretrained=True, seed=0)
    model = EncoderTask(loaded, "tag", "adapter", pretrained=True, seed=0, size=5)
    rows = examples(loaded, "tag", "train", 8, 0)
    ids = torch.tensor([rows[0].input_ids])
    with torch.no_grad():
        assert torch.equal(plain.body(ids).last_hidden_state, model.body(ids).last_hidden_state)
    head = sum(p.numel() for p in model.head.parameters())
    layers = len(loaded.model.bert.encoder.layer)
    assert sum(p.numel() for p in model.trained) - head == adapters.count(loaded.card.hidden_size, layers, 5)
    frozen = {n: p.detach().clone() for n, p in model.body.named_parameters() if not p.requires_grad}
    loop = loop_of(model, rows, Recipe(1e-2, 2, batch=4))
    while not loop.finished:
        loop.take_step()
    with torch.no_grad():
        assert not torch.equal(plain.body(ids).last_hidden_state, model.body(ids).last_hidden_state)
    assert all(torch.equal(p, frozen[n]) for n, p in model.body.named_parameters() if n in frozen)


@pytest.mark.parametrize(("where", "kinds"), [(lora.TARGETS, 2), (lora.EVERY, 6)])
def test_lora_counts_as_peft_does(
    loaded: checkpoints.LoadedModel, where: tuple[str, ...], kinds: int
) -> None:
    """r·(in + out) for every matrix, the pooler left out."""
    model = EncoderTask(loaded, "tag", "lora", pretrained=True, seed=0, size=3, targets=where)
    shapes = [
        (w.shape[0], w.shape[1])
        for _, kind, w in matrices(loaded.model.bert)
        if kinds == 6 or kind in lora.TARGETS
    ]
    head = sum(p.numel() for p in model.head.parameters())
    assert sum(p.numel() for p in model.trained) - head == lora.count(shapes, 3)
    assert not any(hasattr(m, "merged") for m in model.body.pooler.modules())


def test_a_step_keeps_less_when_less_is_trained(loaded: checkpoints.LoadedModel) -> None:
    made = {
        way: tuning(loaded, ChangeSetting(way, size, examples=50))  # type: ignore[arg-type]
        for way, size in (("full", 0), ("lora", 4), ("head", 0))
    }
    kept = {way: kept_bytes(one.model, one.rows[:4]) for way, one in made.items()}
    assert kept["full"] > kept["lora"] > 20 * kept["head"] > 0
    assert kept_bytes(made["full"].model, made["full"].rows[:8]) > 1.5 * kept["full"]


def test_the_difference_is_a_file_with_a_card(
    loaded: checkpoints.LoadedModel, trained: EncoderTask, tmp_path: "object"
) -> None:
    found = trained_difference(trained, loaded.model.bert.float())
    content = as_safetensors(found, {"model": "nano-bert", "licence": "MIT"})
    tensors = load(content)
    assert set(tensors) == set(found)
    name = "bert.encoder.layer.0.attention.self.query.weight"
    before = loaded.model.bert.float().encoder.layer[0].attention.self.query.weight.detach().numpy()
    after = trained.body.encoder.layer[0].attention.self.query.weight.detach().numpy()
    # Half precision keeps eleven bits of the difference.
    assert np.allclose(before + tensors[name].astype(np.float32), after, atol=1e-4)
    assert "bert.pooler.dense.weight" not in tensors, "it was not trained"
    size = int.from_bytes(content[:8], "little")
    assert json.loads(content[8 : 8 + size])["__metadata__"]["model"] == "nano-bert"
    path = f"{tmp_path}/difference.safetensors"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(content)
    with safe_open(path, "numpy") as opened:
        assert opened.metadata()["licence"] == "MIT"
    low = EncoderTask(loaded, "tag", "lora", pretrained=True, seed=0)
    names = trained_difference(low, loaded.model.bert)
    assert all(name.endswith((".A", ".B")) or name.startswith("head.") for name in names)
