"""BERT's Table 8 measured again in miniature: nano BERTs that differ only in how their input was corrupted.

Devlin et al. 2019, appendix C.2, compare six splits of the chosen tokens into [MASK], same and random; this study adds
six rates. Same text, same number of tokens, same seed within a row of comparison. Rows are run in the order of
``STUDY_ROWS``, first seed first; a row that was not run is written as such, without numbers.
"""

import csv
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from components.lm.bert.masking import IGNORED_LABEL
from components.pretraining.architectures import SIZES
from components.pretraining.downstream import FineTuning, Task, feature_based, fine_tune, load_tasks
from components.pretraining.export import load_run_model
from components.pretraining.packing import PackedDocuments, bert_epoch
from components.pretraining.training import LENGTHS, Machine, Masking, Run, RunSettings, mask_bert_batch


@dataclass(frozen=True)
class StudyRow:
    """One way of corrupting: shares in 0…1; the rate is the share of tokens chosen."""

    group: str  # "split" or "rate"
    rate: float
    mask: float
    same: float
    random: float

    @property
    def name(self) -> str:
        """Name of its run folder, without the seed."""
        if self.group == "rate":
            return f"rate-{self.rate * 100:.0f}"
        return f"split-{self.mask * 100:.0f}-{self.same * 100:.0f}-{self.random * 100:.0f}"

    @property
    def masking(self) -> Masking:
        """The same as training settings."""
        return Masking(self.rate, self.mask, self.random)


def _split(mask: float, same: float, random: float) -> StudyRow:
    return StudyRow("split", 0.15, mask, same, random)


def _rate(rate: float) -> StudyRow:
    return StudyRow("rate", rate, 0.8, 0.1, 0.1)


# The most telling first. The rate of 15% is the split 80/10/10: one run serves both.
STUDY_ROWS = (
    _split(0.8, 0.1, 0.1),
    _split(1.0, 0.0, 0.0),
    _split(0.0, 0.0, 1.0),
    _rate(0.05),
    _rate(0.40),
    _split(0.8, 0.0, 0.2),
    _split(0.8, 0.2, 0.0),
    _split(0.0, 0.2, 0.8),
    _rate(0.25),
    _rate(0.60),
    _rate(0.80),
)


@dataclass(frozen=True)
class StudyResult:
    """One line of the CSV. Losses in nats per predicted token; accuracies and F1 in 0…1; empty where not run."""

    group: str
    mlm_probability: float
    mask_replace_prob: float
    same_prob: float
    random_replace_prob: float
    seed: int
    status: str  # "measured" or "not run"
    tokens: int | None = None
    steps: int | None = None
    own_loss: float | None = None
    own_accuracy: float | None = None
    all_mask_loss: float | None = None
    all_mask_accuracy: float | None = None
    clean_loss: float | None = None
    clean_accuracy: float | None = None
    nsp_accuracy: float | None = None
    ner_finetune_f1: float | None = None
    ner_feature_f1: float | None = None
    nli_finetune_accuracy: float | None = None
    nli_feature_accuracy: float | None = None
    sentiment_finetune_accuracy: float | None = None
    sentiment_feature_accuracy: float | None = None
    pretraining_seconds: float | None = None
    settings: str = ""


def corruption_losses(model: Any, held_out: PackedDocuments, vocab_size: int, masking: Masking, rows: int = 512) -> dict[str, float]:  # fmt: skip
    """MLM loss and accuracy, and NSP accuracy, on held-out rows of 128 tokens corrupted in one given way."""
    rng = np.random.default_rng([5, 0])
    pairs = bert_epoch(held_out, 128, rng)
    nats = right = total = next_right = next_total = 0.0
    with torch.inference_mode():
        for start in range(0, min(rows, len(pairs)), 32):
            index = np.arange(start, min(start + 32, rows, len(pairs)))
            batch = mask_bert_batch(held_out, pairs, index, 128, masking, vocab_size, rng)
            tensors = {name: torch.from_numpy(array) for name, array in batch.items()}
            out = model.bert(
                input_ids=tensors["input_ids"],
                token_type_ids=tensors["token_type_ids"],
                attention_mask=tensors["attention_mask"],
            )
            chosen = tensors["labels"] != IGNORED_LABEL
            logits = model.cls.predictions(out.last_hidden_state[chosen])
            targets = tensors["labels"][chosen]
            nats += torch.nn.functional.cross_entropy(logits, targets, reduction="sum").item()
            right += (logits.argmax(-1) == targets).sum().item()
            total += len(targets)
            guess = model.cls.seq_relationship(out.pooler_output).argmax(-1)
            next_right += (guess == tensors["next_sentence_label"]).sum().item()
            next_total += len(index)
    return {"loss": nats / total, "accuracy": right / total, "nsp_accuracy": next_right / next_total}


