"""Measures: counted models against sums by hand, bits per byte, repetition, masked accuracy of a model that knows."""

import unicodedata
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from components.lm.gpt.strategies import repeated
from components.lm.training.cloze import KOREAN_PROBES_PATH, LARGE_PROBES_PATH, load_probes
from components.pretraining.evaluation import (
    BLANKS,
    PROMPTS,
    filled_blanks,
    known_words,
    masked_accuracies,
    masked_baselines,
    ngram_losses,
    real_word_share,
    rows_seen,
    text_losses,
)
from components.pretraining.ngrams import KneserNey, NeighbourCounts
from components.pretraining.packing import PackedDocuments, gpt_epoch
from components.pretraining.training import Data, RunSettings

from .test_training import TINY


def test_kneser_ney_bigram_by_hand() -> None:
    # a b a b a c : bigrams ab 2, ba 2, ac 1. Discount: n1 = 1, n2 = 2, 1 / (1 + 4) = 0.2.
    model = KneserNey(np.array([[0, 1, 0, 1, 0, 2]]), 2, 4)
    # Unigrams count left contexts: b after a, a after b, c after a: one each, 3 in all; all are once: discount 1.
    unigram = (1 - 1) / 3 + 1.0 * 3 / 3 * (1 / 4)
    expected = (2 - 0.2) / 3 + 0.2 * 2 / 3 * unigram
    assert model.logprobs(np.array([[0, 1]]))[0] == pytest.approx(np.log(expected))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_kneser_ney_probabilities_sum_to_one(order: int) -> None:
    rows = np.random.default_rng(0).integers(0, 12, (30, 20))
    model = KneserNey(rows, order, 12)
    for history in (rows[0, : order - 1], np.full(order - 1, 3)):
        windows = np.array([[*history, token] for token in range(12)])
        assert np.exp(model.logprobs(windows)).sum() == pytest.approx(1)


def test_longer_histories_help_on_a_pattern(gpt_packed: PackedDocuments) -> None:
    rows = gpt_epoch(gpt_packed, 16, np.random.default_rng(0))
    losses = ngram_losses(rows, gpt_packed, 512)
    nats = [losses[f"{order}-gram"]["nats_per_token"] for order in (1, 2, 5)]
    assert nats[0] > nats[1] > nats[2]
    one = losses["2-gram"]
    tokens = len(gpt_packed.tokens) - gpt_packed.num_documents
    assert one["bits_per_byte"] == pytest.approx(
        one["nats_per_token"] / np.log(2) * tokens / gpt_packed.num_bytes
    )


def test_most_frequent_follower() -> None:
    counts = NeighbourCounts.of(np.array([[5, 6, 5, 6, 5, 7, 7]]), 9)
    assert counts.most_frequent_follower[[5, 6]].tolist() == [6, 5]
    assert counts.most_frequent_follower[8] == 5  # never seen: the most frequent token
    assert np.exp(counts.unigram_logprobs()).sum() == pytest.approx(1)


class Even:
    """A causal model that finds all 400 tokens equally likely."""

    def __call__(self, input_ids: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.zeros(*input_ids.shape, 400))


@pytest.mark.parametrize("context", [4, 16, 1000])
def test_bits_per_byte_counts_each_token_once(byte_level_bpe: Tokenizer, context: int) -> None:
    from transformers import GPT2TokenizerFast

    tokenizer = GPT2TokenizerFast(tokenizer_object=byte_level_bpe, bos_token="<|endoftext|>", eos_token="<|endoftext|>")  # fmt: skip
    documents = ["The fox slept by the river. 안녕!", "Mina", "old Bram lost one shoe at noon. " * 9]
    result = text_losses(Even(), tokenizer, documents, context)
    tokens = sum(len(byte_level_bpe.encode(text).ids) for text in documents)
    assert result["tokens"] == tokens
    assert result["nats_per_token"] == pytest.approx(np.log(400), rel=1e-6)
    num_bytes = sum(len(text.encode()) for text in documents)
    assert result["bits_per_byte"] == pytest.approx(tokens * np.log2(400) / num_bytes, rel=1e-6)


def test_counted_models_see_the_rows_the_network_saw(gpt_packed: PackedDocuments) -> None:
    settings = RunSettings("gpt", TINY, 5000, 100, batch_tokens=256, lengths={16: 0.5, 32: 0.5}, seed=1)
    data, used, seen = Data(settings, gpt_packed), {}, []
    for step in range(60):
        seen.append(data.batch(step, used)["rows"])
    expected = np.sort(np.concatenate([rows[:, 1:].ravel() for rows in seen]))
    rows = rows_seen(settings, gpt_packed, used)
    np.testing.assert_array_equal(np.sort(rows[:, 1:].ravel()), expected)


