"""``pairs-gpt``: a model that learns codes from its prompt, with its snapshots, its runs with other seeds, and its card.

One run folder a seed: ``state.pt`` (resume here), ``history.jsonl`` (measured along the way), ``weights/N.safetensors``
(the model at each measurement, in fp16). ``export`` writes the first seed's model and everybody's curves.
"""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tqdm import tqdm

from components.lm.gpt.in_context import (
    NAME,
    Curve,
    Reader,
    load_reader,
    look_back_scores,
    match_scores,
    matching_heads,
    measure,
    reader_of,
)
from components.lm.gpt.word_codes import (
    BEGIN,
    CONTEXT,
    VOCABULARY,
    WORDS,
    Prompts,
    best_known,
    closest_codes,
    fresh_prompts,
)
from components.lm.training.word_codes import LOOK_BACK, Settings, Trainer, config
from components.pretraining.training import TrainingError, _stop_signals, _write

SNAPSHOTS = (0, 250_000, 325_000, 400_000, 1_500_000)
"""Tokens at which the shipped model keeps a snapshot, besides the end."""
DENSE_STEPS, EARLY_TOKENS, SPARSE_STEPS = 10, 1_000_000, 50
"""Steps between measurements before and after so many tokens."""
MEASURED_PROMPTS, FINAL_PROMPTS = 100, 400
MEASURE_SEED = 9


