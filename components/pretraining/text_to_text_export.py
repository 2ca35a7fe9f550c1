"""Measure the trained text-to-text model, write it as a Hugging Face folder with its card, and record its variants."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from components.lm.transformer import conversions as c
from components.pretraining.export import save_half
from components.pretraining.text_to_text import (
    ADAMW_RATE,
    MAX_POSITIONS,
    MUON_RATE,
    VARIANTS,
    Progress,
    Run,
    Settings,
    exact_share,
    read_history,
    right_field_shares,
    trained_model,
    written,
)
from components.pretraining.text_to_text_data import (
    HELD_OUT_SHARE,
    SYMBOLS,
    WORD_GAPS,
    Lesson,
    held_out_lessons,
    wrap_tokenizer,
)
from components.pretraining.training import Machine, _write

LENGTH_STEP = 10
"""Width of a group of input lengths, in symbols."""
SAMPLES = (
    "eng: 2021년 3월 14일",
    "iso: the 1st of august 1999",
    "say: 칠천삼백이십일",
    "num: two hundred five",
)
NEVER_LEARNED = ("iso: 32 march 2021", "iso: march 2021", "iso: 3 may 1890", "say: 12345", "iso: hello")


def export_run(folder: Path, target: Path, *, count: int = 1000) -> dict[str, Any]:
    """Write a finished run to ``target``: fp16 weights, tokenizer, and a card with what was measured on these weights.

    ``count``: held-out lessons a measurement takes. Returns the measurements. Raises ``TrainingError`` if the run is
    not finished. What was in ``target`` is replaced.
    """
    from transformers import MarianMTModel

    stages = stages_of(folder)
    model = stages[-1].model
    if target.exists():
        shutil.rmtree(target)
    save_half(model, target)
    model.generation_config.save_pretrained(str(target))
    wrap_tokenizer(MAX_POSITIONS).save_pretrained(str(target))
    shipped = MarianMTModel.from_pretrained(
        str(target), dtype=torch.float32, attn_implementation="eager"
    ).eval()
    measured = measure(shipped, count)
    card = model_card(target.name, stages, measured)
    (target / "README.md").write_text(card, encoding="utf-8")
    return measured


@dataclass(frozen=True)
class Stage:
    """One run of the training: a later one starts from the weights of the one before."""

    name: str
    settings: Settings
    model: Any
    progress: Progress
    hardware: str
    history: Sequence[dict[str, Any]]


def stages_of(folder: Path) -> list[Stage]:
    """The finished run in ``folder`` and those it began from, the first one first. Raises ``TrainingError``."""
    settings, model, progress, hardware = trained_model(folder)
    own = Stage(folder.name, settings, model, progress, hardware, read_history(folder))
    return [*(stages_of(folder.parent / settings.begin) if settings.begin else []), own]


def measure(model: Any, count: int) -> dict[str, Any]:
    """Shares of whole answers that are right on held-out values, and where cross-attention looks. All in 0…1."""
    fills = held_out_lessons("fill", count)
    answers = written(model, fills, "full")
    right = [answer == lesson.target for answer, lesson in zip(answers, fills, strict=True)]
    spoken = _lessons_of((*SAMPLES, *NEVER_LEARNED))
    return {
        "count": count,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "dates": exact_share(model, held_out_lessons("date", count)),
        "tasks": {task: exact_share(model, held_out_lessons(task, count)) for task in c.TASKS},
        "fill": float(np.mean(right)),
        "fill_dates": _mean(right, fills, numbers=False),
        "fill_numbers": _mean(right, fills, numbers=True),
        "right_field": right_field_shares(model, held_out_lessons("date", min(count, 400))),
        "samples": [
            ["".join(lesson.source), "".join(text)]
            for lesson, text in zip(spoken, written(model, spoken, "full"), strict=True)
        ],
    }


def _mean(right: Sequence[bool], lessons: Sequence[Lesson], *, numbers: bool) -> float:
    pairs = zip(right, lessons, strict=True)
    return float(np.mean([good for good, lesson in pairs if isinstance(lesson.value, int) == numbers]))


def _lessons_of(texts: Sequence[str]) -> list[Lesson]:
    return [Lesson("", 0, tuple(text), (), "") for text in texts]


def record_variants(work: Path, out: Path, settings: Settings, machine: Machine, *, count: int = 400) -> bool:
    """Train each variant with the same lessons, and write what became of it to ``out`` (JSON).

    The same command again goes on. Returns False when a signal stopped it.
    """
    found: dict[str, Any] = {}
    lessons = [lesson for task in c.TASKS for lesson in held_out_lessons(task, count)]
    spoken = _lessons_of(SAMPLES)
    for variant in VARIANTS:
        folder = work / "text-to-text-study" / variant
        own = replace(settings, variant=variant)
        if not Run(folder, own, machine).train():
            return False
        _, model, progress, hardware = trained_model(folder)
        answers = written(model, lessons, variant)
        right = [answer == lesson.target for answer, lesson in zip(answers, lessons, strict=True)]
        found[variant] = {
            "trained": f"sha256:{_weights_digest(model)}",  # these weights do not ship
            "seconds": round(progress.seconds),
            "hardware": hardware,
            "exact": round(float(np.mean(right)), 4),
            "history": [
                {key: entry[key] for key in ("tokens", "symbols_right", "exact")}
                for entry in read_history(folder)
            ],
            "by_length": _by_length(right, lessons),
            "samples": [
                ["".join(lesson.source), "".join(text)]
                for lesson, text in zip(spoken, written(model, spoken, variant), strict=True)
            ],
        }
    shared = {key: value for key, value in asdict(settings).items() if key != "variant"}
    whole = {"settings": shared, "lessons": len(lessons), "variants": found}
    _write(out, json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    return True


def _by_length(right: Sequence[bool], lessons: Sequence[Lesson]) -> list[dict[str, float]]:
    """Share of right answers by the length of the input (symbols, without the task word), in groups of ten."""
    groups: dict[int, list[bool]] = {}
    for good, lesson in zip(right, lessons, strict=True):
        groups.setdefault((len(lesson.source) - len(lesson.kind) - 2) // LENGTH_STEP, []).append(good)
    return [
        {"from": group * LENGTH_STEP, "lessons": len(values), "exact": round(float(np.mean(values)), 4)}
        for group, values in sorted(groups.items())
    ]


def _weights_digest(model: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def model_card(name: str, stages: Sequence[Stage], measured: dict[str, Any]) -> str:
    """Markdown with a Hugging Face header, from measured numbers only."""
    m = measured
    s = stages[-1].settings
    budgets = "; then ".join(
        f"{stage.progress.tokens:,} symbols, read and written, in {stage.progress.step:,} steps of {stage.settings.batch_lessons} lessons, "
        f"{stage.settings.fill_share:.0%} of them gap lines"
        for stage in stages
    )
    schedules = "; then ".join(
        f"{stage.settings.schedule.warmup_tokens:,} symbols of warm-up to {stage.settings.peak:.0%} of the rates, flat, linear decay over the last {stage.settings.decay_share:.0%}"
        for stage in stages
    )
    commands = "\n".join(
        f"python -m components.pretraining text-to-text --name {stage.name}"
        + (f" --begin {stage.settings.begin}" if stage.settings.begin else "")
        + f" --tokens {stage.settings.total_tokens} --fill-share {stage.settings.fill_share} --peak {stage.settings.peak}"
        f" --decay-share {stage.settings.decay_share} --seed {stage.settings.seed} --threads 1"
        for stage in stages
    )
    tasks = "\n".join(f"| {task} | {_EXAMPLES[task]} | {m['tasks'][task]:.1%} |" for task in c.TASKS)
    fields = "\n".join(
        f"| {'mean of layer ' + key if '.' not in key else 'head ' + key} | {share:.1%} |"
        for key, share in sorted(m["right_field"].items())
    )
    along = "\n".join(
        f"| {stage.name} | {entry['step']:,} | {entry['tokens']:,} | {entry['loss']:.3f} | {entry['symbols_right']:.1%} | "
        + " | ".join(f"{entry['exact'][kind]:.0%}" for kind in ("date", "number", "fill"))
        + " |"
        for stage in stages
        for entry in stage.history
    )
    samples = "\n".join(f"| `{given}` | `{text}` |" for given, text in m["samples"][: len(SAMPLES)])
    never = "\n".join(f"| `{given}` | `{text}` |" for given, text in m["samples"][len(SAMPLES) :])
    return f"""---