def measure_row(
    row: StudyRow, run_folder: Path, held_out: PackedDocuments, tasks: Sequence[Task], tuning: FineTuning
) -> StudyResult:
    """All numbers of a finished run."""
    settings, model, progress = load_run_model(run_folder)
    vocab_size = settings.size.vocab_size
    own = corruption_losses(model, held_out, vocab_size, row.masking)
    masked = corruption_losses(model, held_out, vocab_size, Masking(0.15, 1.0, 0.0))
    clean = corruption_losses(model, held_out, vocab_size, Masking(0.15, 0.0, 0.0))
    scores: dict[str, float] = {}
    for task in tasks:
        measure = "f1" if task.per_token else "accuracy"
        scores[f"{task.name}_finetune_{measure}"] = fine_tune(model.bert, task, tuning)
        scores[f"{task.name}_feature_{measure}"] = feature_based(model.bert, task, tuning)
    return StudyResult(
        row.group, row.rate, row.mask, row.same, row.random, settings.seed, "measured",
        tokens=progress["tokens"], steps=progress["step"],
        own_loss=own["loss"], own_accuracy=own["accuracy"],
        all_mask_loss=masked["loss"], all_mask_accuracy=masked["accuracy"],
        clean_loss=clean["loss"], clean_accuracy=clean["accuracy"], nsp_accuracy=clean["nsp_accuracy"],
        pretraining_seconds=progress["seconds"],
        settings=(
            f"{settings.size.name} BERT; {settings.batch_tokens} positions per step; warm-up {settings.warmup_tokens}; "
            f"decay {settings.decay_share}; fine-tuning {tuning.epochs} epochs, batch {tuning.batch_size}, rate {tuning.learning_rate}; "
            f"NER {tuning.token_epochs} epochs, rate {tuning.token_learning_rate}, classes weighted by 1/sqrt(frequency); "
            f"features last 4 layers, {tuning.feature_epochs} epochs, rate {tuning.feature_learning_rate}"
        ),
        **scores,
    )  # fmt: skip


def run_study(
    work: Path,
    labelled: Path,
    out: Path,
    *,
    tokens: int,
    num_seeds: int,
    machine: Machine,
    minutes: float | None = None,
    tuning: FineTuning | None = None,
) -> int:
    """Train and measure rows until done or until ``minutes`` are over; returns how many rows are measured.

    Rows already in ``out`` are kept; an interrupted row goes on where it stopped. The first row is
    always begun, the others when the time that the slowest row of this call took is still left.
    """
    size = SIZES["nano"]
    folder = work / "packed" / f"bert-{size.vocab_size}"
    packed = PackedDocuments.load(folder / "train.npz")
    held_out = PackedDocuments.load(folder / "held_out.npz")
    tokenizer = Tokenizer.from_file(str(work / "tokenizers" / f"bert-{size.vocab_size}.json"))
    tasks = load_tasks(labelled, tokenizer)
    done = {
        (r.group, r.mlm_probability, r.mask_replace_prob, r.same_prob, r.seed): r for r in read_results(out)
    }
    plan = [(row, seed) for seed in range(num_seeds) for row in STUDY_ROWS]
    results: dict[tuple[StudyRow, int], StudyResult] = {
        (row, seed): known
        for row, seed in plan
        if (known := done.get((row.group, row.rate, row.mask, row.same, seed))) and known.status == "measured"
    }
    started, slowest = time.monotonic(), 0.0
    for row, seed in plan:
        if (row, seed) in results:
            continue
        row_started = time.monotonic()
        if minutes is not None and slowest and row_started - started + slowest > minutes * 60:
            break
        settings = RunSettings(
            kind="bert",
            size=size,
            total_tokens=tokens,
            warmup_tokens=min(100_000, tokens // 10),
            batch_tokens=2048,
            lengths=LENGTHS["bert", "nano"],
            masking=row.masking,
            seed=seed,
        )
        run_folder = work / "study" / f"{row.name}-seed{seed}"
        if not Run(run_folder, settings, machine).train(packed, held_out, evaluate_every=5):
            break
        own_tuning = replace(tuning or FineTuning(), seed=seed)
        results[row, seed] = measure_row(row, run_folder, held_out, tasks, own_tuning)
        slowest = max(slowest, time.monotonic() - row_started)
        write_results(out, plan, results)
    write_results(out, plan, results)
    return len(results)


def write_results(out: Path, plan: Sequence[tuple[StudyRow, int]], results: dict[tuple[StudyRow, int], StudyResult]) -> None:  # fmt: skip
    """Write the CSV: measured rows with their numbers, the others marked "not run"."""
    if not results:
        return
    names = [field.name for field in fields(StudyResult)]
    temporary = out.with_suffix(".partial")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row, seed in plan:
            result = results.get((row, seed)) or StudyResult(
                row.group, row.rate, row.mask, row.same, row.random, seed, "not run"
            )
            values = {
                name: "" if value is None else round(value, 4) if isinstance(value, float) else value
                for name, value in asdict(result).items()
            }
            writer.writerow(values)
    temporary.replace(out)


def read_results(out: Path) -> list[StudyResult]:
    """Rows of a CSV written before; none where there is no file."""
    if not out.exists():
        return []
    kinds = {field.name: str(field.type) for field in fields(StudyResult)}

    def value(name: str, text: str) -> Any:
        if "str" in kinds[name]:
            return text
        if text == "":
            return None
        return int(text) if "int" in kinds[name] else float(text)

    with out.open(encoding="utf-8", newline="") as file:
        return [StudyResult(**{name: value(name, text) for name, text in row.items()}) for row in csv.DictReader(file)]  # fmt: skip
