"""One block from inside: its parts are what transformers computes, and they add up."""

from typing import Any

import numpy as np
import pytest
import torch

from components.lm import checkpoints
from components.lm.reading import inputs, pieces, read
from components.lm.tokens.token_text import token_info
from components.lm.transformer.attention import Unreadable
from components.lm.transformer.block import (
    ORDER,
    TAKEN,
    block_parts,
    follow,
    gated,
    lens,
    look_inside,
    norms,
    path,
    pushes,
)
from tests.lm.families import Families

TEXT = "The girl gave the boy a ball."
OPENED = ["pocket-gpt", "pocket-bert", "nano-bert"]
ROTARY = ["llama", "qwen3"]
TOLERANCE = 1e-5
"""Relative to the largest number of the vector: float32 sums of the same numbers, in another order."""


def close(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE * max(1.0, float(np.abs(other).max())))


def check(loaded: Any) -> None:
    """The parts of every block against the hidden states of transformers, and against each other."""
    reading = read(loaded, TEXT)
    output = loaded.forward(**inputs(loaded, [reading]), output_hidden_states=True)
    hidden = [state[0].float().numpy() for state in output.hidden_states]
    for layer in range(loaded.card.num_layers):
        found = look_inside(loaded, reading, layer)
        part = {name: found.states[found.place(name)] for name in ORDER[found.wiring]}
        close(part["stream"], hidden[layer])
        close(found.streams[layer], hidden[layer])
        if (
            layer + 1 < len(hidden) - 1 or found.wiring == "post"
        ):  # transformers normalises the last of a pre-LN model
            close(found.states[-1], hidden[layer + 1])
        close(part["stream"] + part["attention"], part["add1"])
        before = "add1" if found.wiring == "pre" else "norm1"
        close(part[before] + part["feed_forward"], part["add2"])
        for number, (name, entering) in enumerate(
            [
                ("norm1", "stream" if found.wiring == "pre" else "add1"),
                ("norm2", "add1" if found.wiring == "pre" else "add2"),
            ]
        ):
            norm, x = norms(loaded, layer)[number], part[entering].astype(np.float64)
            x = x - x.mean(-1, keepdims=True) if norm.centred else x
            close(
                x / np.sqrt((x**2).mean(-1, keepdims=True) + norm.epsilon) * norm.weight + norm.bias,
                part[name],
            )
        np.testing.assert_allclose(
            found.lengths[layer, 0], np.linalg.norm(part["attention"], axis=-1), rtol=1e-4
        )
        # The neurons, through the projection of the model itself, are what the feed-forward network adds.
        down = block_parts(loaded.model)[1][layer].down
        with torch.inference_mode():
            close(down(torch.from_numpy(found.active)).numpy(), part["feed_forward"])
    logits = loaded.masked_logits(output) if loaded.card.can("masked_prediction") else output.logits
    close(found.logits, logits[0].numpy())
    assert [found.likeliest(token)[0] for token in range(len(reading))] == logits[0].argmax(-1).tolist()
    after = lens(loaded, found.streams)
    assert (after.guesses[-1, :, 0] == logits[0].argmax(-1).numpy()).all()  # the lens at the top is the model
    assert (after.ranks[-1, :, 0] == 1).all()


@pytest.mark.parametrize("name", OPENED)
def test_bundled_models(name: str) -> None:
    check(checkpoints.load(name))


@pytest.mark.parametrize("name", ROTARY)
def test_rotary_positions_and_a_gate(families: Families, name: str) -> None:
    loaded = checkpoints.load(checkpoints.add_local_folder(families.folder(name)))
    check(loaded)
    assert gated(loaded)


@pytest.mark.parametrize("name", ["roberta", "electra"])
def test_kin_of_bert(families: Families, name: str) -> None:
    check(checkpoints.load(checkpoints.add_local_folder(families.folder(name))))


def test_another_wiring_is_refused(families: Families) -> None:
    loaded = checkpoints.load(checkpoints.add_local_folder(families.folder("gpt-neo")))
    with pytest.raises(Unreadable):
        look_inside(loaded, read(loaded, TEXT), 0)


@pytest.mark.parametrize("name", ["nano-gpt", "nano-bert"])
def test_what_is_taken_out_adds_nothing(name: str) -> None:
    loaded = checkpoints.load(name)
    reading = read(loaded, TEXT)
    whole = look_inside(loaded, reading, 1)
    for part in ("attention", "feed_forward"):
        found = look_inside(loaded, reading, 1, taken=part)
        assert not found.states[found.place(part)].any()
        assert np.abs(found.logits - whole.logits).max() > 1e-2
    bare = look_inside(loaded, reading, 1, taken="residual")
    close(bare.states[bare.place("add1")], bare.states[bare.place("attention")])
    flat = look_inside(loaded, reading, 1, taken="norm")
    close(
        flat.states[flat.place("norm1")],
        flat.states[flat.place("stream" if flat.wiring == "pre" else "add1")],
    )
    neuron = whole.strongest(3)[0]
    off = look_inside(loaded, reading, 1, neurons=(neuron,))
    assert not off.active[:, neuron].any()
    down = block_parts(loaded.model)[1][1].down.weight.detach().numpy()
    column = down[neuron] if name == "nano-gpt" else down[:, neuron]
    at = whole.place("feed_forward")
    close(whole.states[at] - off.states[at], whole.active[:, neuron : neuron + 1] * column)


