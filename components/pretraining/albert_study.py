"""What an ALBERT of nano-bert's size loses and learns: measured beside nano-bert, and beside judges that read no sentence.

``python -m components.pretraining albert-study`` needs both exported models and the packed text; it writes
``assets/traces/bert/albert_study.json`` and, beside nano-albert's weights, the judges.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from components.lm.bert.sentence_order import (
    FOLDER,
    JUDGES,
    Apart,
    Judges,
    Shared,
    fit_apart,
    fit_shared,
    shared_features,
)
from components.lm.fine_tuning.scores import wilson
from components.pretraining.packing import (
    PackedDocuments,
    SentencePairs,
    bert_epoch,
    bert_rows,
    once,
    order_epoch,
)
from components.pretraining.training import Masking, TrainingError, mask_bert_batch, weights_sha256
from components.pretraining.vocabularies import BERT_SPECIAL_IDS

LENGTH = 128
TRAIN_PAIRS = 40_000
BERTS = ("nano-bert", "pocket-bert")


def pairs_of(packed: PackedDocuments, task: str, seed: int, length: int = LENGTH) -> SentencePairs:
    """Pairs of a task from a packed text: next sentences, or sentences in order and exchanged."""
    make = bert_epoch if task == "nsp" else order_epoch
    return make(once(packed), length, np.random.default_rng([seed, 9]))


def sides(packed: PackedDocuments, pairs: SentencePairs, most: int | None = None) -> tuple[list[list[int]], list[list[int]], np.ndarray]:  # fmt: skip
    """Token ids of A and of B of each pair, and whether B follows."""
    count = min(len(pairs), most or len(pairs))
    a = [packed.tokens[pairs.a_start[k] : pairs.a_end[k]].tolist() for k in range(count)]
    b = [packed.tokens[pairs.b_start[k] : pairs.b_end[k]].tolist() for k in range(count)]
    return a, b, pairs.is_next[:count]


def rarity(packed: PackedDocuments, vocab_size: int) -> np.ndarray:
    """log(documents / documents with the token), (vocab,); a token never seen counts as seen once."""
    seen = np.zeros(vocab_size)
    for start, end in zip(packed.document_offsets[:-1], packed.document_offsets[1:], strict=True):
        seen[np.unique(packed.tokens[start:end])] += 1
    return np.asarray(np.log(packed.num_documents / np.maximum(seen, 1)))


def fit_judges(train: PackedDocuments, vocab_size: int, most: int = TRAIN_PAIRS) -> Judges:
    """Fit both judges to both tasks on training text."""
    idf = rarity(train, vocab_size)
    shared: dict[Any, Shared] = {}
    apart: dict[Any, Apart] = {}
    for task in ("nsp", "sop"):
        a, b, follows = sides(train, pairs_of(train, task, 0), most)
        features = np.stack([shared_features(x, y, idf) for x, y in zip(a, b, strict=True)])
        shared[task] = fit_shared(features, follows)
        apart[task] = fit_apart(a, b, follows, vocab_size)
    return Judges(idf, shared, apart)


def share_right(said: np.ndarray, follows: np.ndarray) -> list[float]:
    """[share right, low, high], 95% (Wilson)."""
    right, total = int((said == follows).sum()), len(follows)
    low, high = wilson(right, total)
    return [round(right / total, 4), round(low, 4), round(high, 4)]


def judge_figures(judges: Judges, held_out: PackedDocuments, seed: int = 1) -> dict[str, Any]:
    """How often each judge is right on held-out pairs of its task."""
    found: dict[str, Any] = {}
    for task in ("nsp", "sop"):
        a, b, follows = sides(held_out, pairs_of(held_out, task, seed))
        features = np.stack([shared_features(x, y, judges.idf) for x, y in zip(a, b, strict=True)])
        shared = judges.shared[task].logit(features) > 0
        apart = np.array([judges.apart[task].logit(x, y) > 0 for x, y in zip(a, b, strict=True)])
        found[task] = {"pairs": len(follows), "shared": share_right(shared, follows), "apart": share_right(apart, follows)}  # fmt: skip
    return found


def _parts(model: Any) -> tuple[Any, Any, Any]:
    """(layers, masked-token head, sentence head) of a BERT or an ALBERT."""
    if hasattr(model, "albert"):
        return model.albert, model.predictions, model.sop_classifier
    return model.bert, model.cls.predictions, model.cls.seq_relationship


@torch.inference_mode()
def sentence_figures(model: Any, held_out: PackedDocuments, seed: int = 1) -> dict[str, list[float]]:
    """How often a model's sentence head is right on the same pairs of both tasks, whichever it learned."""
    layers, _, head = _parts(model)
    length = min(LENGTH, int(model.config.max_position_embeddings))
    found = {}
    for task in ("nsp", "sop"):
        pairs = pairs_of(held_out, task, seed, length)
        said = []
        for start in range(0, len(pairs), 32):
            rows = bert_rows(held_out, pairs, np.arange(start, min(start + 32, len(pairs))), length)
            ids = torch.from_numpy(rows.input_ids)
            out = layers(input_ids=ids, token_type_ids=torch.from_numpy(rows.token_type_ids), attention_mask=(ids > 0).long())  # fmt: skip
            said.append(head(out.pooler_output).argmax(-1).numpy() == 0)
        found[task] = share_right(np.concatenate(said), pairs.is_next)
    return found


