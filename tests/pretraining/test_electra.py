"""The training of an ELECTRA at tiny size: both runs, stopping and going on, the exported folder, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from components.pretraining import electra
from components.pretraining.architectures import Size, build_model
from components.pretraining.electra import HeldOut, Pair, Run, Settings, measure
from components.pretraining.export import save_half
from components.pretraining.packing import PackedDocuments
from components.pretraining.training import Machine, TrainingError
from components.pretraining.vocabularies import FIRST_WORD_ID, save_for_transformers

SIZE = Size("tiny", 2, 2, 16, 512, 64, 64)
MACHINE = Machine("cpu", False, 1)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory, wordpiece: Tokenizer) -> Path:
    folder = tmp_path_factory.mktemp("berts") / "tiny-bert"
    save_half(build_model("bert", SIZE, 0), folder)
    save_half(build_model("bert", SIZE, 1), folder / "snapshots" / "early")
    save_for_transformers(wordpiece, "bert", 64, folder)
    return folder


def settings(begin: electra.Begin, tokens: int = 4_000) -> Settings:
    return Settings(begin, SIZE, tokens, 500, batch_tokens=512, generator="early", generator_layers=1)


def test_the_generator_stands_still_when_the_discriminator_starts_from_a_bert(tmp_path: Path, bert: Path, bert_packed: PackedDocuments) -> None:  # fmt: skip
    run = Run(tmp_path / "a", settings("started"), bert, MACHINE)
    before = {name: p.clone() for name, p in run.pair.named_parameters()}
    assert run.train(bert_packed, bert_packed)
    moved = {name for name, p in run.pair.named_parameters() if not torch.equal(p, before[name])}
    assert not any(name.startswith("generator") for name in moved)
    assert {"discriminator.discriminator_predictions.dense.weight", "discriminator.electra.embeddings.word_embeddings.weight"} <= moved  # fmt: skip
    entries = run.history()
    assert entries[0]["tokens"] == 0
    assert entries[-1]["tokens"] == run.tokens >= 4_000
    assert entries[-1]["discriminator_loss"] < entries[0]["discriminator_loss"]
    assert {entry["generator_loss"] for entry in entries} == {entries[0]["generator_loss"]}


def test_from_scratch_the_embeddings_are_one(
    tmp_path: Path, bert: Path, bert_packed: PackedDocuments
) -> None:
    run = Run(tmp_path / "b", settings("scratch"), bert, MACHINE)
    mine, theirs = run.pair.discriminator.electra.embeddings, run.pair.generator.bert.embeddings
    for name in ("word_embeddings", "position_embeddings"):
        assert getattr(mine, name).weight.data_ptr() == getattr(theirs, name).weight.data_ptr()
    assert (
        run.pair.generator.cls.predictions.decoder.weight.data_ptr() == mine.word_embeddings.weight.data_ptr()
    )
    assert run.pair.generator.config.num_hidden_layers == 1
    assert run.train(bert_packed, bert_packed)
    assert run.history()[-1]["generator_loss"] < run.history()[0]["generator_loss"]


def test_stopped_and_gone_on_is_as_if_never_stopped(tmp_path: Path, bert: Path, bert_packed: PackedDocuments, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    whole = Run(tmp_path / "whole", settings("started"), bert, MACHINE)
    whole.train(bert_packed, bert_packed)
    first = Run(tmp_path / "parts", settings("started"), bert, MACHINE)
    with monkeypatch.context() as at_half:
        at_half.setattr(Run, "finished", property(lambda self: self.tokens >= 1_500))
        first.train(bert_packed, bert_packed)
    assert first.tokens < 4_000
    second = Run(tmp_path / "parts", settings("started"), bert, MACHINE)
    assert second.tokens == first.tokens
    second.train(bert_packed, bert_packed)
    for one, other in zip(whole.pair.parameters(), second.pair.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_other_settings_are_refused(tmp_path: Path, bert: Path) -> None:
    Run(tmp_path, settings("started"), bert, MACHINE)
    with pytest.raises(TrainingError, match="other settings"):
        Run(tmp_path, settings("started", 5_000), bert, MACHINE)


def test_fakes_stand_at_hidden_words_only(bert: Path, bert_packed: PackedDocuments) -> None:
    rows = HeldOut(bert_packed, 40)
    pair = Pair(settings("started"), "sdpa", bert)
    _, generated = rows.generated(pair)
    counts = np.bincount(bert_packed.tokens, minlength=SIZE.vocab_size)
    counts[:FIRST_WORD_ID] = 0
    for given in (generated, rows.random(counts)):
        assert not given.replaced[~rows.chosen].any()
        assert torch.equal(given.input_ids[~rows.chosen], rows.input_ids[~rows.chosen])
        assert not rows.chosen[~rows.words].any()
        assert int((given.input_ids[rows.chosen] < FIRST_WORD_ID).sum()) == 0 or given is generated
    assert 0.1 < rows.chosen[rows.words].float().mean() < 0.2


def test_a_blind_judge_is_at_chance(bert: Path, bert_packed: PackedDocuments) -> None:
    """An untrained discriminator knows nothing of where words were put: its interval holds 0.5."""
    pair = Pair(settings("started"), "sdpa", bert)
    counts = np.bincount(bert_packed.tokens, minlength=SIZE.vocab_size)
    counts[:FIRST_WORD_ID] = 0
    found = measure(pair, electra.load_bert(bert, SIZE, "sdpa"), bert_packed, counts, rows=30)
    assert set(found) == {"rows", "words", "generator_right", "random", "generator", "bert"}
    for kind in ("random", "generator", "bert"):
        value, low, high = found[kind]["surprisal"]["auc"]
        assert low <= value <= high
        assert 0 <= found[kind]["surprisal"]["hits"] <= found[kind]["fakes"]


def test_the_exported_folder_opens_in_transformers_and_says_the_same(tmp_path: Path, bert: Path, bert_packed: PackedDocuments) -> None:  # fmt: skip
    from transformers import AutoTokenizer, ElectraForPreTraining

    runs = []
    for begin in ("started", "scratch"):
        run = Run(tmp_path / begin, settings(begin, 1_500), bert, MACHINE)  # type: ignore[arg-type]
        run.train(bert_packed, bert_packed)
        runs.append(electra.open_run(tmp_path / begin, bert))
    packed = tmp_path / "packed"
    bert_packed.save(packed / "train.npz")
    bert_packed.save(packed / "held_out.npz")
    summary = {"sha256": {"tales": "0" * 64}, "sources": {"tales": 1}, "train": {"documents": 120}, "held_out": {"documents": 120}}  # fmt: skip
    (packed / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    target = tmp_path / "tiny-electra"
    files = electra.export(*runs, bert, packed, target, rows=10)
    assert {"README.md", "measured.json", "model.safetensors", "token_counts.json", "tokenizer.json"} <= set(
        files
    )
    model = ElectraForPreTraining.from_pretrained(target, dtype=torch.float32, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(target, local_files_only=True)
    ids = tokenizer("The fox found a red button.", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        # stored in fp16: eleven bits of every weight
        torch.testing.assert_close(model(ids).logits, runs[0].pair.judge(ids, torch.zeros_like(ids)), atol=5e-3, rtol=1e-2)  # fmt: skip
    found = json.loads((target / "measured.json").read_text(encoding="utf-8"))
    assert found["scratch"]["history"][-1]["tokens"] >= 1_500
    card = (target / "README.md").read_text(encoding="utf-8")
    assert f"{found['started']['random']['discriminator']['auc'][0]:.3f}" in card
    assert "electra-export" in card


def test_an_unfinished_run_is_not_exported(tmp_path: Path, bert: Path) -> None:
    Run(tmp_path, settings("started"), bert, MACHINE)
    with pytest.raises(TrainingError, match="not finished"):
        electra.open_run(tmp_path, bert)
    with pytest.raises(TrainingError, match="no run here"):
        electra.open_run(tmp_path / "none", bert)
