"""The training loop: token-counted schedule, resumable state, snapshots, on a CPU or a GPU.

Everything random is a function of (seed, step) or (seed, length, epoch), so a state file holds no generator:
resuming at step n gives what an uninterrupted run would have given.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from components.lm.bert.masking import (
    IGNORED_LABEL,
    MASK_REPLACE_PROB,
    MLM_PROBABILITY,
    RANDOM_REPLACE_PROB,
    choose_tokens,
    corrupt_tokens,
)
from components.pretraining.architectures import SIZES, Size, build_model
from components.pretraining.attention import register_training_attention
from components.pretraining.cross_entropy import linear_cross_entropy
from components.pretraining.optimizers import Schedule, build_optimizers, set_rate
from components.pretraining.packing import (
    PackedDocuments,
    SentencePairs,
    bert_epoch,
    bert_rows,
    gpt_epoch,
    once,
    order_epoch,
)
from components.pretraining.vocabularies import BERT_SPECIAL_IDS, FIRST_WORD_ID, vocabulary_name

# Share of the training positions at each length: short rows are cheap, long ones train the far positions.
LENGTHS: dict[tuple[str, str], dict[int, float]] = {
    ("bert", "pocket"): {64: 0.6, 128: 0.25, 256: 0.15},
    ("bert", "nano"): {64: 0.6, 128: 0.4},
    ("albert", "nano"): {64: 0.6, 128: 0.4},
    ("gpt", "pocket"): {256: 0.8, 512: 0.2},
    ("gpt", "nano"): {128: 1.0},
}


class TrainingError(RuntimeError):
    """A run cannot start or go on; the message says what to do."""


@dataclass(frozen=True)
class Masking:
    """How BERT's input is corrupted; what is left of 1 keeps its token."""

    mlm_probability: float = MLM_PROBABILITY
    mask_replace_prob: float = MASK_REPLACE_PROB
    random_replace_prob: float = RANDOM_REPLACE_PROB
    whole_words: bool = False  # all pieces of a word, or none


@dataclass(frozen=True)
class RunSettings:
    """What makes a run what it is. Two runs with equal settings on a CPU give equal weights."""

    kind: str  # "gpt", "bert" or "albert"
    size: Size
    total_tokens: int
    warmup_tokens: int
    decay_share: float = 0.3
    batch_tokens: int = 4096
    lengths: dict[int, float] = field(default_factory=dict)  # row length -> share of positions
    masking: Masking = Masking()
    seed: int = 0
    num_snapshots: int = 0
    weight_decay: float = 0.0  # of the matrices
    neighbour_layers: int = 1  # BERT's layers in which some heads start at a neighbour
    language: str = "en"  # of the text and the vocabulary
    # What may help a BERT with few tokens; for so many tokens at the beginning ...
    early_tokens: int = 0
    early_mlm_probability: float | None = None  # ... another share is predicted,
    early_short: bool = False  # ... only the shortest rows are used;
    next_sentence_share: float = (
        1.0  # share of the steps, from first to last, that also learn the next sentence
    )

    def __post_init__(self) -> None:
        context = self.size.context(self.kind)
        if not self.lengths or max(self.lengths) > context or min(self.lengths) < 8:
            raise TrainingError(f"row lengths must lie in 8…{context}: {sorted(self.lengths)}")
        if self.total_tokens < 1:
            raise TrainingError("the budget must be at least one token")
        early = self.mlm_probability_at(0)
        if not 0 < early < 1 or not 0 <= self.next_sentence_share <= 1:
            raise TrainingError(
                f"shares lie between 0 and 1: {early} of the tokens, {self.next_sentence_share} of the steps"
            )

    def mlm_probability_at(self, tokens: int) -> float:
        """Share of the tokens that is predicted after ``tokens`` tokens of training."""
        is_early = tokens < self.early_tokens and self.early_mlm_probability is not None
        return self.early_mlm_probability or 0.0 if is_early else self.masking.mlm_probability

    def lengths_at(self, tokens: int) -> dict[int, float]:
        """Row lengths in use after ``tokens`` tokens, with their shares of the positions."""
        return {min(self.lengths): 1.0} if self.early_short and tokens < self.early_tokens else self.lengths

    @property
    def vocabulary(self) -> str:
        """Name of the vocabulary and of the text packed with it."""
        return vocabulary_name(self.kind, self.size.vocab_size, self.language)

    @property
    def schedule(self) -> Schedule:
        """The learning-rate schedule of this budget."""
        return Schedule(self.total_tokens, self.warmup_tokens, self.decay_share)

    def snapshot_tokens(self) -> list[int]:
        """Token counts at which a snapshot is kept: 0, then evenly on a logarithmic scale, the last at the end."""
        if self.num_snapshots < 2:
            return [0][: self.num_snapshots]
        first = min(4 * self.batch_tokens, self.total_tokens)
        points = np.geomspace(first, self.total_tokens, self.num_snapshots - 1)
        return [0, *(round(p) for p in points)]


