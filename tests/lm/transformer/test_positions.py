"""Sine and cosine against the formula, tables against transformers, shuffling against what must follow."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm import checkpoints
from components.lm.checkpoints.model_card import ModelName, read_card
from components.lm.transformer.positions import (
    NoTable,
    cosines,
    learned_table,
    shuffle_words,
    shuffled_order,
    sinusoids,
    wavelengths,
)

REFERENCE = Path(__file__).parents[3] / "assets" / "facts"


def test_the_table_of_the_course() -> None:
    with (REFERENCE / "positional_encoding_d8.csv").open() as file:
        rows = [[float(x) for name, x in row.items() if name != "pos"] for row in csv.DictReader(file)]
    np.testing.assert_allclose(sinusoids(12, 8), rows, atol=5e-7)  # the table has six decimals
    with (REFERENCE / "positional_encoding_wavelengths.csv").open() as file:
        given = [float(row["wavelength_positions"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(wavelengths(8), given, atol=5e-5)  # four decimals


def test_formula_by_hand() -> None:
    table = sinusoids(12, 8)
    assert table[0].tolist() == [0, 1] * 4
    assert table[10, 2] == pytest.approx(np.sin(10 / 10_000 ** (2 / 8)))
    assert table[10, 3] == pytest.approx(np.cos(10 / 10_000 ** (2 / 8)))
    assert wavelengths(8).round(4).tolist() == [6.2832, 62.8319, 628.3185, 6283.1853]


@given(st.integers(1, 40), st.integers(0, 60), st.integers(0, 60))
def test_dot_products_depend_on_the_distance_only(pairs: int, one: int, other: int) -> None:
    table = sinusoids(64, 2 * pairs)
    expected = np.cos((one - other) / np.asarray(10_000 ** (np.arange(pairs) / pairs))).sum()
    assert table[one] @ table[other] == pytest.approx(
        expected, abs=1e-9
    )  # float64 sums of at most 40 cosines


def test_marian_builds_the_same_waves() -> None:
    """transformers' Marian keeps all sines first, then all cosines: the same numbers in another order."""
    from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

    rows = MarianSinusoidalPositionalEmbedding(20, 16).create_weight().numpy()
    ours = sinusoids(20, 16)
    np.testing.assert_allclose(
        np.concatenate([ours[:, 0::2], ours[:, 1::2]], 1), rows, atol=1e-6
    )  # theirs are float32


@pytest.mark.parametrize("width", [0, 1, 7, -2])
def test_odd_widths_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match="even"):
        sinusoids(3, width)


def test_cosines_of_a_zero_row() -> None:
    assert cosines([[0.0, 0.0], [3.0, 4.0]]).tolist() == [[0.0, 0.0], [0.0, 1.0]]


def _card(folder: Path):  # type: ignore[no-untyped-def]
    return read_card(folder, ModelName("local:tiny", "local", "tiny"))


def test_table_of_a_gpt(tiny_gpt_folder: Path) -> None:
    from transformers import GPT2LMHeadModel

    table = learned_table(tiny_gpt_folder, _card(tiny_gpt_folder))
    model = GPT2LMHeadModel.from_pretrained(tiny_gpt_folder)
    assert np.array_equal(table.rows, model.transformer.wpe.weight.detach().numpy())


def test_table_of_a_bert(tiny_bert_folder: Path) -> None:
    from transformers import BertForPreTraining

    table = learned_table(tiny_bert_folder, _card(tiny_bert_folder))
    model = BertForPreTraining.from_pretrained(tiny_bert_folder)
    assert np.array_equal(table.rows, model.bert.embeddings.position_embeddings.weight.detach().numpy())


def test_a_family_without_a_table_is_refused(tiny_bert_folder: Path) -> None:
    from dataclasses import replace

    with pytest.raises(NoTable):
        learned_table(tiny_bert_folder, replace(_card(tiny_bert_folder), family="llama"))


@given(st.integers(2, 12), st.integers(0, 99))
def test_shuffled_order_is_another_order(words: int, seed: int) -> None:
    order = shuffled_order(words, seed)
    assert sorted(order) == list(range(words))
    assert order != tuple(range(words))


@pytest.fixture
def tiny(tiny_bert_folder: Path, tiny_gpt_folder: Path):  # type: ignore[no-untyped-def]
    store = checkpoints.Checkpoints(checkpoints.Settings(local_folders=(tiny_bert_folder, tiny_gpt_folder)))
    return {name: store.load(f"local:tiny-{name}") for name in ("bert", "gpt")}


def test_without_positions_bert_reads_a_bag_of_words(tiny) -> None:  # type: ignore[no-untyped-def]
    result = shuffle_words(tiny["bert"], "the small fox sat on the [MASK] stone", seed=1)
    assert result.largest["normal"] > 0.1
    assert result.largest["same"] < 1e-4  # sums of float32 in another order
    one, two = result.readings["same"]
    assert [token for token, _ in one.top] == [token for token, _ in two.top]
    assert sorted(one.words) == sorted(two.words)
    assert one.words != two.words


def test_gpt_keeps_an_order_without_positions(tiny) -> None:  # type: ignore[no-untyped-def]
    """A causal mask lets a token see what came before it: that alone tells the order."""
    result = shuffle_words(tiny["gpt"], "the small fox sat on the stone", seed=1)
    assert result.causal
    assert result.largest["same"] > 1e-3


def test_normal_reading_is_the_plain_forward_pass(tiny) -> None:  # type: ignore[no-untyped-def]
    import torch

    loaded = tiny["bert"]
    result = shuffle_words(loaded, "the small fox sat on the [MASK]", seed=1)
    ids = loaded.tokenizer("the small fox sat on the [MASK]")["input_ids"]
    logits = loaded.masked_logits(loaded.forward(input_ids=torch.tensor([ids])))[0, -2].softmax(-1)
    assert result.readings["normal"][0].top[0][1] == pytest.approx(float(logits.max()), abs=1e-6)


def test_two_words_are_refused(tiny) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="three"):
        shuffle_words(tiny["bert"], "two words", seed=0)