def test_nothing_is_left_behind() -> None:
    loaded = checkpoints.load("nano-gpt")
    reading = read(loaded, TEXT)
    before = loaded.forward(**inputs(loaded, [reading])).logits
    for taken in TAKEN:
        look_inside(loaded, reading, 0, taken=taken, neurons=(0, 1))
    assert torch.equal(before, loaded.forward(**inputs(loaded, [reading])).logits)
    with pytest.raises(IndexError):
        look_inside(loaded, reading, 99)


@pytest.mark.parametrize("name", ["nano-gpt", "nano-bert"])
def test_words_of_a_neuron(name: str) -> None:
    loaded = checkpoints.load(name)
    down = block_parts(loaded.model)[1][2].down.weight.detach()
    column = down[7] if name == "nano-gpt" else down[:, 7]
    best = int((loaded.model.get_output_embeddings().weight @ column).argmax())
    first = pushes(loaded, 2, [7])[7][0][0]
    assert first.strip() == loaded.tokenizer.decode([best]).strip()


@pytest.mark.parametrize("text", ["안녕하세요", "👨‍👩‍👧", "שלום", "<script>", "a"])
def test_odd_texts(text: str) -> None:
    loaded = checkpoints.load("nano-bert")
    found = look_inside(loaded, read(loaded, text), 0)
    assert np.isfinite(found.logits).all()
    assert np.isfinite(path(found.streams)).all()


def test_the_map_ignores_length() -> None:
    streams = np.random.default_rng(0).normal(size=(4, 5, 16)).astype(np.float32)
    np.testing.assert_allclose(path(streams), path(streams * 100), atol=1e-5)
    furthest = np.abs(path(streams)).reshape(-1, 2).argmax(0)
    assert (path(streams).reshape(-1, 2)[furthest, [0, 1]] > 0).all()  # a direction has no side of its own


@pytest.mark.parametrize("name", ["pocket-gpt", "pocket-bert"])
def test_a_word_is_followed_to_where_the_model_puts_it(name: str) -> None:
    """The rank after the last block is the place in the sorted logits, and the ranks of a best word are those already known."""
    loaded = checkpoints.load(name, "attention")
    inside = look_inside(loaded, read(loaded, "The little girl saw a bird"), 0)
    found = follow(loaded, inside.streams, "tree")
    assert found is not None
    assert found.pieces == 1
    (place,) = pieces(loaded, "tree", before="the ")
    order = np.argsort(-inside.logits, axis=-1)
    assert found.ranks[-1].tolist() == [int(np.flatnonzero(row == place)[0]) + 1 for row in order]
    best = inside.likeliest(2)[0]
    word = token_info(loaded.tokenizer, best).text.strip()
    again = follow(loaded, inside.streams, word)
    if again is not None and pieces(loaded, word, before="the ") == (best,):
        assert again.ranks[:, 2].tolist() == lens(loaded, inside.streams).ranks[:, 2, 0].tolist()


def test_odd_words_to_follow() -> None:
    loaded = checkpoints.load("pocket-gpt", "attention")
    inside = look_inside(loaded, read(loaded, "The girl"), 0)
    assert follow(loaded, inside.streams, "") is None
    for word in ("안녕하세요", "👩‍👩‍👧", "<script>", "שלום"):
        found = follow(loaded, inside.streams, word)
        assert found is not None
        assert found.pieces > 1
        assert found.ranks.min() >= 1


def test_a_new_text_costs_one_pass_and_its_own_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that only shows when it is opened: no early logits, no neuron's words, no second copy of the modules."""
    loaded = checkpoints.load("nano-gpt", "attention")
    look_inside(loaded, read(loaded, TEXT), 1)
    table = loaded.model.get_output_embeddings().weight
    passes, rows, twins = [], [], []
    forward, linear = type(loaded.model).forward, torch.nn.functional.linear
    monkeypatch.setattr(
        type(loaded.model), "forward", lambda *a, **k: (passes.append(1), forward(*a, **k))[1]
    )

    def counted(x: Any, weight: Any, *rest: Any) -> Any:
        if weight.data_ptr() == table.data_ptr():
            rows.append(x.shape[:-1].numel())
        return linear(x, weight, *rest)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    monkeypatch.setattr("components.lm.transformer.block.twin", lambda model: twins.append(1))
    reading = read(loaded, "The fox sat on the stone.")
    found = look_inside(loaded, reading, 1)
    assert (sum(passes), sum(rows), twins) == (1, len(reading), [])
    lens(loaded, found.streams)
    assert sum(rows) == len(reading) * (1 + len(found.streams))