language:
- en
- ko
license: mit
pipeline_tag: text2text-generation
library_name: transformers
---

# {name}

The Transformer of Vaswani et al. 2017, an encoder and a decoder that reads it, in small: {s.num_layers} + {s.num_layers} layers, {s.num_heads} heads, width {s.width}, feed-forward {4 * s.width} with ReLU, post-LN, sines and cosines for the positions, one table of {len(SYMBOLS)} symbols (one a character); {m["parameters"] / 1e6:.2f} million parameters. In transformers the design is called Marian.

It turns text into text as T5 does: a task word before the text says how a date or a number is to be written; a line that says the same twice, with gaps, comes back as what fills the gaps. It knows dates from {c.FIRST_DATE.year} to {c.LAST_DATE.year} and numbers from 1 to {c.LARGEST_NUMBER:,} and nothing else, and it answers whatever it is given.

```python
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
import torch

model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(folder)
ids = model.generate(**tokenizer("eng: 2021년 3월 14일", return_tensors="pt"))
print(tokenizer.decode(ids[0], skip_special_tokens=True))
```

Weights are stored in fp16; load them in float32 as above.

## Training

| | |
|---|---|
| sources | none but the program: every lesson is made from a date or a number (`components/pretraining/text_to_text_data.py`) |
| held out | {HELD_OUT_SHARE:.0%} of the dates and numbers, chosen by a hash of the value; never trained on in any way of writing |
| lessons | conversions, and lines that say a value twice, with one or two gaps in one half (span corruption; {WORD_GAPS:.0%} of the gaps are whole words or numbers) |
| ways of writing | dates: {", ".join(c.DATE_FORMS)}; numbers: {", ".join(c.NUMBER_FORMS)} |
| tokens seen | {budgets} |
| time | {sum(stage.progress.seconds for stage in stages):.0f} seconds of processor time, on a machine shared with other work |
| hardware | {stages[-1].hardware} |
| optimiser | Muon {MUON_RATE} for matrices, AdamW {ADAMW_RATE} for the rest; gradient clipping at 1; no dropout, no weight decay |
| schedule | {schedules} |
| start | two heads in the first layer of the encoder start by reading the symbol before and the one after, two in the first layer of the decoder one and two before; all of it is trained |
| seed | {s.seed} |

