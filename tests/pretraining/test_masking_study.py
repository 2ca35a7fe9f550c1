"""The masking study on tiny settings: what differs between rows, what is written, and the small tasks."""

import csv
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from components.pretraining.architectures import Size, build_model
from components.pretraining.downstream import (
    IGNORED,
    Example,
    FineTuning,
    Task,
    class_weights,
    entity_f1,
    feature_based,
    fine_tune,
    load_tasks,
    word_example,
)
from components.pretraining.masking_study import (
    STUDY_ROWS,
    StudyResult,
    corruption_losses,
    read_results,
    run_study,
    write_results,
)
from components.pretraining.packing import PackedDocuments
from components.pretraining.training import Machine, Masking

TINY = Size("tiny", num_layers=4, num_heads=2, hidden_size=16, vocab_size=512, gpt_context=128, bert_context=128)  # fmt: skip


def test_rows_are_the_six_splits_and_six_rates_in_the_agreed_order() -> None:
    splits = {(row.mask, row.same, row.random) for row in STUDY_ROWS if row.group == "split"}
    assert splits == {(0.8, 0.1, 0.1), (1, 0, 0), (0.8, 0, 0.2), (0.8, 0.2, 0), (0, 0.2, 0.8), (0, 0, 1)}
    rates = {row.rate for row in STUDY_ROWS if (row.mask, row.same) == (0.8, 0.1)}
    assert rates == {0.05, 0.15, 0.25, 0.40, 0.60, 0.80}
    assert [row.name for row in STUDY_ROWS[:5]] == ["split-80-10-10", "split-100-0-0", "split-0-0-100", "rate-5", "rate-40"]  # fmt: skip
    assert all(row.mask + row.same + row.random == pytest.approx(1) for row in STUDY_ROWS)


def test_csv_marks_what_was_not_run_and_comes_back(tmp_path: Path) -> None:
    plan = [(row, 0) for row in STUDY_ROWS]
    measured = StudyResult("split", 0.15, 0.8, 0.1, 0.1, 0, "measured", tokens=5, own_loss=1.25, ner_finetune_f1=0.5)  # fmt: skip
    out = tmp_path / "study.csv"
    write_results(out, plan, {plan[0]: measured})
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["measured"] + ["not run"] * 10
    assert rows[1]["own_loss"] == rows[1]["tokens"] == ""
    assert read_results(out)[0] == measured
    assert read_results(tmp_path / "none.csv") == []


def test_nothing_measured_writes_nothing(tmp_path: Path) -> None:
    write_results(tmp_path / "study.csv", [(STUDY_ROWS[0], 0)], {})
    assert not (tmp_path / "study.csv").exists()


def test_clean_text_is_easier_than_masked_for_a_model_that_copies(bert_packed: PackedDocuments) -> None:
    """A BERT whose output is its input embedding: right on clean text, wrong on [MASK]."""
    model = build_model("bert", TINY, 0).eval()
    with torch.no_grad():
        words = model.bert.embeddings.word_embeddings.weight
        words.normal_(std=1.0, generator=torch.Generator().manual_seed(0))
        words.div_(words.norm(dim=1, keepdim=True))

    copying = SimpleNamespace(
        bert=lambda input_ids, **_: SimpleNamespace(
            last_hidden_state=words[input_ids], pooler_output=torch.zeros(len(input_ids), 16)
        ),
        cls=SimpleNamespace(
            predictions=lambda hidden: 50 * hidden @ words.T, seq_relationship=model.cls.seq_relationship
        ),
    )
    clean = corruption_losses(copying, bert_packed, 512, Masking(0.15, 0.0, 0.0), rows=64)
    masked = corruption_losses(copying, bert_packed, 512, Masking(0.15, 1.0, 0.0), rows=64)
    assert clean["accuracy"] == 1
    assert masked["accuracy"] == 0
    assert clean["loss"] < masked["loss"]


def test_entities_are_exact() -> None:
    gold = [["B-loc", "I-loc", "O", "B-per"], ["O", "B-per", "B-per"]]
    assert entity_f1(gold, gold) == 1
    assert entity_f1(gold, [["B-loc", "O", "O", "B-per"], ["O", "B-per", "I-per"]]) == pytest.approx(
        2 * 1 / (4 + 3)
    )
    assert entity_f1(gold, [["O"] * 4, ["O"] * 3]) == 0