def save_weights(weights: dict[str, torch.Tensor], path: Path) -> None:
    """Write weights as an fp16 safetensors file that ``transformers`` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.detach().half().contiguous() for name, tensor in weights.items()}
    save_file(half, path, metadata={"format": "pt"})
    path.chmod(0o644)


class Run:
    """One training of one seed in a folder; the same call again goes on where it stopped."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "run.json"
        given = json.loads(json.dumps(asdict(settings)))
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != given:
            raise TrainingError(f"{folder} holds a run with other settings; choose another --work")
        _write(path, json.dumps(given, indent=1) + "\n")
        self.trainer = Trainer(settings)
        self.seconds = 0.0
        self._losses: list[float] = []  # since the last measurement
        if (folder / "state.pt").exists():
            state = torch.load(folder / "state.pt", weights_only=True)
            self.seconds, self._losses = state["seconds"], state["losses"]
            self.trainer.load(state)
        kept = [entry for entry in self.history() if entry["step"] <= self.trainer.step]
        _write(folder / "history.jsonl", "".join(json.dumps(entry) + "\n" for entry in kept))

    def history(self) -> list[dict[str, Any]]:
        """What was measured along the way."""
        path = self.folder / "history.jsonl"
        return (
            [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if path.exists()
            else []
        )

    def save(self) -> None:
        """Write the state, all or nothing."""
        partial = self.folder / "state.partial"
        torch.save({**self.trainer.state(), "seconds": self.seconds, "losses": self._losses}, partial)
        partial.replace(self.folder / "state.pt")

    def train(self, until_tokens: int | None = None, save_every_s: float = 60.0) -> bool:
        """Train to the end of the budget, or only until so many tokens with the same schedule.

        Returns False when a signal stopped it. The state is saved either way.
        """
        trainer, s = self.trainer, self.settings
        last_save = time.monotonic()
        with (
            _stop_signals() as stop,
            tqdm(
                total=s.num_steps,
                initial=trainer.step,
                desc=self.folder.name,
                mininterval=0.5 if sys.stderr.isatty() else 15,
            ) as bar,
        ):
            if trainer.step == 0 and not self.history():
                self._measure(None)
            while not self._reached(until_tokens) and not stop.asked:
                started = time.process_time()
                self._losses.append(trainer.take_step())
                self.seconds += time.process_time() - started
                bar.update()
                every = DENSE_STEPS if trainer.tokens <= EARLY_TOKENS else SPARSE_STEPS
                if trainer.step % every == 0 or self._reached(until_tokens):
                    loss = float(np.mean(self._losses))
                    self._losses = []
                    self._measure(loss)
                    bar.set_postfix(loss=f"{loss:.3f}")
                if time.monotonic() - last_save > save_every_s:
                    self.save()
                    last_save = time.monotonic()
            self.save()
        return self._reached(until_tokens)

    def _reached(self, until_tokens: int | None) -> bool:
        return self.trainer.finished or (until_tokens is not None and self.trainer.tokens >= until_tokens)

    def _measure(self, loss: float | None) -> None:
        t = self.trainer
        save_weights(t.weights, self.folder / "weights" / f"{t.step}.safetensors")
        entry = measured(reader_of(t.weights, self.settings.num_heads), MEASURED_PROMPTS)
        entry = {
            "step": t.step,
            "tokens": t.tokens,
            "seconds": round(self.seconds, 2),
            "loss": None if loss is None else round(loss, 4),
            **entry,
        }
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def measured(reader: Reader, count: int) -> dict[str, Any]:
    """Accuracies and the matching score of each head, on ``count`` fresh prompts of each kind."""
    new, known = (fresh_prompts(kind, MEASURE_SEED, count) for kind in ("new", "known"))
    found: dict[str, Any] = {}
    for name, curve in (("new", measure(reader, new)), ("known", measure(reader, known))):
        found[f"{name}_shown"] = round(curve.shown, 4)
        found[f"{name}_unseen"] = round(curve.unseen, 4)
    found["match"] = match_scores(reader, new).round(2).tolist()
    return found


def figures(reader: Reader, seed: int, num_steps: int, batch_size: int) -> dict[str, Any]:
    """Everything the card and the page say of a finished model: curves, heads, and what is left without them."""
    new, known = (fresh_prompts(kind, MEASURE_SEED + 1, FINAL_PROMPTS) for kind in ("new", "known"))
    match = match_scores(reader, new)
    matching = matching_heads(match)
    heads = reader.heads
    trials = {
        "none": [],
        **{f"{layer}.{head}": [(layer, head)] for layer, head in heads},
        "matching": matching,
    }
    closest = closest_codes(new, seed, num_steps, batch_size)
    return {
        "curves": {
            name: _counts(measure(reader, prompts)) for name, prompts in (("new", new), ("known", known))
        },
        "best_known": [round(float(x), 4) for x in _unseen_mean(best_known(known), known)],
        "match": match.round(3).tolist(),
        "look_back": look_back_scores(reader, new).round(3).tolist(),
        "matching": [f"{layer}.{head}" for layer, head in matching],
        "off": {name: _off(reader, new, known, off) for name, off in trials.items()},
        "closest_codes": {str(n): int((closest == n).sum()) for n in sorted(set(closest.tolist()))},
    }


def _unseen_mean(values: np.ndarray, prompts: Prompts) -> list[float]:
    unseen = ~prompts.shown()
    return [float(values[unseen[:, k], k].mean()) for k in range(values.shape[1])]


def _counts(curve: Curve) -> dict[str, list[int]]:
    return {name: list(values) for name, values in asdict(curve).items() if name != "kind"}


def _off(reader: Reader, new: Prompts, known: Prompts, off: Sequence[tuple[int, int]]) -> dict[str, float]:
    code, dictionary = measure(reader, new, off), measure(reader, known, off)
    return {
        "new_shown": round(code.shown, 4),
        "new_unseen": round(code.unseen, 4),
        "known_shown": round(dictionary.shown, 4),
        "known_unseen": round(dictionary.unseen, 4),
        "known_unseen_k2": round(dictionary.unseen_right[2] / dictionary.unseen_total[2], 4),
    }


def jump(history: Sequence[dict[str, Any]]) -> int | None:
    """Tokens at the first measurement at which more than half of the shown words of new codes were right."""
    return next((entry["tokens"] for entry in history if entry["new_shown"] > 0.5), None)


def export(folders: Sequence[Path], target: Path) -> list[str]:
    """Write the first run as a Hugging Face folder with snapshots and card, and the curves of all runs beside it."""
    runs = [
        Run(folder, Settings(**json.loads((folder / "run.json").read_text("utf-8")))) for folder in folders
    ]
    if not runs[0].trainer.finished:
        raise TrainingError(f"{runs[0].folder}: not finished; run this step again")
    if target.exists():
        shutil.rmtree(target)
    first = runs[0]
    s = first.settings
    text = json.dumps(config(s), indent=2) + "\n"
    moments = []
    for entry in nearest(first.history(), [*SNAPSHOTS, s.total_tokens]):
        folder = target / "snapshots" / f"step-{entry['step']:06d}"
        last = entry["step"] == first.trainer.step
        where = target if last else folder
        where.mkdir(parents=True, exist_ok=True)
        (where / "config.json").write_text(text, encoding="utf-8")
        save_from(first.folder / "weights" / f"{entry['step']}.safetensors", where / "model.safetensors")
        moments.append(
            {
                "folder": str(where.relative_to(target)),
                "step": entry["step"],
                "tokens": entry["tokens"],
                "sha256": sha256(where / "model.safetensors"),
            }
        )
    write_tokenizer(target)
    records = []
    for run in runs:
        step = run.trainer.step
        path = run.folder / "weights" / f"{step}.safetensors"
        reader = reader_of_file(path, s.num_heads)
        records.append(
            {
                "seed": run.settings.seed,
                "finished": run.trainer.finished,
                "weights_sha256": sha256(path),
                "seconds": round(run.seconds, 1),
                "jump_tokens": jump(run.history()),
                "history": columns(run.history()),
                **figures(reader, run.settings.seed, step, run.settings.batch_size),
            }
        )
    found = {"weights_sha256": sha256(target / "model.safetensors"), "moments": moments, "runs": records}
    _write(target / "runs.json", json.dumps(found, separators=(",", ":")) + "\n")
    _write(target / "README.md", card(s, found))
    load_reader.cache_clear()
    return sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())


