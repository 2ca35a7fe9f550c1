"""Small tasks after pre-training: fine-tuning and feature-based use of a BERT encoder.

As in Devlin et al. 2019, sections 4.1, 5.3 and 5.4: fine-tuning puts one linear layer on [CLS] (or on the first piece
of each word) and trains everything; the feature-based way freezes the encoder and joins its last four layers.
"""

import csv
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from components.pretraining.training import TrainingError

IGNORED = -100
MAX_TOKENS = 128


@dataclass(frozen=True)
class Example:
    """One encoded text: ``labels`` has one entry for a whole text, or one per token (-100 = none)."""

    input_ids: list[int]
    token_type_ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class Task:
    """A labelled set. ``per_token`` tasks are scored by entity F1, the others by accuracy."""

    name: str
    label_names: tuple[str, ...]
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    per_token: bool


@dataclass(frozen=True)
class FineTuning:
    """Settings of both ways, the same for every run that is compared.

    Where each token has a label, nearly all are "O": with equal weights a small model learns to say nothing else.
    There every class weighs the inverse square root of its frequency, the rate is twice as high, and it takes longer.
    """

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-4
    token_epochs: int = 6
    token_learning_rate: float = 1e-3
    feature_epochs: int = 10
    feature_learning_rate: float = 3e-3
    seed: int = 0