## Quality on held-out values

Whole answers that are right, greedy, {m["count"]:,} lessons a row, measured on the weights in this folder.

| task word | example of an answer | right |
|---|---|---|
{tasks}
| any of the four for dates | | {m["dates"]:.1%} |
| no task word: gaps | `<X>march<Y>` | {m["fill"]:.1%} (dates {m["fill_dates"]:.1%}, numbers {m["fill_numbers"]:.1%}) |

## Where the decoder looks

Of the digits it writes in dates: how often the symbol of the input with the largest weight in the encoder-decoder attention lies in the right field (day, month or year).

| weights of | right field |
|---|---|
{fields}

## Samples, unedited

| in | out |
|---|---|
{samples}

What it never learned, and answers all the same:

| in | out |
|---|---|
{never}

## Along training

Held-out lessons: next symbols right when the true ones are fed in, and whole answers right when it reads its own.

| run | step | symbols | loss (nats) | next symbols | dates | numbers | gaps |
|---|---|---|---|---|---|---|---|
{along}

## Making it again

```sh
{commands}
python -m components.pretraining text-to-text-export --to assets/models/{name}
```
"""


_EXAMPLES = {
    "iso": "`2021-03-14`",
    "kor": "`2021년 3월 14일`",
    "eng": "`14 march 2021`",
    "usa": "`march 14, 2021`",
    "num": "`7321`",
    "say": "`seven thousand three hundred twenty-one`",
    "han": "`칠천삼백이십일`",
}
