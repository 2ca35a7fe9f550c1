"""BERT's input against the modules of transformers, for every family that is handled."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lm import checkpoints
from components.lm.bert.embeddings import (
    Changes,
    NotBert,
    apply,
    compare,
    cosine,
    embed,
    layer_norm,
    neighbours,
    norms,
    num_segments,
    pad_batch,
    read_input,
    run_through,
)
from components.lm.reading import CannotRead

A, B = "my brother plays the piano", "she was playing chess"


def build(folder: Path, family: str, bert: Path) -> Path:
    """A tiny random model of a family with the tokenizer of the tiny BERT."""
    import torch
    import transformers as hf

    sizes: dict[str, Any] = {
        "vocab_size": 300,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 66,
        "initializer_range": 0.2,
        "pad_token_id": 0,
    }
    distil = {
        "vocab_size": 300,
        "dim": 32,
        "n_layers": 2,
        "n_heads": 4,
        "hidden_dim": 64,
        "initializer_range": 0.2,
    }
    model_class, config = {
        "roberta": (
            hf.RobertaForMaskedLM,
            hf.RobertaConfig(**sizes | {"pad_token_id": 1, "type_vocab_size": 1}),
        ),
        "distilbert": (hf.DistilBertForMaskedLM, hf.DistilBertConfig(**distil, max_position_embeddings=64)),
        "electra": (hf.ElectraForMaskedLM, hf.ElectraConfig(**sizes, embedding_size=16)),
        "albert": (hf.AlbertForMaskedLM, hf.AlbertConfig(**sizes, embedding_size=16)),
    }[family]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = model_class(config)
        for name, parameter in model.named_parameters():
            if "LayerNorm" in name:  # gamma and beta of a new model are 1 and 0: give them something to do
                torch.nn.init.normal_(parameter, 1.0, 0.3)
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(bert / file, folder / file)
    return folder


@pytest.fixture(scope="module")
def loaded(
    tmp_path_factory: pytest.TempPathFactory, tiny_bert_folder: Path, tiny_gpt_folder: Path
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("families")
    families = [
        build(folder / name, name, tiny_bert_folder)
        for name in ("roberta", "distilbert", "electra", "albert")
    ]
    store = checkpoints.Checkpoints(
        checkpoints.Settings(local_folders=(tiny_bert_folder, tiny_gpt_folder, *families))
    )
    names = {
        path.name.removeprefix("tiny-"): path.name for path in (tiny_bert_folder, tiny_gpt_folder, *families)
    }
    return {short: store.load(f"local:{name}") for short, name in names.items()}


ALL = ["bert", "roberta", "distilbert", "electra", "albert"]


@pytest.mark.parametrize("family", ALL)
def test_rows_and_sum_are_the_modules_own(loaded: dict[str, Any], family: str) -> None:
    import torch

    model = loaded[family]
    parts = embed(model, read_input(model, A, B))
    assert parts.largest_difference < 1e-6
    # Also equal to what the whole model hands to its first layer, when called the plain way.
    out = model.tokenizer(A, B, return_tensors="pt") if family in ("bert", "electra", "albert") else None
    if out is not None and parts.projected_width is None:
        hidden = model.forward(**out, output_hidden_states=True).hidden_states[0][0]
        np.testing.assert_allclose(
            parts.layer_norm_out, hidden.numpy(), atol=1e-6
        )  # float32, values of order 1
    module = model.model.base_model.embeddings
    ids = torch.from_numpy(read_input(model, A, B).input_ids)
    assert np.array_equal(parts.token_embedding, module.word_embeddings(ids).detach().numpy())
    assert np.allclose(
        parts.embedding_sum, parts.token_embedding + parts.segment_embedding + parts.position_embedding
    )


def test_families_differ_as_they_should(loaded: dict[str, Any]) -> None:
    assert [num_segments(loaded[family]) for family in ALL] == [2, 1, 0, 2, 2]
    assert read_input(loaded["roberta"], A).position_ids[0] == 2
    assert read_input(loaded["bert"], A).position_ids[0] == 0
    assert embed(loaded["electra"], read_input(loaded["electra"], A)).projected_width == 32
    assert embed(loaded["bert"], read_input(loaded["bert"], A)).projected_width is None
    with pytest.raises(NotBert):
        read_input(loaded["gpt"], A)


@given(st.integers(1, 6), st.integers(2, 30), st.integers(0, 99))
def test_layer_norm_is_torchs(rows: int, width: int, seed: int) -> None:
    import torch

    numbers = np.random.default_rng(seed).normal(size=(rows, width))
    gamma, beta = np.random.default_rng(seed + 1).normal(size=(2, width))
    ours = layer_norm(numbers, gamma, beta, 1e-12)
    theirs = torch.nn.functional.layer_norm(
        torch.tensor(numbers), (width,), torch.tensor(gamma), torch.tensor(beta), 1e-12
    )
    np.testing.assert_allclose(ours.out, theirs.numpy(), atol=1e-9)
    np.testing.assert_allclose(ours.mean, numbers.mean(1))


def test_the_lists_are_the_tokenizers(loaded: dict[str, Any]) -> None:
    read = read_input(loaded["bert"], A, B)
    out = loaded["bert"].tokenizer(A, B)
    assert read.input_ids.tolist() == out["input_ids"]
    assert read.token_type_ids.tolist() == out["token_type_ids"]
    assert read.attention_mask.tolist() == out["attention_mask"]
    assert read.position_ids.tolist() == list(range(len(read)))


@given(
    st.sampled_from(["normal", "none", "all_a", "all_b"]),
    st.sampled_from(["normal", "reversed", "shuffled", "zero"]),
    st.lists(st.integers(-2, 40), max_size=3),
    st.one_of(st.none(), st.tuples(st.integers(-1, 30), st.integers(-1, 30))),
)
@settings(max_examples=60, deadline=None)
def test_changes_change_exactly_what_they_name(
    loaded: dict[str, Any], segments: str, positions: str, painted: list[int], swap: tuple[int, int] | None
) -> None:
    before = read_input(loaded["bert"], A, B)
    count = len(before)
    after = apply(before, Changes(segments, tuple(painted), positions, 1, swap))
    inside = {p for p in painted if 0 <= p < count}
    base = {"all_a": np.zeros(count), "all_b": np.ones(count)}.get(segments, before.token_type_ids)
    flipped = {i for i in range(count) if after.token_type_ids[i] != base[i]}
    assert flipped == inside
    assert after.without_segments == (segments == "none")
    assert sorted(after.input_ids) == sorted(before.input_ids)
    moved = {i for i in range(count) if after.input_ids[i] != before.input_ids[i]}
    assert moved <= set(swap or ())
    if positions == "zero":
        assert set(after.position_ids.tolist()) == {0}
    else:
        assert sorted(after.position_ids) == sorted(before.position_ids)
        assert (positions == "normal") <= np.array_equal(after.position_ids, before.position_ids)
    assert np.array_equal(after.attention_mask, before.attention_mask)
    assert before.token_type_ids.sum() > 0  # the input given was not touched


def test_rows_follow_the_changes(loaded: dict[str, Any]) -> None:
    model = loaded["bert"]
    before = read_input(model, A, B)
    plain = embed(model, before)
    without = embed(model, apply(before, Changes("none")))
    assert not without.segment_embedding.any()
    assert np.array_equal(without.token_embedding, plain.token_embedding)
    assert np.array_equal(without.position_embedding, plain.position_embedding)
    assert (
        without.largest_difference < 1e-5
    )  # the module adds the row that was subtracted: two more roundings
    painted = embed(model, apply(before, Changes(painted=(2,))))
    changed = np.abs(painted.embedding_sum - plain.embedding_sum).max(1) > 0
    assert changed.nonzero()[0].tolist() == [2]


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_moved_positions_are_what_the_module_adds(loaded: dict[str, Any], family: str) -> None:
    model = loaded[family]
    moved = apply(read_input(model, A), Changes(positions="reversed"), num_segments(model))
    assert embed(model, moved).largest_difference < 1e-5


def test_no_change_has_no_effect(loaded: dict[str, Any]) -> None:
    model = loaded["bert"]
    read = read_input(model, A, B)
    effects = compare(model, read, apply(read, Changes()), asked=2)
    assert effects.largest == 0
    assert effects.cosines == pytest.approx(np.ones(len(read)))
    assert effects.is_next is not None
    assert effects.is_next[0] == effects.is_next[1]
    assert all(guess.before == guess.after for guess in effects.guesses)


def test_effects_are_the_models_own_answers(loaded: dict[str, Any]) -> None:
    import torch

    model = loaded["bert"]
    read = read_input(model, A, B)
    effects = compare(model, read, apply(read, Changes("all_b")), asked=2)
    ids = torch.from_numpy(read.input_ids)[None].clone()
    types = torch.ones_like(ids)
    out = model.forward(input_ids=ids, token_type_ids=types)
    assert effects.is_next is not None
    assert effects.is_next[1] == pytest.approx(
        float(model.next_sentence_logits(out)[0].softmax(-1)[0]), abs=1e-6
    )
    ids[0, 2] = model.tokenizer.mask_token_id
    probs = model.masked_logits(model.forward(input_ids=ids, token_type_ids=types))[0, 2].softmax(-1)
    for guess in effects.guesses:
        token = model.tokenizer.convert_tokens_to_ids(guess.token)
        assert guess.after == pytest.approx(float(probs[token]), abs=1e-6)
    assert effects.largest > 0


def test_a_swap_without_positions_is_only_a_seat(loaded: dict[str, Any]) -> None:
    """With position 0 everywhere and one segment, swapping two tokens changes nothing but their seats."""
    model = loaded["bert"]
    before = apply(read_input(model, A), Changes(positions="zero"))
    after = apply(before, Changes(swap=(2, 4)))
    assert compare(model, before, after, None, (2, 4)).largest < 1e-4  # float32 sums in another order


def test_neighbours_are_rows_of_the_table(loaded: dict[str, Any]) -> None:
    model = loaded["bert"]
    itself, *found = neighbours(model, 40, 5)
    table = model.model.bert.embeddings.word_embeddings.weight.detach().numpy()
    every = cosine(np.broadcast_to(table[40], table.shape), table)
    every[40] = -2
    assert (itself.token_id, itself.cosine) == (40, 1.0)
    assert [near.token_id for near in found] == np.argsort(-every)[:5].tolist()
    assert [near.cosine for near in found] == pytest.approx(sorted(every, reverse=True)[:5], abs=1e-6)
    assert all(np.array_equal(near.row, table[near.token_id]) for near in (itself, *found))


def test_padding_leaks_only_when_the_mask_says_one(loaded: dict[str, Any]) -> None:
    model = loaded["bert"]
    texts = [A, "the moon", "we read the letter twice and wrote an answer"]
    right = pad_batch(model, texts)
    assert right.largest.tolist() == [0, 0, 0]
    assert right.attention_mask.sum() == right.real.sum()
    short = int(right.real[1].sum())
    leaking = pad_batch(model, texts, [(1, short)])
    assert leaking.largest[1] > 1e-3
    assert leaking.largest[0] == leaking.largest[2] == 0
    assert leaking.attention_mask[1, short] == 1
    # The padded batch reads every text as it is read alone.
    import torch

    alone = model.forward(
        **model.tokenizer(texts[1], return_tensors="pt"), output_hidden_states=True
    ).hidden_states[-1]
    ids, mask = torch.from_numpy(right.input_ids), torch.from_numpy(right.attention_mask)
    batch = model.forward(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
    np.testing.assert_allclose(
        batch[1, :short].numpy(), alone[0].numpy(), atol=1e-5
    )  # other matrix shapes, other sums


def test_run_through_ends_where_the_model_does(loaded: dict[str, Any]) -> None:
    model = loaded["bert"]
    read = read_input(model, A, B)
    parts = embed(model, read)
    lines = run_through(read, parts, 3)
    assert lines[-1].shape == (1, len(read), 32)
    np.testing.assert_allclose(lines[-1].values, parts.layer_norm_out[3])
    by_code = {line.code: line for line in lines}
    assert by_code["embeddings = word_embeddings[input_ids]"].values == tuple(
        parts.token_embedding[3].tolist()
    )
    summed = by_code["embeddings = embeddings + position_embeddings[position_ids]"]
    np.testing.assert_allclose(summed.values, parts.embedding_sum[3])
    assert next(line for line in lines if line.name == "mean").values == (float(parts.normed.mean[3]),)
    distil = loaded["distilbert"]
    read = read_input(distil, A)
    assert "token_type_ids" not in [line.name for line in run_through(read, embed(distil, read), 3)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), ("   ", ""), ("", "only B"), ("😀" * 50, ""), ("שלום לכם", "مرحبا"), ("a", " ")],
)
def test_odd_texts_are_read(loaded: dict[str, Any], first: str, second: str) -> None:
    read = read_input(loaded["bert"], first, second)
    assert embed(loaded["bert"], read).largest_difference < 1e-6
    assert len(read.input_ids) == len(read.tokens) >= 2


def test_too_long_says_how_long(loaded: dict[str, Any]) -> None:
    with pytest.raises(CannotRead) as caught:
        read_input(loaded["bert"], "the moon " * 4000)
    assert caught.value.parameters["limit"] == 64


def test_norms_and_cosines() -> None:
    assert norms(np.array([[3.0, 4.0]])).tolist() == [5.0]
    assert cosine([[1, 0], [0, 0]], [[0, 1], [1, 1]]).tolist() == [0.0, 0.0]