@torch.inference_mode()
def masked_figures(model: Any, held_out: PackedDocuments, rows: int = 768) -> dict[str, Any]:
    """Loss and accuracy at [MASK] (15%, 80/10/10) on rows of text that goes on, the same rows and masks for every model."""
    layers, predict, _ = _parts(model)
    pairs = pairs_of(held_out, "sop", 2)
    index = np.flatnonzero(pairs.is_next)[:rows]
    rng = np.random.default_rng(6)
    nats, right, total = 0.0, 0, 0
    for start in range(0, len(index), 32):
        batch = mask_bert_batch(held_out, pairs, index[start : start + 32], LENGTH, Masking(), model.config.vocab_size, rng)  # fmt: skip
        chosen = torch.from_numpy(batch["input_ids"] == BERT_SPECIAL_IDS["[MASK]"]) & torch.from_numpy(
            batch["labels"] >= 0
        )
        targets = torch.from_numpy(batch["labels"])[chosen]
        hidden = layers(
            input_ids=torch.from_numpy(batch["input_ids"]),
            token_type_ids=torch.from_numpy(batch["token_type_ids"]),
            attention_mask=torch.from_numpy(batch["attention_mask"]),
        ).last_hidden_state
        logits = predict(hidden[chosen]).float()
        nats += torch.nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        right += int((logits.argmax(-1) == targets).sum())
        total += len(targets)
    low, high = wilson(right, total)
    return {
        "predicted": total,
        "loss": round(nats / total, 4),
        "accuracy": [round(right / total, 4), round(low, 4), round(high, 4)],
    }


def model_figures(folder: Path, held_out: PackedDocuments, with_probes: bool = True) -> dict[str, Any]:
    """Everything the page shows of one model."""
    from transformers import AutoModelForPreTraining, AutoTokenizer

    from components.lm.training.cloze import LARGE_PROBES_PATH, load_probes
    from components.pretraining.evaluation import cloze_table, head_table
    from components.pretraining.probing import load_pronouns, load_senses, pronoun_heads, senses_apart

    model = AutoModelForPreTraining.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True).eval()  # fmt: skip
    found: dict[str, Any] = {
        "sha256": weights_sha256(folder),
        "parameters": sum(p.numel() for p in model.parameters()),
        "sentences": sentence_figures(model, held_out),
    }
    if with_probes:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        heads = head_table(model, model.config.model_type, held_out)
        found |= {
            "mlm": masked_figures(model, held_out),
            "cloze": cloze_table(model, tokenizer, load_probes(LARGE_PROBES_PATH))["all"],
            "senses": senses_apart(model, tokenizer, load_senses()),
            "pronouns": pronoun_heads(model, tokenizer, load_pronouns()),
            "heads": heads["heads"],
            "uniform": heads["uniform"],
        }
    return found


def add_step(steps: Any, repository: Path) -> None:
    """Register ``albert-study`` with the program."""
    parser = steps.add_parser(
        "albert-study",
        help="measure nano-albert beside nano-bert, and judges that read no sentence, on held-out text",
    )
    models = repository / "assets" / "models"
    parser.add_argument("--models", type=Path, default=models, help="folder of the exported models (%(default)s)")  # fmt: skip
    parser.add_argument("--to", type=Path, default=repository / "assets" / "traces" / "bert" / "albert_study.json")  # fmt: skip
    parser.add_argument("--pairs", type=int, default=TRAIN_PAIRS, help="of training text, to fit the judges (%(default)s)")  # fmt: skip
    parser.set_defaults(run=_run)


def _run(options: Any) -> int:
    from components.pretraining.fine_tuning import write

    torch.set_num_threads(1)
    albert = options.models / FOLDER
    if not (albert / "model.safetensors").exists():
        raise TrainingError(f"{albert}: no exported model there; run the steps 'train albert', 'evaluate' and 'export'")  # fmt: skip
    packed = options.work / "packed"
    train, held_out = (PackedDocuments.load(packed / "bert-2048" / f"{name}.npz") for name in ("train", "held_out"))  # fmt: skip
    judges = fit_judges(train, 2048, options.pairs)
    judges.save(albert / JUDGES)
    found: dict[str, Any] = {}
    for name in tqdm(("nano-albert", *BERTS), desc="models"):
        folder = albert if name == "nano-albert" else options.models / name
        vocabulary = "bert-8192" if name.startswith("pocket") else "bert-2048"
        text = PackedDocuments.load(packed / vocabulary / "held_out.npz")
        found[name] = model_figures(folder, text, with_probes=not name.startswith("pocket"))
    write(
        options.to,
        {
            "of": [f"sha256:{one['sha256']}" for one in found.values()],
            "recorded": time.strftime("%Y-%m-%d"),
            "models": found,
            "judges": judge_figures(judges, held_out),
            "train_pairs": options.pairs,
        },
    )
    return 0