@dataclass(frozen=True)
class Machine:
    """Where a run computes. ``bf16`` is automatic mixed precision: weights and optimiser stay in float32."""

    device: str
    bf16: bool
    threads: int
    compiled: bool = False  # torch.compile, on a CPU with bf16; needs a C++ compiler

    @classmethod
    def choose(cls, device: str = "auto", precision: str = "auto", threads: int = 0) -> "Machine":
        """GPU if there is one, else the CPU with all its cores; bf16 where the hardware multiplies it."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise TrainingError("no GPU was found; leave out --device or choose cpu")
        bf16 = precision == "bf16" or (precision == "auto" and (device == "cuda" or _cpu_multiplies_bf16()))
        compiled = device == "cpu" and bf16 and shutil.which(os.environ.get("CXX", "g++")) is not None
        return cls(device, bf16, threads or os.cpu_count() or 1, compiled)

    def describe(self) -> str:
        """One line for the model card."""
        if self.device == "cuda":
            return f"{torch.cuda.get_device_name()}, bf16" if self.bf16 else torch.cuda.get_device_name()
        compiled = ", torch.compile" if self.compiled else ""
        return f"CPU, {self.threads} thread(s), {'bf16 autocast' if self.bf16 else 'float32'}{compiled}"


def _cpu_multiplies_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


class Data:
    """Batches of one kind of model from packed text, addressed by what was already used."""

    def __init__(
        self, settings: RunSettings, packed: PackedDocuments, continues: np.ndarray | None = None
    ) -> None:
        """``continues`` (vocab,) bool: tokens that go on with a word; needed to mask whole words."""
        if settings.masking.whole_words and continues is None:
            raise TrainingError("whole words need to know which tokens continue one")
        self.settings = settings
        self.packed = packed
        self.continues = continues
        self._epochs: dict[int, tuple[int, Any, int]] = {}  # length -> (epoch, rows or pairs, their number)

    def batch(self, step: int, used: dict[int, int], tokens: int = 0) -> dict[str, np.ndarray]:
        """The arrays of one step after ``tokens`` tokens; ``used`` counts finished rows per length over all epochs and
        is advanced. Rows of a single segment are counted under minus their length."""
        s = self.settings
        rng = np.random.default_rng([s.seed, 1, step])
        in_use = s.lengths_at(tokens)
        lengths = sorted(in_use)
        shares = np.array([in_use[length] for length in lengths])
        length = int(rng.choice(lengths, p=shares / shares.sum()))
        single = s.kind != "gpt" and s.next_sentence_share < 1 and rng.random() >= s.next_sentence_share
        key = -length if single else length
        rows, number, start = self._rows(key, used)
        count = min(max(1, s.batch_tokens // length), number - start)
        index = np.arange(start, start + count)
        used[key] = used.get(key, 0) + count
        if s.kind == "gpt":
            return {"rows": rows[index]}
        masking = replace(s.masking, mlm_probability=s.mlm_probability_at(tokens))
        return mask_bert_batch(
            self.packed, rows, index, length, masking, s.size.vocab_size, rng, self.continues
        )

    def _rows(self, length: int, used: dict[int, int]) -> tuple[Any, int, int]:
        """(rows or pairs of the epoch in progress, their number, the first unused one); ``length`` as in ``used``."""
        epoch, before = 0, 0
        cached = self._epochs.get(length)
        done = used.get(length, 0)
        if cached is not None and done >= cached[2]:  # go on from the epoch at hand: making one takes seconds
            epoch, before = cached[0], cached[2]
        while True:
            if cached is None or cached[0] != epoch:
                seed = [self.settings.seed, 2 if length > 0 else 4, abs(length), epoch]
                rng = np.random.default_rng(seed)
                if self.settings.kind == "gpt":
                    rows: Any = gpt_epoch(self.packed, length, rng)
                elif self.settings.kind == "albert" and length > 0:
                    rows = order_epoch(self.packed, length, rng)
                else:
                    rows = bert_epoch(self.packed, abs(length), rng, single=length < 0)
                cached = (epoch, rows, before)
            if done < before + len(cached[1]):
                self._epochs[length] = cached
                return cached[1], len(cached[1]), done - before
            before += len(cached[1])
            epoch += 1
            cached = None


def mask_bert_batch(
    packed: PackedDocuments,
    pairs: SentencePairs,
    index: np.ndarray,
    length: int,
    masking: Masking,
    vocab_size: int,
    rng: np.random.Generator,
    continues: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Model input of BERT for some pairs, masked afresh: arrays (rows, seq), labels -100 where nothing is predicted.

    ``continues`` (vocab,) bool says which tokens go on with a word; ``Masking.whole_words`` needs it."""
    rows = bert_rows(packed, pairs, index, length)
    if masking.whole_words:
        assert continues is not None
        chosen = choose_words(
            rows.input_ids, rows.special_tokens_mask, continues, masking.mlm_probability, rng
        )
    else:
        chosen = choose_tokens(rows.special_tokens_mask, masking.mlm_probability, seed=rng)
    masked = corrupt_tokens(
        rows.input_ids,
        chosen,
        mask_token_id=BERT_SPECIAL_IDS["[MASK]"],
        vocab_size=vocab_size,
        first_random_id=FIRST_WORD_ID,
        mask_replace_prob=masking.mask_replace_prob,
        random_replace_prob=masking.random_replace_prob,
        seed=rng,
    )
    return {
        "input_ids": masked.input_ids,
        "token_type_ids": rows.token_type_ids,
        "attention_mask": (rows.input_ids != BERT_SPECIAL_IDS["[PAD]"]).astype(np.int64),
        "labels": masked.labels,
        "next_sentence_label": rows.next_sentence_label,
        "actions": masked.actions,
    }