def load_tasks(folder: Path, tokenizer: Tokenizer) -> tuple[Task, ...]:
    """NER (ner_wnut17), NLI (nli_sick) and sentiment (sentiment_rt) from ``*_train.tsv`` and ``*_test.tsv``."""
    return (
        _ner(folder, tokenizer),
        _texts(folder, "nli", "nli_sick", ("sentence_a", "sentence_b"), tokenizer),
        _texts(folder, "sentiment", "sentiment_rt", ("sentence",), tokenizer),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise TrainingError(f"{path}: no such labelled set")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _texts(folder: Path, name: str, stem: str, columns: Sequence[str], tokenizer: Tokenizer) -> Task:
    rows = {part: _rows(folder / f"{stem}_{part}.tsv") for part in ("train", "test")}
    names = tuple(sorted({row["label"] for row in rows["train"]}))
    encoded = {
        part: tuple(
            Example(e.ids[:MAX_TOKENS], e.type_ids[:MAX_TOKENS], [names.index(row["label"])])
            for row in rows[part]
            for e in [tokenizer.encode(row[columns[0]], row[columns[1]] if len(columns) > 1 else None)]
        )
        for part in rows
    }
    return Task(name, names, encoded["train"], encoded["test"], per_token=False)


def _ner(folder: Path, tokenizer: Tokenizer) -> Task:
    rows = {part: _rows(folder / f"ner_wnut17_{part}.tsv") for part in ("train", "test")}
    names = tuple(sorted({tag for part in rows.values() for row in part for tag in row["tags"].split(" ")}))
    encoded = {
        part: tuple(
            word_example(r["tokens"].split(" "), r["tags"].split(" "), names, tokenizer) for r in rows[part]
        )
        for part in rows
    }
    return Task("ner", names, encoded["train"], encoded["test"], per_token=True)


def special_id(tokenizer: Tokenizer, token: str) -> int:
    """Return the id of a token that every BERT vocabulary has.

    Raises:
        KeyError: this one has not.
    """
    found = tokenizer.token_to_id(token)
    if found is None:
        raise KeyError(token)
    return found


def word_example(
    words: Sequence[str], tags: Sequence[str], names: Sequence[str], tokenizer: Tokenizer
) -> Example:
    """Encode words with one tag each; the first piece of a word carries its tag. Words that do not fit are cut off."""
    cls, sep, unk = (special_id(tokenizer, name) for name in ("[CLS]", "[SEP]", "[UNK]"))
    ids, labels = [cls], [IGNORED]
    for word, tag in zip(words, tags, strict=True):
        pieces = tokenizer.encode(word, add_special_tokens=False).ids or [unk]
        if len(ids) + len(pieces) + 1 > MAX_TOKENS:
            break
        ids += pieces
        labels += [names.index(tag), *[IGNORED] * (len(pieces) - 1)]
    ids.append(sep)
    labels.append(IGNORED)
    return Example(ids, [0] * len(ids), labels)


def class_weights(task: Task) -> torch.Tensor | None:
    """(class,) weights of the loss: 1 for the most frequent class, more for rarer ones; None for whole texts."""
    if not task.per_token:
        return None
    labels = [label for example in task.train for label in example.labels if label != IGNORED]
    counts = np.bincount(labels, minlength=len(task.label_names)).clip(1)
    return torch.from_numpy(np.sqrt(counts.max() / counts)).float()


def fine_tune(encoder: Any, task: Task, settings: FineTuning) -> float:
    """Train a copy of ``encoder`` (a BertModel) with one linear layer; score on the test part, 0…1."""
    torch.manual_seed(settings.seed)
    encoder = deepcopy(encoder).train()
    head = nn.Linear(encoder.config.hidden_size, len(task.label_names))
    nn.init.normal_(head.weight, std=0.02)
    nn.init.zeros_(head.bias)
    parameters = [*encoder.parameters(), *head.parameters()]
    learning_rate = settings.token_learning_rate if task.per_token else settings.learning_rate
    epochs = settings.token_epochs if task.per_token else settings.epochs
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.01)
    weights = class_weights(task)
    per_epoch = -(-len(task.train) // settings.batch_size)
    total = per_epoch * epochs
    warmup = max(1, total // 10)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (total - step) / max(1, total - warmup)))
    )
    for batch in _batches(task.train, settings.batch_size, epochs, settings.seed):
        logits, targets = _forward(encoder, head, batch, task.per_token)
        nn.functional.cross_entropy(logits, targets, weights, ignore_index=IGNORED).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        rate.step()
        optimizer.zero_grad(set_to_none=True)
    encoder.eval()
    predictions: list[list[int]] = []
    with torch.inference_mode():
        for start in range(0, len(task.test), 64):
            part = task.test[start : start + 64]
            logits, targets = _forward(encoder, head, part, task.per_token)
            choice = logits.argmax(-1).tolist()
            if task.per_token:
                width = len(targets) // len(part)
                predictions += [choice[row * width : (row + 1) * width] for row in range(len(part))]
            else:
                predictions += [[one] for one in choice]
    return _score(task, predictions)


def feature_based(encoder: Any, task: Task, settings: FineTuning) -> float:
    """Freeze ``encoder``; a linear layer on its last four layers joined (texts: mean over tokens); test score."""
    torch.manual_seed(settings.seed)
    encoder.eval()
    train_x, train_y = _features(encoder, task.train, task.per_token)
    test_x, _ = _features(encoder, task.test, task.per_token)
    mean, deviation = train_x.mean(0), train_x.std(0) + 1e-5
    train_x, test_x = (train_x - mean) / deviation, (test_x - mean) / deviation
    head = nn.Linear(train_x.shape[1], len(task.label_names))
    nn.init.zeros_(head.weight)
    weights = class_weights(task)
    optimizer = torch.optim.AdamW(head.parameters(), lr=settings.feature_learning_rate, weight_decay=0.01)
    generator = torch.Generator().manual_seed(settings.seed)
    for epoch in range(settings.feature_epochs):
        for group in optimizer.param_groups:
            group["lr"] = settings.feature_learning_rate * (1 - epoch / settings.feature_epochs)
        for index in torch.randperm(len(train_x), generator=generator).split(256):
            nn.functional.cross_entropy(head(train_x[index]), train_y[index], weights).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    with torch.inference_mode():
        choices = iter(head(test_x).argmax(-1).tolist())
    predictions = [[next(choices) if label != IGNORED else 0 for label in example.labels] for example in task.test]  # fmt: skip
    return _score(task, predictions)


def entity_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """F1 of exact entities (kind, start, end) from B-/I- tags; 0 when none is right.

    >>> entity_f1([["B-x", "I-x", "O"]], [["B-x", "I-x", "B-y"]])
    0.6666666666666666
    """
    right = num_gold = num_predicted = 0
    for true_tags, guessed_tags in zip(gold, predicted, strict=True):
        true, guessed = _entities(true_tags), _entities(guessed_tags)
        right += len(true & guessed)
        num_gold += len(true)
        num_predicted += len(guessed)
    return 2 * right / (num_gold + num_predicted) if right else 0.0


def _entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    found: set[tuple[str, int, int]] = set()
    kind, start = "", 0
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind and (prefix != "I" or name != kind):
            found.add((kind, start, i))
            kind = ""
        if prefix == "B" or (prefix == "I" and not kind):
            kind, start = name, i
    return found


def _score(task: Task, predictions: Sequence[Sequence[int]]) -> float:
    if not task.per_token:
        right = sum(p[0] == example.labels[0] for p, example in zip(predictions, task.test, strict=True))
        return right / len(task.test)
    gold, guessed = [], []
    for example, row in zip(task.test, predictions, strict=True):
        places = [i for i, label in enumerate(example.labels) if label != IGNORED]
        gold.append([task.label_names[example.labels[i]] for i in places])
        guessed.append([task.label_names[row[i]] for i in places])
    return entity_f1(gold, guessed)


def _batches(examples: Sequence[Example], size: int, epochs: int, seed: int) -> Any:
    """Batches of similar length, in random order; every example once per epoch."""
    rng = random.Random(seed)
    for _ in range(epochs):
        order = sorted(range(len(examples)), key=lambda i: len(examples[i].input_ids) + 4 * rng.random())
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        rng.shuffle(batches)
        for batch in batches:
            yield [examples[i] for i in batch]


def _padded(batch: Sequence[Example]) -> dict[str, torch.Tensor]:
    width = max(len(example.input_ids) for example in batch)
    ids = np.zeros((len(batch), width), np.int64)
    types, mask = np.zeros_like(ids), np.zeros_like(ids)
    for row, example in enumerate(batch):
        n = len(example.input_ids)
        ids[row, :n], types[row, :n], mask[row, :n] = example.input_ids, example.token_type_ids, 1
    return {
        "input_ids": torch.from_numpy(ids),
        "token_type_ids": torch.from_numpy(types),
        "attention_mask": torch.from_numpy(mask),
    }


def _token_labels(batch: Sequence[Example], width: int) -> torch.Tensor:
    labels = torch.full((len(batch), width), IGNORED)
    for row, example in enumerate(batch):
        labels[row, : len(example.labels)] = torch.tensor(example.labels)
    return labels


def _forward(encoder: Any, head: nn.Module, batch: Sequence[Example], per_token: bool) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    inputs = _padded(batch)
    out = encoder(**inputs)
    if per_token:
        logits: torch.Tensor = head(out.last_hidden_state).flatten(0, 1)
        return logits, _token_labels(batch, inputs["input_ids"].shape[1]).flatten()
    return head(out.pooler_output), torch.tensor([example.labels[0] for example in batch])


def _features(
    encoder: Any, examples: Sequence[Example], per_token: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """(features, labels): a row per labelled token, or per text."""
    rows, labels = [], []
    with torch.no_grad():
        for start in range(0, len(examples), 64):
            batch = examples[start : start + 64]
            inputs = _padded(batch)
            layers = encoder(**inputs, output_hidden_states=True).hidden_states[-4:]
            joined = torch.cat(layers, -1)
            if per_token:
                targets = _token_labels(batch, joined.shape[1])
                rows.append(joined[targets != IGNORED])
                labels.append(targets[targets != IGNORED])
            else:
                mask = inputs["attention_mask"][..., None].float()
                rows.append((joined * mask).sum(1) / mask.sum(1))
                labels.append(torch.tensor([example.labels[0] for example in batch]))
    return torch.cat(rows), torch.cat(labels)
