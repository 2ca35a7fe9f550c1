"""An ALBERT at tiny size: sentence-order pairs, its start, training, measuring, export, and the study beside a BERT."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from components.pretraining.albert_study import fit_judges, judge_figures, sentence_figures
from components.pretraining.architectures import NEIGHBOUR_OFFSETS, SIZES, Size, build_model
from components.pretraining.evaluation import masked_accuracies
from components.pretraining.export import export_run
from components.pretraining.packing import PackedDocuments, order_epoch
from components.pretraining.training import Machine, Run, RunSettings

TINY = Size("tiny", 3, 4, 48, 512, 64, 64)


def test_pairs_follow_each_other_and_half_are_exchanged(bert_packed: PackedDocuments) -> None:
    pairs = order_epoch(bert_packed, 64, np.random.default_rng(0))
    kept, swapped = pairs.is_next, ~pairs.is_next
    assert (pairs.a_end[kept] == pairs.b_start[kept]).all()
    assert (pairs.b_end[swapped] == pairs.a_start[swapped]).all()
    assert (pairs.a_document == pairs.b_document).all()
    assert (pairs.a_end > pairs.a_start).all()
    assert (pairs.b_end > pairs.b_start).all()
    # five standard deviations of a fair coin
    assert abs(kept.mean() - 0.5) < 2.5 / np.sqrt(len(pairs))


def test_every_token_is_in_one_pair_a_visit(bert_packed: PackedDocuments) -> None:
    pairs = order_epoch(bert_packed, 64, np.random.default_rng(0))
    seen = np.zeros(len(bert_packed.tokens), int)
    for start, end in zip(np.r_[pairs.a_start, pairs.b_start], np.r_[pairs.a_end, pairs.b_end], strict=True):
        seen[start:end] += 1
    for document, repeats in enumerate(bert_packed.repeats):
        own = seen[bert_packed.document_offsets[document] : bert_packed.document_offsets[document + 1]]
        assert set(own.tolist()) <= {int(repeats)} or len(own) < 2
    assert ((pairs.a_end - pairs.a_start) + (pairs.b_end - pairs.b_start) <= 64 - 3).all()


def test_the_shared_layer_is_one_and_its_heads_begin_at_neighbours() -> None:
    model = build_model("albert", SIZES["nano"], 0, "eager").eval()
    assert sum(p.numel() for p in model.parameters()) == 199_490
    ids = torch.randint(104, 2048, (1, 40))
    with torch.inference_mode():
        attentions = model(input_ids=ids, output_attentions=True).attentions
    assert len(attentions) == 4
    for head, offset in enumerate(NEIGHBOUR_OFFSETS[0][:2]):
        weights = attentions[0][0, head]
        on = torch.stack([weights[i, i + offset] for i in range(4, 36)]).mean()
        assert on > 0.5  # the narrow embedding carries the waves through


def settings(tokens: int = 3_000) -> RunSettings:
    return RunSettings("albert", TINY, tokens, 300, batch_tokens=512, lengths={64: 1.0})


def test_trains_measures_and_exports(
    tmp_path: Path, bert_packed: PackedDocuments, wordpiece: Tokenizer
) -> None:
    run = Run(tmp_path / "run", settings(), Machine("cpu", False, 1))
    assert run.train(bert_packed, bert_packed, evaluate_every=2)
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert history[-1]["held_out"]["mlm"] < history[0]["held_out"]["mlm"]
    measured = masked_accuracies(run.learner.model.eval(), bert_packed, 512, [64], rows=64)
    assert "sop" in measured
    assert "nsp" not in measured
    assert measured["sop"]["pairs"] == 64
    evaluation = {
        "tokens": run.progress.tokens,
        "parameters": 1,
        "hardware": "CPU",
        "cloze": {},
        "heads": {"heads": {"broad": [[0.5] * 4] * 3}, "uniform": {"broad": 1.0}, "texts": 1},
        "baselines": {},
        **{key: value for key, value in measured.items() if not key.startswith("_")},
    }
    (tmp_path / "run" / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    packed = {"sources": {"tales": 1}, "train": {"documents": 1, "bytes": 1, "tokens": 1, "tokens_per_epoch": 1}, "held_out": {"documents": 1, "bytes": 1}}  # fmt: skip
    target = tmp_path / "tiny-albert"
    export_run(tmp_path / "run", wordpiece, packed, target)
    card = (target / "README.md").read_text(encoding="utf-8")
    assert "share one set of weights" in card
    assert "Sentence order: accuracy" in card
    assert "assets/models/after_bert/tiny-albert" in card
    from transformers import AutoModelForPreTraining

    loaded = AutoModelForPreTraining.from_pretrained(target, dtype=torch.float32, local_files_only=True).eval()  # fmt: skip
    ids = torch.randint(104, 512, (1, 20))
    with torch.inference_mode():
        mine, theirs = run.learner.model(input_ids=ids), loaded(input_ids=ids)
    # stored in fp16: eleven bits of every weight
    torch.testing.assert_close(mine.sop_logits, theirs.sop_logits, atol=1e-2, rtol=1e-2)
    assert set(sentence_figures(loaded, bert_packed)) == {"nsp", "sop"}


def test_judges_on_packed_text(bert_packed: PackedDocuments) -> None:
    found = judge_figures(fit_judges(bert_packed, 512, 400), bert_packed)
    for task in ("nsp", "sop"):
        for name in ("shared", "apart"):
            value, low, high = found[task][name]
            assert 0 <= low <= value <= high <= 1
    low, high = found["sop"]["shared"][1:]
    assert low <= 0.5 <= high


@pytest.mark.parametrize("kind", ["bert", "albert"])
def test_an_untrained_head_is_near_chance(kind: str, bert_packed: PackedDocuments) -> None:
    model = build_model(kind, TINY, 0, "eager").eval()
    for value, low, high in sentence_figures(model, bert_packed).values():
        assert low <= value <= high
        assert 0.3 < value < 0.7