def choose_words(
    input_ids: np.ndarray,
    special_tokens_mask: np.ndarray,
    continues: np.ndarray,
    mlm_probability: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Whole words chosen with ``mlm_probability``: all pieces or none, (rows, seq) bool.

    A word is a token and the tokens after it that ``continues`` (vocab,) names; never a special token. A piece that
    follows a special token begins a word of its own."""
    after_special = np.ones_like(special_tokens_mask)
    after_special[:, 1:] = special_tokens_mask[:, :-1]
    begins = ~continues[input_ids] | after_special | special_tokens_mask
    word = np.cumsum(begins.ravel()) - 1
    thrown = rng.random(int(word[-1]) + 1 if len(word) else 0, np.float32) < mlm_probability
    return np.asarray(thrown[word].reshape(input_ids.shape) & ~special_tokens_mask)


def count_tokens(batch: dict[str, np.ndarray]) -> int:
    """Tokens a batch trains on: predicted positions for GPT, positions that are not padding for BERT."""
    if "rows" in batch:
        return int(batch["rows"][:, 1:].size)
    return int(batch["attention_mask"].sum())


class Learner:
    """A model with its loss. ``losses`` gives the training loss and its parts for a batch of numpy arrays."""

    def __init__(self, settings: RunSettings, machine: Machine) -> None:
        self.settings = settings
        self.machine = machine
        products_in_bf16 = machine.device == "cpu" and machine.bf16
        attention = register_training_attention() if products_in_bf16 else "sdpa"
        model = build_model(settings.kind, settings.size, settings.seed, attention, settings.neighbour_layers)
        self.model = model.to(machine.device)
        unwrapped: Any = self.model
        self.backbone: Any = getattr(unwrapped, {"gpt": "transformer"}.get(settings.kind, settings.kind))
        self.compiled: Any = self.backbone
        if machine.device == "cuda" or machine.compiled:
            self.compiled = torch.compile(self.backbone, dynamic=machine.device == "cuda")

    def _backbone_for(self, rows: int, seq: int) -> Any:
        """The compiled backbone for the shape of every full batch; on a CPU any other would be compiled anew."""
        full = rows == max(1, self.settings.batch_tokens // seq)
        wanted = self.machine.device == "cuda" or (full and torch.is_grad_enabled())
        return self.compiled if wanted else self.backbone

    def losses(self, batch: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """``loss`` to minimise (nats); for BERT also ``mlm`` and ``nsp`` (of ALBERT: sentence order), which add up to it, and accuracies
        (``nsp`` only where the rows are pairs)."""
        tensors = {name: torch.from_numpy(array).to(self.machine.device) for name, array in batch.items()}
        autocast = torch.autocast(self.machine.device, torch.bfloat16) if self.machine.bf16 else nullcontext()
        with autocast:
            return self._gpt(tensors["rows"]) if "rows" in tensors else self._bert(tensors)

    def _gpt(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        backbone = self._backbone_for(len(rows), rows.shape[1] - 1)
        hidden = backbone(input_ids=rows[:, :-1], use_cache=False).last_hidden_state
        model: Any = self.model
        targets = rows[:, 1:].flatten()
        if torch.is_grad_enabled() and self.machine.device == "cpu":
            hidden = hidden.flatten(0, 1).to(torch.bfloat16 if self.machine.bf16 else torch.float32)
            return {
                "loss": linear_cross_entropy(hidden, model.lm_head.weight, targets, self.machine.compiled)
            }
        logits = model.lm_head(hidden.flatten(0, 1))
        return {"loss": nn.functional.cross_entropy(logits.float(), targets)}

    def _bert(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        out = self._backbone_for(*batch["input_ids"].shape)(
            input_ids=batch["input_ids"],
            token_type_ids=batch["token_type_ids"],
            attention_mask=batch["attention_mask"],
        )
        model: Any = self.model
        chosen = batch["labels"] >= 0
        targets = batch["labels"][chosen]
        if self.settings.kind == "albert":
            predictions, sentences = model.predictions, model.sop_classifier
        else:
            predictions, sentences = model.cls.predictions, model.cls.seq_relationship
        logits = predictions(out.last_hidden_state[chosen]).float()  # (predicted tokens, vocab)
        next_logits = sentences(out.pooler_output).float()
        mlm = nn.functional.cross_entropy(logits, targets) if len(targets) else logits.sum()
        found = {
            "mlm": mlm.detach(),
            "mlm_accuracy": (logits.argmax(-1) == targets).float().mean().detach(),
        }
        next_labels = batch["next_sentence_label"]
        if (next_labels == IGNORED_LABEL).all():  # rows of a single segment: nothing to say about the next
            return {"loss": mlm + 0 * next_logits.sum(), **found}
        nsp = nn.functional.cross_entropy(next_logits, next_labels)
        found["nsp"] = nsp.detach()
        found["nsp_accuracy"] = (next_logits.argmax(-1) == next_labels).float().mean().detach()
        return {"loss": mlm + nsp, **found}


def held_out_losses(learner: Learner, packed: PackedDocuments, max_rows: int = 256) -> dict[str, float]:
    """Mean losses on held-out text, the same rows and masks each time; quick, for the history of a run."""
    s = learner.settings
    length = min(128, max(s.lengths))
    texts = once(packed)
    rng = np.random.default_rng([0, 3])
    epochs: dict[str, Any] = {"gpt": gpt_epoch, "bert": bert_epoch, "albert": order_epoch}
    rows = epochs[s.kind](texts, length, rng)
    sums: dict[str, float] = {}
    total = 0
    learner.model.eval()
    with torch.inference_mode():
        for start in range(0, min(max_rows, len(rows)), 32):
            index = np.arange(start, min(start + 32, len(rows), max_rows))
            batch = (
                {"rows": rows[index]}
                if s.kind == "gpt"
                else mask_bert_batch(texts, rows, index, length, Masking(), s.size.vocab_size, rng)
            )
            for name, value in learner.losses(batch).items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(index)
            total += len(index)
    learner.model.train()
    return {name: value / total for name, value in sums.items()}


@dataclass
class Progress:
    """Where a run stands; saved with the weights."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    used: dict[int, int] = field(default_factory=dict)  # rows used per length
    decayed: bool = False  # whether the rate has begun to fall
    commits: list[str] = field(default_factory=list)  # of the program, in the order they ran
    started_from: str = ""  # the exported weights this run began with, none when it began at random


class Run:
    """One run in a folder: ``run.json`` (settings), ``state.pt`` (resume here), ``stable.pt`` (last state before
    the decay: continue here), ``history.jsonl``, ``snapshots/step-N.pt`` (weights only)."""

    def __init__(self, folder: Path, settings: RunSettings, machine: Machine) -> None:
        self.folder = folder
        self.settings = settings
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "snapshots").mkdir(exist_ok=True)
        torch.set_num_threads(machine.threads)
        self.learner = Learner(settings, machine)
        self.optimizers = build_optimizers(
            self.learner.model, settings.kind, settings.weight_decay, machine.bf16
        )
        self.progress = Progress()
        self._resume()
        commit = program_commit()
        if commit and self.progress.commits[-1:] != [commit]:
            self.progress.commits.append(commit)

    def start_from(self, folder: Path, tokenizer: Path, packed_summary: dict[str, Any]) -> None:
        """Begin with the weights of an exported model instead of random ones; step, rate and optimiser start anew.

        Raises TrainingError when the weights have another shape or vocabulary, or saw a text that is not the one
        this run trains on (``check_card``)."""
        check_card(folder, packed_summary)
        weights = load_exported(folder, self.learner.model)
        vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
        if vocabulary != json.loads(tokenizer.read_text(encoding="utf-8"))["model"]:
            raise TrainingError(
                f"{folder}: other vocabulary than {tokenizer}; the weights would mean other words"
            )
        self.learner.model.load_state_dict(weights)
        self.progress.started_from = f"{folder.name} {weights_sha256(folder)}"

    def _resume(self) -> None:
        """Load the newest state that fits this budget: the latest one, or the stable one of a decayed run."""
        settings_path = self.folder / "run.json"
        new = json.loads(json.dumps(asdict(self.settings)))
        if settings_path.exists():
            old = json.loads(settings_path.read_text(encoding="utf-8"))
            fixed = ("kind", "size", "masking", "seed", "language")
            old["masking"] = {**asdict(Masking()), **old["masking"]}  # written before there was whole_words
            changed = [name for name in fixed if old.get(name, new[name]) != new[name]]
            if changed:
                raise TrainingError(
                    f"{self.folder} holds a run with other {', '.join(changed)}; choose another --name"
                )
            candidates = [self.folder / "state.pt", self.folder / "stable.pt"]
            same = old["total_tokens"] == new["total_tokens"]
            loaded = False
            for path in candidates:
                if not path.exists():
                    continue
                state = torch.load(path, map_location=self.learner.machine.device, weights_only=True)
                progress = Progress(**state["progress"])
                slack = self.settings.batch_tokens  # a stable state lies up to one step past its border
                in_time = progress.tokens <= self.settings.schedule.decay_start + slack
                if (same and path.name == "state.pt") or (not progress.decayed and in_time):
                    self._load(state)
                    loaded = True
                    break
            if not loaded and any(path.exists() for path in candidates):
                raise TrainingError(
                    f"{self.folder}: {self.settings.total_tokens:,} tokens would begin their decay before the "
                    "saved stable state; ask for more tokens, or another --name"
                )
        _write(settings_path, json.dumps(new, indent=2) + "\n")
        self._forget_after(self.progress.tokens)

    def _load(self, state: dict[str, Any]) -> None:
        self.learner.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.progress = Progress(**state["progress"])

    def _forget_after(self, tokens: int) -> None:
        """Drop history and snapshots that lie after the state this run goes on from."""
        history = self.folder / "history.jsonl"
        if history.exists():
            lines = history.read_text(encoding="utf-8").splitlines()
            _write(history, "".join(f"{line}\n" for line in lines if json.loads(line)["tokens"] <= tokens))
        for path in (self.folder / "snapshots").glob("step-*.pt"):
            if int(path.stem.removeprefix("step-")) > self.progress.step:
                path.unlink()

    def save(self, name: str) -> bool:
        """Write the whole state to ``name`` (state.pt or stable.pt), all or nothing.

        Returns False, with the state that was there before still whole, when the disk is full."""
        state = {
            "model": self.learner.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "progress": asdict(self.progress),
            "hardware": self.learner.machine.describe(),
        }
        return save_whole(state, self.folder / name)

    def train(
        self,
        packed: PackedDocuments,
        held_out: PackedDocuments | None = None,
        *,
        save_every_s: float = 300.0,
        evaluate_every: int = 20,
        on_step: Callable[[int, float], None] | None = None,
        continues: np.ndarray | None = None,
    ) -> bool:
        """Train to the end of the budget. Returns False when a signal stopped it; the state is saved either way.

        ``evaluate_every``: held-out losses are written this many times over the whole budget.
        ``on_step`` gets (step, loss) after each step. ``continues`` as in ``Data``.
        """
        s, progress = self.settings, self.progress
        data = Data(s, packed, continues)
        schedule = s.schedule
        snapshots = [point for point in s.snapshot_tokens() if point >= progress.tokens]
        next_evaluation = progress.tokens
        averages: dict[str, float] = {}
        last_save = last_time = time.monotonic()
        quiet = not sys.stderr.isatty()
        with (
            _stop_signals() as stop,
            tqdm(
                total=s.total_tokens,
                initial=min(progress.tokens, s.total_tokens),
                unit="tok",
                unit_scale=True,
                desc=self.folder.name,
                mininterval=30 if quiet else 0.5,
                smoothing=0.05,
            ) as bar,
        ):
            while progress.tokens < s.total_tokens and not stop.asked:
                while len(snapshots) > 1 and progress.tokens >= snapshots[0]:
                    snapshots.pop(0)
                    self._snapshot()
                if progress.tokens > schedule.decay_start and not progress.decayed:
                    if not self.save("stable.pt"):  # every step so far ran at the full rate
                        tqdm.write(f"{self.folder}: the disk is full; no stable state was saved")
                    progress.decayed = True
                batch = data.batch(progress.step, progress.used, progress.tokens)
                set_rate(self.optimizers, schedule.factor(progress.tokens))
                losses = self.learner.losses(batch)
                losses["loss"].backward()
                nn.utils.clip_grad_norm_(self.learner.model.parameters(), 1.0)
                for optimizer in self.optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                before = progress.tokens
                progress.step += 1
                progress.tokens += count_tokens(batch)
                now = time.monotonic()
                progress.seconds += now - last_time
                last_time = now
                for name, value in losses.items():
                    number = value.item()
                    averages[name] = 0.98 * averages[name] + 0.02 * number if name in averages else number
                if on_step:
                    on_step(progress.step, losses["loss"].item())
                bar.update(progress.tokens - before)
                bar.set_postfix(loss=f"{averages['loss']:.3f}", refresh=False)
                if now - last_save > save_every_s:
                    if not self.save("state.pt"):
                        tqdm.write(f"{self.folder}: the disk is full; the last saved state is kept, training goes on")  # fmt: skip
                    last_save = now
                if progress.tokens >= next_evaluation:
                    next_evaluation = progress.tokens + max(1, s.total_tokens // evaluate_every)
                    self._record(averages, held_out)
                    last_time = time.monotonic()  # measuring is not training time
        finished = progress.tokens >= s.total_tokens
        if finished:
            if snapshots:
                self._snapshot()
            self._record(averages, held_out)
        if not self.save("state.pt"):
            raise TrainingError(
                f"{self.folder}: the disk is full, so what was trained since the last saved state is lost; "
                "make room and give the same command again"
            )
        return finished

    def _snapshot(self) -> None:
        path = self.folder / "snapshots" / f"step-{self.progress.step}.pt"
        if not save_whole({"model": self.learner.model.state_dict(), "tokens": self.progress.tokens}, path):
            tqdm.write(f"{path}: the disk is full; these weights are not kept")

    def _record(self, averages: dict[str, float], held_out: PackedDocuments | None) -> None:
        entry: dict[str, Any] = {
            "step": self.progress.step,
            "tokens": self.progress.tokens,
            "seconds": round(self.progress.seconds, 1),
            "rate": round(self.settings.schedule.factor(self.progress.tokens), 4),
            "train": {name: round(value, 4) for name, value in averages.items()},
        }
        if held_out is not None:
            measured = held_out_losses(self.learner, held_out)
            entry["held_out"] = {name: round(value, 4) for name, value in measured.items()}
        path = self.folder / "history.jsonl"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        with suppress(OSError):  # a full disk costs a line of the history, not the run
            _write(path, before + json.dumps(entry) + "\n")


def tokens_for_minutes(
    minutes: float,
    settings: RunSettings,
    machine: Machine,
    packed: PackedDocuments,
    continues: np.ndarray | None = None,
) -> int:
    """How many tokens the machine trains in ``minutes``, measured on a few steps of a throw-away model.

    ``continues`` as in ``Data``.
    """
    torch.set_num_threads(machine.threads)
    learner = Learner(settings, machine)
    optimizers = build_optimizers(learner.model, settings.kind, settings.weight_decay, machine.bf16)
    data = Data(settings, packed, continues)
    used: dict[int, int] = {}
    tokens, seconds = 0, 0.0
    for step in range(12):
        batch = data.batch(step, used)
        started = time.monotonic()
        learner.losses(batch)["loss"].backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if machine.device == "cuda":
            torch.cuda.synchronize()
        if step >= 4:  # the first steps allocate and compile
            seconds += time.monotonic() - started
            tokens += count_tokens(batch)
    return max(1, int(tokens / seconds * minutes * 60))


def read_run(folder: Path) -> RunSettings:
    """Settings of a run folder."""
    path = folder / "run.json"
    if not path.exists():
        raise TrainingError(f"{folder}: no run here; the step 'train' makes one")
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["size"] = SIZES.get(raw["size"]["name"]) or Size(**raw["size"])
    raw["masking"] = Masking(**raw["masking"])
    raw["lengths"] = {int(length): share for length, share in raw["lengths"].items()}
    return RunSettings(**raw)


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Entries of history.jsonl in order."""
    path = folder / "history.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def save_whole(state: dict[str, Any], path: Path) -> bool:
    """Write a state file all or nothing: whoever kills the process leaves the old file or the new one, never half
    of one. Returns False, with the old file untouched, when there is no room."""
    temporary = path.with_suffix(".partial")
    try:
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer reports a failed write as a RuntimeError
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    return True


def program_commit() -> str:
    """Commit of the program that runs, with ``+`` where its files were changed since; empty outside a repository."""
    here = Path(__file__).parent
    try:
        head, changed = (
            subprocess.run(
                ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
            ).stdout
            for arguments in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain", "--", str(here)))
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.strip() + ("+" if changed.strip() else "")


def weights_sha256(folder: Path) -> str:
    """SHA-256 of an exported model's ``model.safetensors``."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def check_card(folder: Path, packed_summary: dict[str, Any]) -> None:
    """Refuse weights whose card does not name, by SHA-256, the very text this run trains on.

    Weights made from an earlier state of a corpus file must not live on in new ones. The card's header has a line
    ``NAME: SHA-256`` under ``corpus:`` for every file it was trained on."""
    try:
        header = (folder / "README.md").read_text(encoding="utf-8").partition("\n---\n")[0]
    except FileNotFoundError as error:
        raise TrainingError(
            f"{folder}: no README.md there that says what the weights were trained on"
        ) from error
    named = dict(re.findall(r"^  (\w+): ([0-9a-f]{64})$", header.partition("\ncorpus:\n")[2], re.MULTILINE))
    if not named:
        raise TrainingError(
            f"{folder}: its card does not name the text by SHA-256; such weights may have seen an earlier text and "
            "cannot be gone on with"
        )
    other = [name for name, digest in named.items() if packed_summary.get("sha256", {}).get(name) != digest]
    if other:
        raise TrainingError(f"{folder}: its weights were trained on another text of {', '.join(other)}")


def load_exported(folder: Path, model: nn.Module) -> dict[str, torch.Tensor]:
    """Weights of an exported model in float32, fitting ``model``; TrainingError when they have another shape."""
    from safetensors.torch import load_file

    path = folder / "model.safetensors"
    if not path.exists():
        raise TrainingError(f"{folder}: no model.safetensors there")
    stored = {name: tensor.float() for name, tensor in load_file(path).items()}
    wanted = model.state_dict()
    weights = {}
    for name, tensor in wanted.items():
        # Tied weights are stored once; the library finds the twin by its address.
        twins = [other for other, value in wanted.items() if value.data_ptr() == tensor.data_ptr()]
        found = next((stored[other] for other in twins if other in stored), None)
        if found is None or found.shape != tensor.shape:
            raise TrainingError(f"{folder}: other shape than this run's model ({name})")
        weights[name] = found
    if len(stored) > len(wanted):
        raise TrainingError(f"{folder}: other shape than this run's model (more weights)")
    return weights


class _Stop:
    asked = False


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    """Turn Ctrl-C and SIGTERM into a clean end after the step in progress."""
    stop = _Stop()

    def ask(*_: Any) -> None:
        stop.asked = True

    previous = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # not the main thread: nobody can press Ctrl-C there
            previous[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