def test_first_pieces_carry_the_tags(wordpiece: Tokenizer) -> None:
    example = word_example(["the", "zxqv", "fox"], ["O", "B-per", "O"], ("B-per", "O"), wordpiece)
    pieces = [wordpiece.id_to_token(i) for i in example.input_ids]
    for piece, label in zip(pieces, example.labels, strict=True):
        assert (label == IGNORED) == (piece.startswith("##") or piece in ("[CLS]", "[SEP]"))
    assert [label for label in example.labels if label != IGNORED] == [1, 0, 1]
    long = word_example(["fox"] * 500, ["O"] * 500, ("O",), wordpiece)
    assert len(long.input_ids) == len(long.labels) == 128


@pytest.mark.parametrize("per_token", [False, True])
def test_both_ways_learn_an_easy_task(per_token: bool) -> None:
    """Which of two words stands in the text, or which tokens are one of them."""
    rng = np.random.default_rng(0)

    def example() -> Example:
        ids = rng.integers(120, 200 if not per_token else 130, 10)
        label = int(rng.integers(0, 2))
        place = int(rng.integers(0, 10))
        ids[place] = 110 + label
        tags = [0] * 10
        tags[place] = 1
        return Example(
            [101, *ids.tolist(), 102], [0] * 12, [IGNORED, *tags, IGNORED] if per_token else [label]
        )

    names = ("O", "B-word") if per_token else ("0", "1")
    task = Task("easy", names, tuple(example() for _ in range(300)), tuple(example() for _ in range(100)), per_token)  # fmt: skip
    encoder = build_model("bert", TINY, 0, "eager").bert
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    settings = FineTuning(epochs=8, learning_rate=5e-3, token_epochs=8, token_learning_rate=5e-3)
    # Chance is 0.5 for texts, and 0 for an F1 of a word in ten.
    assert fine_tune(encoder, task, settings) > 0.8
    assert (
        feature_based(encoder, task, replace(settings, feature_epochs=150, feature_learning_rate=2e-2)) > 0.6
    )
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())


def test_rare_labels_weigh_more_where_tokens_are_labelled() -> None:
    rows = tuple(Example([101, 110, 102], [0] * 3, [IGNORED, label, IGNORED]) for label in (0,) * 9 + (1,))
    per_token = Task("tags", ("O", "B-x", "I-x"), rows, rows, True)
    weights = class_weights(per_token)
    assert weights is not None
    assert weights.tolist() == [1, 3, 3]  # a class that never occurs counts as once
    assert class_weights(replace(per_token, per_token=False)) is None


def test_a_study_is_run_marked_and_continued(
    tmp_path: Path, wordpiece: Tokenizer, bert_packed: PackedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled = tmp_path / "labelled"
    labelled.mkdir()
    for part in ("train", "test"):
        (labelled / f"ner_wnut17_{part}.tsv").write_text(
            "tokens\ttags\nold Bram slept\tO B-person O\n", "utf-8"
        )
        (labelled / f"sentiment_rt_{part}.tsv").write_text('label\tsentence\n0\tbad "one\n1\tgood\n', "utf-8")
        text = "label\trelatedness_1_5\tsentence_a\tsentence_b\nNEUTRAL\t3\ta fox\ta hen\nENTAILMENT\t5\tone\tone\n"
        (labelled / f"nli_sick_{part}.tsv").write_text(text, "utf-8")
    assert [len(task.train) for task in load_tasks(labelled, wordpiece)] == [1, 2, 2]
    (tmp_path / "tokenizers").mkdir()
    wordpiece.save(str(tmp_path / "tokenizers" / "bert-512.json"))
    for name in ("train", "held_out"):
        bert_packed.save(tmp_path / "packed" / "bert-512" / f"{name}.npz")
    monkeypatch.setitem(
        __import__("components.pretraining.masking_study", fromlist=["SIZES"]).SIZES, "nano", TINY
    )
    monkeypatch.setattr("components.pretraining.masking_study.STUDY_ROWS", STUDY_ROWS[:2])
    options = {"tokens": 3000, "num_seeds": 1, "machine": Machine("cpu", False, 1), "tuning": FineTuning(epochs=1, feature_epochs=1)}  # fmt: skip
    out = tmp_path / "study.csv"
    assert run_study(tmp_path, labelled, out, minutes=0.0, **options) == 1  # the first is always begun
    assert [row.status for row in read_results(out)] == ["measured", "not run"]
    assert run_study(tmp_path, labelled, out, **options) == 2
    first, second = read_results(out)
    assert (first.status, second.status) == ("measured", "measured")
    assert first.tokens == second.tokens  # same text in the same order; only the masking differs
    assert first.own_loss != second.own_loss
    assert second.own_loss == pytest.approx(
        second.all_mask_loss, rel=0.05
    )  # 100/0/0 is all [MASK]; other dice
