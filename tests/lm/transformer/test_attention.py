"""Weights, steps, rollout and packing against transformers and against matrices with known answers."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.checkpoints import Checkpoints, Settings
from components.lm.reading import CannotRead, ReadingReason, beginning, inputs, read
from components.lm.transformer.attention import (
    Unreadable,
    as_rows,
    attend,
    entropy,
    message,
    pack_weights,
    rollout,
    shares,
    twin,
    value_weighted,
)
from components.lm.transformer.attention_steps import head_steps, worked_example


@pytest.fixture(scope="module")
def loaded(tiny_gpt_folder: Path, tiny_bert_folder: Path):
    models = Checkpoints(Settings(local_folders=(tiny_gpt_folder, tiny_bert_folder)))
    return {"gpt": models.load("local:tiny-gpt"), "bert": models.load("local:tiny-bert")}


TEXT = "The fox sat on the stone."


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_weights_are_those_of_transformers(loaded, kind: str) -> None:
    model = loaded[kind]
    reading = read(model, TEXT, "The moon is warm." if kind == "bert" else "")
    found = attend(model, reading)
    reference = model.tokenizer(TEXT, *(["The moon is warm."] if kind == "bert" else []), return_tensors="pt")
    assert reading.input_ids.tolist() == reference["input_ids"][0].tolist()
    wanted = model.forward(**reference, output_attentions=True).attentions
    assert found.weights.shape == (2, 4, len(reading), len(reading))
    for layer in range(2):
        # The same operations on the same tensors: float32 rounding of one forward pass, 1e-6 for weights up to 1.
        np.testing.assert_allclose(found.weights[layer], wanted[layer][0].numpy(), atol=1e-6)
    np.testing.assert_allclose(found.weights.sum(-1), 1.0, atol=1e-5)
    assert found.causal == (kind == "gpt")
    above = np.triu(np.ones(found.weights.shape[-2:], bool), 1)
    assert (found.weights[..., above] == 0).all() == (kind == "gpt")
    one = attend(model, reading, layer=1)
    assert one.layers == (1,)
    np.testing.assert_array_equal(one.weights[0], found.weights[1])


@pytest.mark.parametrize("kind", ["gpt", "bert"])
@pytest.mark.parametrize(("layer", "head"), [(0, 0), (1, 3)])
def test_steps_end_where_the_layer_ends(loaded, kind: str, layer: int, head: int) -> None:
    model = loaded[kind]
    steps = head_steps(model, read(model, TEXT), layer, head)
    # Products summed in another order than in the fused projection: float32 rounding over 32 terms.
    assert steps.difference["weights"] < 1e-6
    assert steps.difference["projected"] < 5e-6
    assert steps.difference["normed"] < 1e-5
    assert steps.pre_norm == (kind == "gpt")
    np.testing.assert_allclose(steps.scaled, steps.scores / np.sqrt(8), atol=1e-6)
    if kind == "gpt":
        np.testing.assert_array_equal(steps.allowed, np.tril(steps.allowed))
        mean = steps.x.mean(-1)
        assert np.abs(mean).max() < 1e-5  # x is a LayerNorm with fresh scale and shift
    else:
        np.testing.assert_array_equal(steps.x, steps.block_input)
        hidden = model.forward(**inputs(model, [steps.reading]), output_hidden_states=True).hidden_states
        np.testing.assert_array_equal(steps.block_input, hidden[layer][0].numpy())
    np.testing.assert_allclose(steps.joined[:, head * 8 : head * 8 + 8], steps.head_output, atol=1e-7)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_the_shared_model_is_left_as_it_was(loaded, kind: str) -> None:
    model = loaded[kind]

    def hooks() -> int:
        return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.model.modules())

    before = hooks()
    reading = read(model, TEXT)
    head_steps(model, reading, 0, 0)
    value_weighted(model, attend(model, reading))
    assert hooks() == before
    own = twin(model.model)
    assert all(a is b for a, b in zip(own.parameters(), model.model.parameters(), strict=True))


# Hand-made answers in the course's reference table, six rows.
WORKED = {
    False: (
        [[0.401112, 0.197776, 0.401112], [0.197776, 0.401112, 0.401112], [0.248255, 0.248255, 0.503490]],
        [[3.0, 4.0], [3.406673, 4.406673], [3.510470, 4.510470]],
    ),
    True: (
        [[1.0, 0.0, 0.0], [0.330238, 0.669762, 0.0], [0.248255, 0.248255, 0.503490]],
        [[1.0, 2.0], [2.339523, 3.339523], [3.510470, 4.510470]],
    ),
}


@pytest.mark.parametrize("causal", [False, True])
def test_worked_example(causal: bool) -> None:
    example = worked_example(causal)
    weights, output = WORKED[causal]
    # The reference has six decimals.
    np.testing.assert_allclose(example.weights, weights, atol=6e-7)
    np.testing.assert_allclose(example.output, output, atol=6e-7)
    assert (example.v == [[1, 2], [3, 4], [5, 6]]).all()


def test_rollout_known_answers() -> None:
    n = 4
    identity = np.broadcast_to(np.eye(n), (3, 2, n, n))
    np.testing.assert_allclose(rollout(identity)[-1], np.eye(n))
    # Each position reads the one before; without a residual three layers shift by three.
    shift = np.zeros((n, n))
    shift[0, 0] = 1
    shift[np.arange(1, n), np.arange(n - 1)] = 1
    three = rollout(np.broadcast_to(shift, (3, 1, n, n)), residual=0.0)[-1]
    assert three[3].tolist() == [1, 0, 0, 0]
    # Half the residual: position 1 after two layers keeps 1/4 of itself, 3/4 came from position 0.
    two = rollout(np.broadcast_to(shift, (2, 1, n, n)))[-1]
    np.testing.assert_allclose(two[1], [0.75, 0.25, 0, 0])
    np.testing.assert_allclose(two.sum(-1), 1)


def test_value_weighted_known_answer(loaded) -> None:
    """With one head's value at zero nothing is added, whatever the weights say."""
    model = loaded["bert"]
    attention = attend(model, read(model, TEXT))
    norms = value_weighted(model, attention)
    steps = head_steps(model, attention.reading, 1, 2)
    out = model.model.bert.encoder.layer[1].attention.output.dense.weight.T.detach().numpy()
    q, k = 3, 1
    by_hand = np.linalg.norm(steps.weights[q, k] * steps.v[k] @ out[16:24])
    # Norm of 32 float32 products in another order.
    np.testing.assert_allclose(norms[1, 2, q, k], by_hand, rtol=1e-4)
    np.testing.assert_allclose(shares(norms).sum(-1), 1, atol=1e-5)