class Knowing(torch.nn.Module):
    """A BERT that repeats its input: right on kept tokens, wrong on masked ones."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.cls = SimpleNamespace(
            predictions=lambda hidden: 20.0 * torch.nn.functional.one_hot(hidden[:, 0].long(), vocab_size),
            seq_relationship=lambda pooled: torch.stack(
                [torch.ones(len(pooled)), torch.zeros(len(pooled))], 1
            ),
        )

    def bert(self, input_ids: torch.Tensor, **_: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(
            last_hidden_state=input_ids[..., None].float(), pooler_output=input_ids[:, :1].float()
        )


def test_accuracy_is_told_apart_by_what_was_done_to_the_token(bert_packed: PackedDocuments) -> None:
    result = masked_accuracies(Knowing(512), bert_packed, 512, [32, 64], rows=300)
    mlm = result["mlm"]
    assert mlm["kept"]["accuracy"] == 1
    assert mlm["mask"]["accuracy"] == 0
    assert mlm["random"]["accuracy"] < 0.05  # a random token may be the right one by chance, 1 in 408
    assert mlm["all"]["predicted"] == sum(mlm[name]["predicted"] for name in ("mask", "random", "kept"))
    # Always "is next": right on about half; five standard deviations of a fair coin.
    assert abs(result["nsp"]["accuracy"] - 0.5) < 5 * 0.5 / np.sqrt(result["nsp"]["pairs"])
    baselines = masked_baselines(bert_packed, result["_inputs"], result["_labels"], 512)
    follower = baselines["most frequent follower of the left neighbour"]["accuracy"]
    assert 0 < baselines["unigram"]["accuracy"] < follower < 1
    assert (
        0
        < baselines["most frequent follower of the left neighbour"]["loss"]
        < baselines["unigram"]["loss"]
        < np.log(512)
    )


def test_repetition_and_real_words() -> None:
    assert repeated([1, 2, 3] * 10) == pytest.approx(1 - 3 / 27)
    assert repeated([1, 2]) == 0
    words = known_words(["The fox, the hen.", "The fox's hen"])
    assert words == {"the", "hen"}
    assert real_word_share(["the hen grobble the cut"], words) == pytest.approx(3 / 4)


def test_the_large_table_has_forty_probes_of_each_of_seven_kinds() -> None:
    probes = load_probes(LARGE_PROBES_PATH)
    kinds = Counter(probe.kind for probe in probes)
    assert set(kinds) == {"trivia", "syntax", "coreference", "topic", "sentiment", "counting", "reasoning"}
    assert set(kinds.values()) == {40}
    assert len({probe.sentence + probe.answer for probe in probes}) == len(probes)


@pytest.mark.parametrize("name", ["pocket-gpt", "pocket-bert"])
def test_candidates_are_equally_long_in_tokens(name: str) -> None:
    """So that no candidate is likelier for having fewer pieces."""
    folder = Path(__file__).parents[2] / "assets" / "models" / name
    if "\ncorpus:\n" not in (folder / "README.md").read_text(encoding="utf-8").partition("\n---\n")[0]:
        pytest.skip("the vocabulary of an earlier text")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for probe in load_probes(LARGE_PROBES_PATH):
        texts = probe.candidates if "bert" in name else [probe.filled(word) for word in probe.candidates]
        lengths = {len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts}
        assert len(lengths) == 1, probe


def test_korean_probes() -> None:
    probes = load_probes(KOREAN_PROBES_PATH)
    assert len(probes) == 40
    for probe in probes:
        assert len(probe.candidates) == 2
        for word in probe.candidates:  # composed syllables, as the models read them
            assert unicodedata.is_normalized("NFC", probe.filled(word))
            assert any("\uac00" <= letter <= "\ud7a3" for letter in word)


def test_samples_begin_in_the_language_of_the_model() -> None:
    assert set(PROMPTS) == {"en", "ko"}
    assert len(PROMPTS["ko"]) == len(PROMPTS["en"]) == 10


def test_blanks_are_filled_and_their_cost_is_given_per_byte(bert_packed: PackedDocuments) -> None:
    length = np.full(512, 3)
    mlm = masked_accuracies(Knowing(512), bert_packed, 512, [32], rows=64, token_bytes=length)["mlm"]
    for kind in ("mask", "kept", "all"):
        assert mlm[kind]["bits_per_byte"] == pytest.approx(mlm[kind]["loss"] / np.log(2) / 3)
    assert "bits_per_byte" not in masked_accuracies(Knowing(512), bert_packed, 512, [32], rows=64)["mlm"]["all"]  # fmt: skip
    assert len(BLANKS) == 10
    assert all(sentence.count("[MASK]") == 1 for sentence in BLANKS)

    class Tokenizer:
        mask_token_id = 7

        def __call__(self, _: str) -> dict[str, list[int]]:
            return {"input_ids": [5, 7, 9]}

        def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
            return [f"t{i}" for i in ids]

    (found,) = filled_blanks(Knowing(512), Tokenizer(), ["a [MASK] b"], top=2)
    assert found["sentence"] == "a [MASK] b"
    assert found["guesses"][0] == ["t7", pytest.approx(1.0, abs=1e-3)]  # it repeats its input