def columns(history: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return measurements as one list a number: a third of the size."""
    return {name: [entry[name] for entry in history] for name in history[0]}


def nearest(history: Sequence[dict[str, Any]], tokens: Sequence[int]) -> list[dict[str, Any]]:
    """Return the measurements nearest to these numbers of tokens, each once, in order."""
    found = {min(history, key=lambda e, at=at: abs(e["tokens"] - at))["step"] for at in tokens}  # type: ignore[misc]
    return [entry for entry in history if entry["step"] in found]


def reader_of_file(path: Path, num_heads: int) -> Reader:
    """Return a file of weights as a reader."""
    from components.lm.gpt.small_gpt2 import load_weights

    return reader_of(load_weights(path), num_heads)


def save_from(source: Path, target: Path) -> None:
    """Copy a file of weights."""
    target.write_bytes(source.read_bytes())


def sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_tokenizer(folder: Path) -> None:
    """Write the tokenizer: one token a word, split at spaces. A word it does not know is an error, not a token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({token: number for number, token in enumerate(VOCABULARY)}))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, 0)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "model_max_length": CONTEXT}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def card(s: Settings, found: dict[str, Any]) -> str:
    """The model card, filled from what was measured."""
    first = found["runs"][0]
    curves = first["curves"]

    def share(kind: str, name: str, k: int) -> str:
        total = curves[kind][f"{name}_total"][k]
        return f"{curves[kind][f'{name}_right'][k] / total:.2f}" if total else "–"

    shown_ks = (0, 1, 2, 3, 4, 5, 8, 11, 16)
    by_k = "\n".join(
        f"| {label} | " + " | ".join(share(kind, name, k) for k in shown_ks) + " |"
        for label, kind, name in (
            ("new code, word shown", "new", "shown"),
            ("new code, word not shown", "new", "unseen"),
            ("dictionary, word not shown", "known", "unseen"),
        )
    )
    best = " | ".join(f"{first['best_known'][k]:.2f}" for k in shown_ks)
    off = "\n".join(
        f"| {'nothing' if name == 'none' else 'all matching heads (' + ', '.join(first['matching']) + ')' if name == 'matching' else name} "
        f"| {row['new_shown']:.2f} | {row['new_unseen']:.2f} | {row['known_shown']:.2f} | {row['known_unseen']:.2f} |"
        for name, row in first["off"].items()
    )
    seeds = "\n".join(
        f"| {run['seed']} | {run['history']['tokens'][-1]:,} | {run['jump_tokens'] or 'none'} | {run['seconds']:.0f} | {run['off']['none']['new_shown']:.3f} / {run['off']['none']['new_unseen']:.3f} "
        f"| {run['off']['none']['known_unseen_k2']:.3f} | {', '.join(run['matching'])} "
        f"| {run['off']['matching']['new_shown']:.3f} | {run['off']['matching']['known_unseen']:.3f} | `{run['weights_sha256'][:12]}` |"
        for run in found["runs"]
    )
    moments = "\n".join(
        f"| `{m['folder']}` | {m['step']:,} | {m['tokens']:,} | `{m['sha256'][:12]}` |"
        for m in found["moments"]
    )
    closest = ", ".join(f"{n} pairs: {count}" for n, count in first["closest_codes"].items())
    size = sum(np.prod(shape) for shape in _shapes(s))
    return f"""---
language: en
license: mit
library_name: transformers
---

# {NAME}

GPT-2 architecture (pre-LN, learned positions, tied embeddings), {s.num_layers} layers, {s.num_heads} heads, width {s.width}; {size:,.0f} parameters. It reads pairs,
`<s> sun -> lamp ; frog -> ring ; sun ->`, and nothing else: its vocabulary has {len(VOCABULARY)} tokens, {len(WORDS)} of them words that mean nothing to it. It shows
learning from a prompt: a code made up for one prompt is answered right where the prompt showed the word.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer
import torch

model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(folder)
ids = tokenizer("sun -> lamp ; frog -> ring ; sun ->", return_tensors="pt")
```

Weights are stored in fp16. A word outside the vocabulary is an error of the tokenizer.

## Training

| | |
|---|---|
| prompts | {first["history"]["step"][-1] * s.batch_size:,}, each drawn once from the seed; 32 pairs; half of them from one of 8 fixed dictionaries over all words, half from a code drawn for the prompt over 4 to 16 words |
| tokens | {first["history"]["tokens"][-1]:,} in {first["history"]["step"][-1]:,} steps of {s.batch_size} prompts |
| loss | on the words after the arrows |
| start | position embeddings begin as sines and cosines; heads 0.0 and 0.1 begin by looking {-LOOK_BACK[0]} and {-LOOK_BACK[1]} places back. Without this nothing had come after 2 million tokens in trials. All of it is trained |
| optimiser | Muon {s.matrix_rate} for matrices, AdamW {s.rate} for the rest (words {s.rate * s.width**0.5:.3f}, last norm {s.rate * s.width**-0.5:.1e}); gradient clipping at 1; no dropout |
| schedule | {s.warmup_tokens:,} tokens of warm-up, flat, linear decay over the last {s.decay_share:.0%} |
| time | {first["seconds"]:.0f} CPU seconds, one thread, float32 |
| seed | {s.seed} |

## Accuracy by the number of demonstrations

{FINAL_PROMPTS} fresh prompts of each kind, 8 words each, one draw. Weights do not change.

| k | {" | ".join(str(k) for k in shown_ks)} |
|---|{"---|" * len(shown_ks)}
{by_k}
| best possible: dictionary, not shown | {best} |

Are the codes new? All prompts of training were drawn again and searched. The most pairs that a code of training shares with a fresh code of 8 pairs:
{closest} (of {FINAL_PROMPTS}).

## Heads switched off

Matching: the mean weight from the arrow on the answers that the asked word had before is above 0.3.

| off | new, shown | new, not shown | dictionary, shown | dictionary, not shown |
|---|---|---|---|---|
{off}

## Other seeds

The jump is the first measurement at which more than half of the shown words of new codes were right. Seeds that were only followed until after it
stand at their last measurement, at the full rate.

| seed | tokens | jump (tokens) | CPU s | new, shown / not | dictionary, not shown, k = 2 | matching heads | off: new, shown | off: dictionary, not shown | weights |
|---|---|---|---|---|---|---|---|---|---|
{seeds}

## Snapshots

| folder | step | tokens | sha256 |
|---|---|---|---|
{moments}

`runs.json` holds every measurement along the way for all seeds.

## Making it again

```sh
python -m components.pretraining word-codes --seeds {len(found["runs"])} --tokens {s.total_tokens}
```
"""