def test_entropy() -> None:
    assert entropy(np.full((1, 8), 1 / 8)).tolist() == [3.0]
    assert entropy(np.eye(3)).tolist() == [0, 0, 0]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=50))
def test_packed_weights_are_within_one_255th(values: list[float]) -> None:
    packed = pack_weights(values)
    seen = (packed / 255.0) ** 2  # what the browser reads
    true = np.array(values, np.float32).astype(np.float64)
    assert np.abs(seen - true).max() < 1 / 255
    # What hovering says: the error is at most (u + 0.25) / 255².
    assert (np.abs(seen - true) <= (packed + 0.2501) / 255**2).all()


def test_message_layout() -> None:
    weights = np.array([[[[1.0, 0.0], [0.25, 0.75]]]], np.float32)
    raw = message({"tokens": ["안", "</script>"]}, weights)
    size = struct.unpack_from("<I", raw)[0]
    assert (size + 4) % 4 == 0
    assert list(raw[4 + size :]) == [255, 0, 128, 221]


def test_texts_of_every_kind(loaded) -> None:
    for kind in ("gpt", "bert"):
        model = loaded[kind]
        for text in ("", "a", "<script>alert(1)</script>", "שלום עולם", "안녕", "👩‍👩‍👧"):
            reading = read(model, text)
            attention = attend(model, reading)
            np.testing.assert_allclose(attention.weights.sum(-1), 1, atol=1e-5)
            assert len(reading.punctuation) == len(reading)
    bert = read(loaded["bert"], "The fox.", "The moon.")
    assert bert.segments.tolist().count(1) > 0
    assert bert.special.tolist()[0]
    assert bert.special.sum() == 3
    gpt = read(loaded["gpt"], "The fox.", "The moon.")
    assert gpt.segments.tolist()[0] == 0
    assert gpt.segments.tolist()[-1] == 1


def test_too_long(loaded) -> None:
    with pytest.raises(CannotRead) as caught:
        read(loaded["gpt"], "fox " * 200)
    assert caught.value.reason is ReadingReason.TOO_LONG
    assert caught.value.parameters["limit"] == 64
    assert int(caught.value.parameters["tokens"]) > 64


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_the_longest_beginning_that_fits(loaded, kind: str) -> None:
    model, text = loaded[kind], "the fox and the stone " * 20
    assert beginning(model, "the fox", 40) == "the fox"
    cut = beginning(model, text, 40)
    words = len(cut.split())
    assert cut.split() == text.split()[:words]
    assert len(read(model, cut)) <= 40
    assert len(model.tokenizer(" ".join(text.split()[: words + 1]))["input_ids"]) > 40
    assert 1 <= len(read(model, beginning(model, "xyz" * 60, 40))) <= 40  # one word that is too long
    assert beginning(model, "", 40) == ""


def test_512_tokens(tmp_path: Path) -> None:
    from tests.lm.conftest import build_tiny_bert

    folder = build_tiny_bert(tmp_path / "long-bert", max_position_embeddings=512)
    model = Checkpoints(Settings(local_folders=(folder,))).load("local:long-bert")
    reading = read(model, "a " * 510)
    assert len(reading) == 512
    assert attend(model, reading, layer=1).weights.shape == (1, 4, 512, 512)


def test_a_family_without_readable_layers(loaded) -> None:
    from types import SimpleNamespace

    from components.lm.transformer.attention import layer_parts

    strange = SimpleNamespace(base_model=SimpleNamespace(), config=SimpleNamespace(model_type="strange"))
    with pytest.raises(Unreadable):
        layer_parts(strange)
    silent = SimpleNamespace(
        forward=lambda **inputs: SimpleNamespace(attentions=()),
        model=loaded["gpt"].model,
        tokenizer=loaded["gpt"].tokenizer,
        card=loaded["gpt"].card,
    )
    with pytest.raises(Unreadable):
        attend(silent, read(loaded["gpt"], "a"))


def test_rows_are_exact(loaded) -> None:
    model = loaded["gpt"]
    attention = attend(model, read(model, "The fox"))
    rows = as_rows(attention, [(1, 2), (9, 9)])
    n = len(attention.reading)
    assert len(rows) == n * n
    assert rows[n]["weight"] == float(attention.weights[1, 2, 1, 0])
