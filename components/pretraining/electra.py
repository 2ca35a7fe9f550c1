"""``nano-electra``: an ELECTRA that starts from nano-bert, and the same from scratch, recorded as the run it is.

Two runs, one folder each: ``state.pt`` (resume here) and ``history.jsonl`` (measured along the way on held-out text).

- ``started``: the discriminator begins as nano-bert with a new head; the generator is nano-bert as it was after a seventh of
  its training and stays as it is. A generator as good as the discriminator makes fakes that it cannot know (section 3.2).
- ``scratch``: both begin at random (with nano-bert's start of the attention), share token and position embeddings, and
  learn together, the discriminator's loss 50 times (Clark et al. 2020, section 2). The generator has two of the four layers.

``electra-export`` measures both on held-out text and writes the first as a Hugging Face folder.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from components.lm.bert.electra import (
    DISCRIMINATOR_WEIGHT,
    MASKED_SHARE,
    auc,
    auc_interval,
    corrupt,
    discriminator_of,
    draw,
    hits,
    losses,
)
from components.pretraining.architectures import SIZES, Size, build_model, start_attention
from components.pretraining.attention import register_training_attention
from components.pretraining.export import save_half
from components.pretraining.model_card import SOURCE_NOTES
from components.pretraining.optimizers import ADAMW_RATE, MUON_RATE, Schedule, build_optimizers, set_rate
from components.pretraining.packing import PackedDocuments, bert_epoch, bert_rows, once
from components.pretraining.training import (
    Data,
    Machine,
    Masking,
    RunSettings,
    TrainingError,
    _stop_signals,
    _write,
    count_tokens,
    load_exported,
    program_commit,
    save_whole,
    weights_sha256,
)
from components.pretraining.vocabularies import BERT_SPECIAL_IDS, FIRST_WORD_ID

Begin = Literal["started", "scratch"]
NAME, BERT = "nano-electra", "nano-bert"
TOKENS = 1_500_000
ROW = 64
"""Tokens of a held-out row."""
HELD_OUT_ROWS, MEASURED_ROWS = 64, 400
"""Rows measured along the way and in the end."""
HIDDEN = Masking(MASKED_SHARE, 1.0, 0.0)
"""ELECTRA hides every chosen token behind [MASK]."""


@dataclass(frozen=True)
class Settings:
    """What makes a run what it is."""

    begin: Begin
    size: Size
    total_tokens: int
    warmup_tokens: int = 50_000
    decay_share: float = 0.4
    batch_tokens: int = 2048
    gentle: float = 0.2
    """Factor on the rates of weights that start trained: at the full rate they forget what they know. The new head, and all of
    the run from scratch, learn at the full rate of ``optimizers``."""
    weight_decay: float = 0.1
    generator: str = "step-000506"
    """Snapshot of the BERT that draws the words, of the started run."""
    generator_layers: int = 2
    """Of the run from scratch."""
    weight: float = DISCRIMINATOR_WEIGHT
    seed: int = 0

    def as_run(self) -> RunSettings:
        """The settings of the text it reads, as every other BERT here reads it."""
        lengths = (
            {ROW: 0.6, 2 * ROW: 0.4} if self.size.bert_context >= 2 * ROW else {self.size.bert_context: 1.0}
        )
        return RunSettings("bert", self.size, self.total_tokens, self.warmup_tokens, self.decay_share, self.batch_tokens, lengths, HIDDEN, self.seed)  # fmt: skip


class Pair(nn.Module):
    """Generator and discriminator."""

    def __init__(self, settings: Settings, attention: str, bert: Path) -> None:
        super().__init__()
        self.frozen = settings.begin == "started"
        if self.frozen:
            self.discriminator: Any = discriminator_of(load_bert(bert, settings.size, attention))
            snapshot = load_bert(bert / "snapshots" / settings.generator, settings.size, attention)
            self.generator: Any = snapshot.requires_grad_(False).eval()
            return
        base: Any = build_model("bert", settings.size, settings.seed, attention)
        self.discriminator = discriminator_of(base)
        small = Size(**{**asdict(settings.size), "num_layers": settings.generator_layers})
        self.generator = build_model("bert", small, settings.seed + 1, attention)
        start_attention(SimpleNamespace(config=base.config, bert=self.discriminator.electra))
        mine, theirs = self.discriminator.electra.embeddings, self.generator.bert.embeddings
        theirs.word_embeddings, theirs.position_embeddings = mine.word_embeddings, mine.position_embeddings
        self.generator.cls.predictions.decoder.weight = mine.word_embeddings.weight

    def fill(self, input_ids: torch.Tensor, kinds: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """The generator's logits at the chosen places, (chosen, vocab)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return _fill(self.generator, input_ids, kinds, chosen)

    def judge(self, input_ids: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """The discriminator's log odds of "replaced", (batch, seq)."""
        found: torch.Tensor = self.discriminator(
            input_ids=input_ids, token_type_ids=kinds, attention_mask=(input_ids > 0).long()
        ).logits
        return found.float()


def _fill(bert: Any, input_ids: torch.Tensor, kinds: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    hidden = bert.bert(
        input_ids=input_ids, token_type_ids=kinds, attention_mask=(input_ids > 0).long()
    ).last_hidden_state
    found: torch.Tensor = bert.cls.predictions(hidden[chosen]).float()
    return found


def load_bert(folder: Path, size: Size, attention: str) -> Any:
    """An exported BERT of that size, to start from."""
    model: Any = build_model("bert", size, 0, attention)
    model.load_state_dict(load_exported(folder, model))
    return model


class Run:
    """One training in a folder; the same call again goes on where it stopped."""

    def __init__(self, folder: Path, settings: Settings, bert: Path, machine: Machine) -> None:
        self.folder, self.settings, self.machine = folder, settings, machine
        folder.mkdir(parents=True, exist_ok=True)
        given = json.loads(json.dumps(asdict(settings)))
        given["bert"] = weights_sha256(bert) if settings.begin == "started" else ""
        path = folder / "run.json"
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != given:
            raise TrainingError(f"{folder} holds a run with other settings; choose another --work")
        _write(path, json.dumps(given, indent=1) + "\n")
        torch.set_num_threads(machine.threads)
        torch.manual_seed(settings.seed)
        attention = register_training_attention() if machine.bf16 else "sdpa"
        self.pair = Pair(settings, attention, bert)
        self.optimizers = self._optimizers()
        self.parameters = [p for o in self.optimizers for group in o.param_groups for p in group["params"]]
        self.step, self.tokens, self.seconds, self.used = 0, 0, 0.0, dict[int, int]()
        self.commit = program_commit()
        if (folder / "state.pt").exists():
            state = torch.load(folder / "state.pt", weights_only=True)
            self.pair.load_state_dict(state["model"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.step, self.tokens, self.seconds, self.used = (
                state[name] for name in ("step", "tokens", "seconds", "used")
            )
        kept = [entry for entry in self.history() if entry["tokens"] <= self.tokens]
        _write(folder / "history.jsonl", "".join(json.dumps(entry) + "\n" for entry in kept))

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        s, bf16 = self.settings, self.machine.bf16
        if not self.pair.frozen:
            return build_optimizers(self.pair, "bert", s.weight_decay, bf16)
        found = build_optimizers(self.pair.discriminator.electra, "bert", s.weight_decay, bf16)
        for optimizer in found:
            for group in optimizer.param_groups:
                group["base_lr"] *= s.gentle
        head = self.pair.discriminator.discriminator_predictions.parameters()
        found.append(torch.optim.AdamW([{"params": list(head), "base_lr": ADAMW_RATE["bert"]}], ADAMW_RATE["bert"], betas=(0.9, 0.98), weight_decay=0.0))  # fmt: skip
        return found

    def history(self) -> list[dict[str, Any]]:
        """What was measured along the way."""
        path = self.folder / "history.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def save(self) -> None:
        """Write the state, all or nothing."""
        state = {
            "model": self.pair.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "used": self.used,
        }
        if not save_whole(state, self.folder / "state.pt"):
            tqdm.write(f"{self.folder}: the disk is full; the last saved state is kept")

    @property
    def finished(self) -> bool:
        """Whether the budget is used up."""
        return self.tokens >= self.settings.total_tokens

    def losses(self, batch: dict[str, np.ndarray], generator: torch.Generator) -> Any:
        """ELECTRA's losses on a batch of ``Data``."""
        masked, kinds, labels = (
            torch.from_numpy(batch[name]) for name in ("input_ids", "token_type_ids", "labels")
        )
        chosen = labels >= 0
        original = torch.where(chosen, labels, masked)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.machine.bf16):
            logits = self.pair.fill(masked, kinds, chosen)
            given = corrupt(original, chosen, draw(logits, generator))
            judged = self.pair.judge(given.input_ids, kinds)
        return losses(logits, original[chosen], judged, given.replaced, original >= FIRST_WORD_ID, self.settings.weight)  # fmt: skip

    def train(self, packed: PackedDocuments, held_out: PackedDocuments, *, evaluate_every: int = 12, save_every_s: float = 60.0) -> bool:  # fmt: skip
        """Train to the end of the budget. Returns False when a signal stopped it; the state is saved either way."""
        s = self.settings
        data, schedule = Data(s.as_run(), packed), Schedule(s.total_tokens, s.warmup_tokens, s.decay_share)
        rows = HeldOut(held_out, HELD_OUT_ROWS)
        next_evaluation = (
            self.tokens if not self.history() else self.tokens + s.total_tokens // evaluate_every
        )
        last_save = time.monotonic()
        with (
            _stop_signals() as stop,
            tqdm(total=s.total_tokens, initial=self.tokens, unit="tok", unit_scale=True, desc=self.folder.name, mininterval=0.5 if sys.stderr.isatty() else 15) as bar,
        ):  # fmt: skip
            while not self.finished and not stop.asked:
                if self.tokens >= next_evaluation:
                    next_evaluation = self.tokens + max(1, s.total_tokens // evaluate_every)
                    bar.set_postfix(auc=f"{self._measure(rows)['auc']:.3f}", refresh=False)
                began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
                batch = data.batch(self.step, self.used, self.tokens)
                set_rate(self.optimizers, schedule.factor(self.tokens))
                generator = torch.Generator().manual_seed((s.seed << 32) + self.step)
                found = self.losses(batch, generator)
                (found.discriminator if self.pair.frozen else found.total).backward()
                nn.utils.clip_grad_norm_(self.parameters, 1.0)
                for optimizer in self.optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                self.step += 1
                count = count_tokens(batch)
                self.tokens += count
                self.seconds += resource.getrusage(resource.RUSAGE_SELF).ru_utime - began
                bar.update(count)
                if time.monotonic() - last_save > save_every_s:
                    self.save()
                    last_save = time.monotonic()
            if self.finished and self.history()[-1]["tokens"] < self.tokens:
                self._measure(rows)
            self.save()
        return self.finished

    def _measure(self, rows: HeldOut) -> dict[str, Any]:
        entry = {"step": self.step, "tokens": self.tokens, "seconds": round(self.seconds, 1), **rows.figures(self.pair)}  # fmt: skip
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        return entry


class HeldOut:
    """Held-out rows, the same places hidden each time."""

    def __init__(self, packed: PackedDocuments, rows: int) -> None:
        texts = once(packed)
        rng = np.random.default_rng([0, 5])
        pairs = bert_epoch(texts, ROW, rng)
        made = bert_rows(texts, pairs, np.arange(min(rows, len(pairs))), ROW)
        self.input_ids = torch.from_numpy(made.input_ids)
        self.kinds = torch.from_numpy(made.token_type_ids)
        self.words = ~torch.from_numpy(made.special_tokens_mask)
        self.chosen = torch.from_numpy(rng.random(made.input_ids.shape) < MASKED_SHARE) & self.words
        self.masked = torch.where(self.chosen, BERT_SPECIAL_IDS["[MASK]"], self.input_ids)

    @torch.inference_mode()
    def generated(self, pair: Any, seed: int = 1) -> tuple[torch.Tensor, Any]:
        """The generator's logits at the hidden places, and the rows with a word drawn for each."""
        generator = torch.Generator().manual_seed(seed)
        parts = [pair.fill(self.masked[i : i + 32], self.kinds[i : i + 32], self.chosen[i : i + 32]) for i in range(0, len(self.masked), 32)]  # fmt: skip
        logits = torch.cat(parts)
        return logits, corrupt(self.input_ids, self.chosen, draw(logits, generator))

    def random(self, counts: np.ndarray, seed: int = 2) -> Any:
        """The rows with a word drawn by its frequency in the training text at each hidden place."""
        generator = torch.Generator().manual_seed(seed)
        probs = torch.from_numpy(counts.astype(np.float64))
        drawn = torch.multinomial(probs, int(self.chosen.sum()), replacement=True, generator=generator)
        return corrupt(self.input_ids, self.chosen, drawn)

    @torch.inference_mode()
    def judged(self, pair: Pair, given: torch.Tensor) -> torch.Tensor:
        """The discriminator's log odds for the given rows, (rows, seq)."""
        return torch.cat([pair.judge(given[i : i + 32], self.kinds[i : i + 32]) for i in range(0, len(given), 32)])  # fmt: skip

    def figures(self, pair: Pair) -> dict[str, Any]:
        """Both losses on these rows, and how good the discriminator is at telling the fakes."""
        logits, given = self.generated(pair)
        judged = self.judged(pair, given.input_ids)
        both = losses(logits, self.input_ids[self.chosen], judged, given.replaced, self.words)
        scores, fake = judged[self.words].numpy(), given.replaced[self.words].numpy()
        said = scores > 0
        return {
            "generator_loss": round(both.generator.item(), 4),
            "generator_right": round(float((logits.argmax(-1) == self.input_ids[self.chosen]).float().mean()), 4),
            "discriminator_loss": round(both.discriminator.item(), 4),
            "accuracy": round(float((said == fake).mean()), 4),
            "originals": round(float(1 - fake.mean()), 4),
            "recall": round(float(said[fake].mean()), 4),
            "auc": round(auc(scores, fake), 4),
        }  # fmt: skip


@torch.inference_mode()
def surprisals(bert: Any, given: torch.Tensor, kinds: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """Minus the log probability of each word when it alone is hidden, nats, (rows, seq); one pass a word."""
    found = torch.zeros(given.shape)
    for row in tqdm(range(len(given)), desc="surprisal", mininterval=15):
        places = words[row].nonzero()[:, 0]
        hidden = given[row].repeat(len(places), 1)
        each = torch.arange(len(places))
        hidden[each, places] = BERT_SPECIAL_IDS["[MASK]"]
        out = bert.bert(
            input_ids=hidden,
            token_type_ids=kinds[row].expand_as(hidden),
            attention_mask=(given[row] > 0).long().expand_as(hidden),
        ).last_hidden_state
        logits = bert.cls.predictions(out[each, places]).float()
        found[row, places] = -logits.log_softmax(-1)[each, given[row, places]]
    return found


def measure(pair: Pair, bert: Any, packed: PackedDocuments, counts: np.ndarray, rows: int = MEASURED_ROWS) -> dict[str, Any]:  # fmt: skip
    """How well the discriminator, and the surprisal of ``bert``, tell fakes on held-out text.

    Three kinds of fakes at the same places: drawn by frequency, by the generator, and by ``bert`` itself. Each AUC is
    (value, low, high)."""
    held_out = HeldOut(packed, rows)
    logits, generated = held_out.generated(pair)
    stronger = SimpleNamespace(fill=lambda *given: _fill(bert, *given))
    found: dict[str, Any] = {
        "rows": len(held_out.input_ids),
        "words": int(held_out.words.sum()),
        "generator_right": round(
            float((logits.argmax(-1) == held_out.input_ids[held_out.chosen]).float().mean()), 4
        ),
    }
    for name, given in (("random", held_out.random(counts)), ("generator", generated), ("bert", held_out.generated(stronger)[1])):  # fmt: skip
        fakes = [given.replaced[i][w].numpy() for i, w in enumerate(held_out.words)]
        total = sum(int(f.sum()) for f in fakes)
        found[name] = {"fakes": total, "share": round(total / found["words"], 4)}
        judged = held_out.judged(pair, given.input_ids)
        surprised = surprisals(bert, given.input_ids, held_out.kinds, held_out.words)
        for who, scores in (("discriminator", judged), ("surprisal", surprised)):
            parts = [scores[i][w].numpy() for i, w in enumerate(held_out.words)]
            found[name][who] = {
                "auc": [round(x, 4) for x in auc_interval(parts, fakes)],
                "hits": sum(hits(s, f) for s, f in zip(parts, fakes, strict=True)),
            }
        flat, truth = judged[held_out.words].numpy(), given.replaced[held_out.words].numpy()
        found[name]["accuracy"] = round(float(((flat > 0) == truth).mean()), 4)
        found[name]["recall"] = round(float((flat > 0)[truth].mean()), 4)
    return found


# --- The steps of the program -----------------------------------------------------------------------------------------


def add_steps(steps: Any, repository: Path) -> None:
    """Register ``electra`` and ``electra-export`` with the program."""
    parser = steps.add_parser(
        "electra",
        help="train nano-electra from nano-bert's weights, or the same from scratch",
        description="Train an ELECTRA. The same command again goes on where it stopped.",
    )
    parser.add_argument("begin", choices=("started", "scratch"))
    parser.add_argument("--tokens", type=lambda text: int(float(text)), default=TOKENS, help="budget (%(default)s)")  # fmt: skip
    parser.add_argument("--bert", type=Path, default=repository / "assets" / "models" / BERT, help="folder of the BERT to start from")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(run=_run_train)

    parser = steps.add_parser(
        "electra-export",
        help="measure nano-electra and the run from scratch on held-out text, and write the first with its card",
    )
    parser.add_argument("--bert", type=Path, default=repository / "assets" / "models" / BERT, help="folder of the BERT it started from")  # fmt: skip
    parser.add_argument("--to", type=Path, default=repository / "assets" / "models" / "after_bert" / NAME)
    parser.add_argument(
        "--rows", type=int, default=MEASURED_ROWS, help="held-out rows to measure on (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(run=_run_export)


def _folder(work: Path, begin: str) -> Path:
    return work / "runs" / (NAME if begin == "started" else f"{NAME}-{begin}")


def _run_train(options: Any) -> int:
    packed = options.work / "packed" / "bert-2048"
    run = Run(
        _folder(options.work, options.begin),
        Settings(options.begin, SIZES["nano"], options.tokens),
        options.bert,
        Machine.choose(threads=options.threads),
    )
    done = run.train(
        PackedDocuments.load(packed / "train.npz"), PackedDocuments.load(packed / "held_out.npz")
    )
    return 0 if done else 3


def open_run(folder: Path, bert: Path, threads: int = 1) -> Run:
    """A run as it stands, in float32."""
    path = folder / "run.json"
    if not path.exists():
        raise TrainingError(f"{folder}: no run here; the step 'electra' makes one")
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw.pop("bert")
    raw["size"] = Size(**raw["size"])
    run = Run(folder, Settings(**raw), bert, Machine("cpu", False, threads))
    if not run.finished:
        raise TrainingError(f"{folder}: not finished; run the step 'electra' again")
    run.pair.eval()
    return run


def export(
    started: Run, scratch: Run, bert: Path, packed: Path, target: Path, rows: int = MEASURED_ROWS
) -> list[str]:
    """Write the first run's discriminator as a Hugging Face folder, with what was measured of both runs and a card."""
    held_out = PackedDocuments.load(packed / "held_out.npz")
    train = PackedDocuments.load(packed / "train.npz")
    counts = np.bincount(train.tokens, minlength=started.settings.size.vocab_size)
    counts[:FIRST_WORD_ID] = 0
    found: dict[str, Any] = {
        "bert": weights_sha256(bert),
        "started": measure(
            started.pair, load_bert(bert, started.settings.size, "sdpa"), held_out, counts, rows
        ),
        "scratch": {},
    }
    for name, run in (("started", started), ("scratch", scratch)):
        found[name] |= {"tokens": run.tokens, "seconds": round(run.seconds, 1), "history": run.history()}
    if target.exists():
        shutil.rmtree(target)
    save_half(started.pair.discriminator, target)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(bert / name, target / name)
    (target / "token_counts.json").write_text(
        json.dumps(counts.tolist(), separators=(",", ":")) + "\n", encoding="utf-8"
    )
    _write(target / "measured.json", json.dumps(found, separators=(",", ":")) + "\n")
    summary = json.loads((packed / "summary.json").read_text(encoding="utf-8"))
    _write(target / "README.md", card(started, scratch, found, summary))
    return sorted(path.name for path in target.iterdir())


def card(started: Run, scratch: Run, found: dict[str, Any], packed: dict[str, Any]) -> str:
    """The model card, filled from what was measured."""
    s, part = started.settings, found["started"]
    header = "".join(f"  {name}: {digest}\n" for name, digest in packed.get("sha256", {}).items())

    def interval(kind: str, who: str) -> str:
        value, low, high = part[kind][who]["auc"]
        return f"{value:.3f} ({low:.3f} to {high:.3f})"

    rows = "\n".join(
        f"| {label} | {name} | {interval(kind, who)} | {part[kind][who]['hits'] / part[kind]['fakes']:.0%} |"
        for kind, label in (
            ("random", "words drawn by frequency"),
            ("generator", "words drawn by the generator"),
        )
        for who, name in (("discriminator", NAME), ("surprisal", f"surprisal of {BERT}, one pass a word"))
    )
    last = found["scratch"]["history"][-1]
    curve = "\n".join(
        f"| {entry['tokens']:,} | {entry['auc']:.3f} | {entry['discriminator_loss']:.3f} | {entry['recall']:.3f} |"
        for entry in part["history"]
    )
    parameters = sum(p.numel() for p in started.pair.discriminator.parameters())
    sources = ", ".join(f"{name} ({SOURCE_NOTES.get(name, 'see the corpus')})" for name in packed["sources"])
    return f"""---
language: en
license: mit
library_name: transformers
{"corpus:" if header else ""}
{header}---

# {NAME}

ELECTRA's discriminator ({parameters / 1e6:.2f} million parameters, nano-bert's shape and vocabulary): for every token the log odds that it was put there.
It started from the weights of {BERT} ({found["bert"][:12]}) and learned to tell words that a weaker generator drew at 15% of the places: {BERT} as it was at
{s.generator} (`snapshots/` of its folder), which did not change. A small model for teaching; do not use it for anything that matters. Weights are stored in fp16; load them in float32.

```python
from transformers import AutoTokenizer, ElectraForPreTraining
import torch

model = ElectraForPreTraining.from_pretrained(folder, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(folder)
```

## Training

| | |
|---|---|
| training text | {packed["train"]["documents"]:,} documents: {sources} |
| held out | {packed["held_out"]["documents"]:,} documents, never trained on |
| tokens seen | {started.tokens:,} in {started.step:,} steps of {s.batch_tokens:,} positions |
| time | {part["seconds"]:.0f} s of processor time, one thread |
| hardware | {Machine.choose(threads=1).describe()} |
| optimiser | Muon {s.gentle * MUON_RATE["bert"]:g} for matrices, AdamW {s.gentle * ADAMW_RATE["bert"]:g} for the rest of what started trained, AdamW {ADAMW_RATE["bert"]:g} for the new head; {s.warmup_tokens:,} tokens of warm-up, decay over the last {s.decay_share:.0%} |
| loss | binary cross entropy over every word; special tokens are not judged |
| program | commit {started.commit or "not known"} |

## On {part["rows"]} held-out rows ({part["words"]:,} words)

| fakes | judge | AUC (95% interval, rows drawn again) | fakes among its k most suspicious, k the number of fakes of a row |
|---|---|---|---|
{rows}

{part["generator"]["share"]:.1%} of the words are fakes of the generator. Accuracy {part["generator"]["accuracy"]:.1%}, which is {"" if part["generator"]["accuracy"] > 1 - part["generator"]["share"] else "no "}more than
saying "original" always ({1 - part["generator"]["share"]:.1%}): use ranks. {part["generator"]["recall"]:.1%} of them get more than 0.5.

| tokens | AUC, {HELD_OUT_ROWS} rows | loss | fakes above 0.5 |
|---|---|---|---|
{curve}

## From scratch

The same with both networks from random weights (a generator of {scratch.settings.generator_layers} layers, embeddings shared, lambda {scratch.settings.weight:g}), {scratch.tokens:,} tokens, {found["scratch"]["seconds"]:.0f} s:
AUC {last["auc"]:.3f}, {last["recall"]:.1%} of the fakes above 0.5, accuracy {last["accuracy"]:.1%} where saying "original" always gives {last["originals"]:.1%}; the generator is right at {last["generator_right"]:.1%}.
It does not leave "always original" and does not ship; `measured.json` has its curve.

## Making it again

```sh
python -m components.pretraining electra started --tokens {s.total_tokens}
python -m components.pretraining electra scratch --tokens {scratch.settings.total_tokens}
python -m components.pretraining electra-export
```
"""


def _run_export(options: Any) -> int:
    started, scratch = (
        open_run(_folder(options.work, begin), options.bert, options.threads)
        for begin in ("started", "scratch")
    )
    files = export(
        started, scratch, options.bert, options.work / "packed" / "bert-2048", options.to, options.rows
    )
    size = sum((options.to / name).stat().st_size for name in files)
    print(f"{options.to}: {len(files)} files, {size / 1e6:.1f} MB")
    return 0