def _shapes(s: Settings) -> list[tuple[int, ...]]:
    from components.lm.training.word_codes import start_weights

    return [tuple(tensor.shape) for tensor in start_weights(s).values()]


def add_step(steps: Any, repository: Path) -> None:
    """Register ``word-codes`` with the program."""
    parser = steps.add_parser(
        "word-codes",
        help=f"train {NAME}, which learns codes from its prompt, with several seeds",
        description="Train one model a seed and write the first with its snapshots, its card and everybody's curves. "
        "The same command again goes on where it stopped.",
    )
    parser.add_argument(
        "--tokens", type=float, default=Settings.total_tokens, help="tokens of each run (%(default)g)"
    )
    parser.add_argument("--seeds", type=int, default=5, help="runs; the first is shipped (%(default)s)")
    parser.add_argument("--full-seeds", type=int, default=2, help="runs that go to the end (%(default)s)")
    parser.add_argument("--early-tokens", type=float, default=1e6, help="where the other runs stop, with the same schedule (%(default)g)")  # fmt: skip
    parser.add_argument("--width", type=int, default=Settings.width, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (%(default)s)")
    parser.add_argument("--to", type=Path, default=repository / "assets" / "models" / "in_context" / NAME, help="target folder; what is there is replaced")  # fmt: skip
    parser.set_defaults(run=_run)


def _run(options: Any) -> int:
    torch.set_num_threads(options.threads)
    folders = [options.work / "word_codes" / f"seed-{seed}" for seed in range(options.seeds)]
    for seed, folder in enumerate(folders):
        settings = Settings(seed=seed, total_tokens=int(options.tokens), width=options.width)
        until = None if seed < options.full_seeds else int(options.early_tokens)
        if not Run(folder, settings).train(until):
            return 3
    files = export(folders, options.to)
    size = sum((options.to / name).stat().st_size for name in files)
    print(f"{options.to}: {len(files)} files, {size / 1e6:.1f} MB")
    return 0
