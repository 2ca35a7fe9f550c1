"""A small encoder-decoder Transformer that turns text into text, trained from scratch.

The design is that of Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762): post-LN, ReLU, sines and cosines for the
positions, one table for input, output and both embeddings; in transformers it is called Marian. The tasks are told by
their words and the gaps are T5's (:mod:`components.pretraining.text_to_text_data`).

Everything random is a function of (seed, step), so a state file holds no generator: resuming gives what an uninterrupted
run would have given. Two more variants show why the design is as it is; they are recorded, not shipped.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from components.lm.transformer import conversions as c
from components.pretraining.attention import register_training_attention
from components.pretraining.optimizers import Muon, Schedule, set_rate
from components.pretraining.text_to_text_data import (
    END,
    PAD,
    START,
    SYMBOLS,
    UNKNOWN,
    Lesson,
    draw_lesson,
    held_out_lessons,
)
from components.pretraining.training import Machine, TrainingError, _stop_signals, _write

Variant = Literal["full", "no_mask", "one_vector"]
VARIANTS: tuple[Variant, ...] = ("full", "no_mask", "one_vector")
"""The Transformer; its decoder without the causal mask; its encoder squeezed to its last vector, as in Seq2Seq of
Sutskever et al. 2014 (https://arxiv.org/abs/1409.3215)."""

MUON_RATE, ADAMW_RATE = 0.02, 4e-3
MAX_POSITIONS = 96
MAX_WRITTEN = 64


@dataclass(frozen=True)
class Settings:
    """What makes a run what it is. Two runs with equal settings on a CPU give equal weights."""

    total_tokens: int  # symbols read and written, without padding
    fill_share: float = 0.4  # of the lessons, the others are conversions
    variant: Variant = "full"
    width: int = 128
    num_layers: int = 2  # of the encoder, and of the decoder
    num_heads: int = 4
    batch_lessons: int = 64
    warmup_tokens: int = 90_000  # at most a tenth of the budget
    decay_share: float = 0.4
    peak: float = 1.0  # of the rates, between warm-up and decay
    begin: str = ""  # a finished run beside this one, whose weights it starts from
    seed: int = 0

    def __post_init__(self) -> None:
        if self.total_tokens < 1:
            raise TrainingError("the budget must be at least one token")

    @property
    def schedule(self) -> Schedule:
        """Warm-up, flat, linear decay."""
        return Schedule(self.total_tokens, min(self.warmup_tokens, self.total_tokens // 10), self.decay_share)

    def record_at(self, moments: int = 9) -> list[int]:
        """Token counts at which held-out lessons are measured: evenly on a logarithmic scale, the last at the end."""
        first = min(20_000, self.total_tokens)
        return [round(point) for point in np.geomspace(first, self.total_tokens, moments)]


def build_model(settings: Settings, attention: str = "sdpa") -> Any:
    """A freshly initialised ``MarianMTModel`` in float32; no dropout: lessons hardly ever come twice."""
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(settings.seed)
    width = settings.width
    config = MarianConfig(
        vocab_size=len(SYMBOLS),
        decoder_vocab_size=len(SYMBOLS),
        max_position_embeddings=MAX_POSITIONS,
        d_model=width,
        encoder_layers=settings.num_layers,
        decoder_layers=settings.num_layers,
        encoder_attention_heads=settings.num_heads,
        decoder_attention_heads=settings.num_heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        activation_function="relu",
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        unk_token_id=UNKNOWN,
        decoder_start_token_id=START,
        forced_eos_token_id=None,
    )
    model = MarianMTModel._from_config(config, attn_implementation=attention)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2 and parameter.requires_grad:
                parameter.normal_(std=width**-0.5)
                if "out_proj" in name or "fc2" in name:  # what is added to the stream starts small
                    parameter.mul_(0.5)
        start_at_neighbours(model)
    model.generation_config.max_length = MAX_WRITTEN
    model.generation_config.bad_words_ids = None
    model.generation_config.num_beams = 1
    return model


NEIGHBOURS = {"encoder": (-1, 1), "decoder": (-1, -2)}
"""Places that the first heads of the first layers start by reading, relative to their own."""
_GAIN = 2.5


@torch.no_grad()
def start_at_neighbours(model: Any) -> None:
    """Let two self-attention heads of the first encoder and of the first decoder layer begin at a neighbour.

    Left to itself a small model waits long before any head has found its neighbours
    (:func:`components.pretraining.architectures.start_attention` says more); here it learned about
    twice as fast with it. All of it is trained on: what the heads do at the end was learned.
    """
    config = model.config
    half, size = config.d_model // 2, config.d_model // config.encoder_attention_heads
    # The positions of Marian: sines in the first half of the vector, cosines in the second, fastest first.
    frequencies = 10_000.0 ** (-torch.arange(half) / half)
    chosen = torch.arange(min(size // 2, half))
    # What reads places is not to be led astray by symbols: these start elsewhere in the vector.
    model.model.shared.weight[:, torch.cat([chosen, half + chosen])] *= 0.1
    for tower, offsets in NEIGHBOURS.items():
        attention = getattr(model.model, tower).layers[0].self_attn
        for head, offset in enumerate(offsets[: config.encoder_attention_heads]):
            query, key = torch.zeros(size, 2 * half), torch.zeros(size, 2 * half)
            cosine, sine = (_GAIN * wave(frequencies[chosen] * offset) for wave in (torch.cos, torch.sin))
            key[2 * chosen, chosen] = key[2 * chosen + 1, half + chosen] = _GAIN
            # Sine and cosine of the place plus the offset, by the rule for sums.
            query[2 * chosen, chosen], query[2 * chosen, half + chosen] = cosine, sine
            query[2 * chosen + 1, half + chosen], query[2 * chosen + 1, chosen] = cosine, -sine
            own = slice(head * size, (head + 1) * size)
            attention.q_proj.weight[own], attention.k_proj.weight[own] = query, key


def build_optimizers(model: nn.Module, bf16: bool = False) -> list[torch.optim.Optimizer]:
    """[Muon over the weight matrices, AdamW over the embedding, norms and biases]."""
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    matrices = [p for name, p in trained if p.ndim == 2 and "shared" not in name]
    others = [p for name, p in trained if p.ndim != 2 or "shared" in name]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, MUON_RATE, bf16=bf16),
        torch.optim.AdamW(others, ADAMW_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["base_lr"] = group["lr"]
    return optimizers


def parts_by_length(lessons: Sequence[Lesson], parts: int = 4) -> list[list[Lesson]]:
    """The lessons of a step in a few parts of like length, so that little of a part is padding. Their gradients add up
    to the step's: whole batches of like length would pull the weights now to one kind of lesson, now to another."""
    ordered = sorted(lessons, key=lambda lesson: (len(lesson.target) // 12, len(lesson.source)))
    size = -(-len(ordered) // parts)
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Rows of ids as one tensor (rows, longest), filled up with padding."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def encode(model: Any, source: torch.Tensor, variant: Variant) -> tuple[torch.Tensor, torch.Tensor]:
    """(memory, its mask) that the decoder reads: (rows, source length, width), or one vector a row."""
    mask = (source != PAD).long()
    memory = model.model.encoder(input_ids=source, attention_mask=mask).last_hidden_state
    if variant == "one_vector":
        last = mask.sum(1) - 1  # the end symbol, which may gather everything before it
        return memory[torch.arange(len(source)), last][:, None], mask[:, :1]
    return memory, mask


def decode(
    model: Any, given: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor, variant: Variant
) -> torch.Tensor:
    """Logits (rows, target length, vocabulary) for what follows each symbol of ``given``."""
    own_mask = None
    if variant == "no_mask":  # four dimensions: taken as it is, so nothing is hidden but padding
        own_mask = (given != PAD)[:, None, None, :].expand(-1, 1, given.shape[1], -1)
    hidden = model.model.decoder(
        input_ids=given,
        attention_mask=own_mask,
        encoder_hidden_states=memory,
        encoder_attention_mask=mask,
        use_cache=False,
    ).last_hidden_state
    logits: torch.Tensor = model.lm_head(hidden)
    return logits


def batch_of(lessons: Sequence[Lesson]) -> tuple[torch.Tensor, torch.Tensor]:
    """(source ids, target ids with the start symbol before them), padded."""
    return padded([lesson.source_ids for lesson in lessons]), padded([[START, *lesson.target_ids] for lesson in lessons])  # fmt: skip


def losses_of(
    model: Any, lessons: Sequence[Lesson], variant: Variant, device: str = "cpu"
) -> tuple[torch.Tensor, float, int]:
    """(sum of the cross entropy in nats of the next symbols, how many came out right, how many there are), with the
    true symbols fed in."""
    source, target = (tensor.to(device) for tensor in batch_of(lessons))
    logits = decode(model, target[:, :-1], *encode(model, source, variant), variant).float()
    wanted = target[:, 1:]
    real = wanted != PAD
    loss = nn.functional.cross_entropy(logits[real], wanted[real], reduction="sum")
    return loss, (logits.argmax(-1) == wanted)[real].float().sum().item(), int(real.sum())


@torch.inference_mode()
def written(
    model: Any, lessons: Sequence[Lesson], variant: Variant, rows: int = 200
) -> list[tuple[str, ...]]:
    """What the model writes for each lesson, greedily, its own symbols fed back; without the end symbol."""
    texts: list[tuple[str, ...]] = []
    device = model.device
    for begin in range(0, len(lessons), rows):
        part = lessons[begin : begin + rows]
        memory, mask = encode(model, batch_of(part)[0].to(device), variant)
        given = torch.full((len(part), 1), START, device=device)
        open_rows = torch.ones(len(part), dtype=torch.bool, device=device)
        while open_rows.any() and given.shape[1] <= MAX_WRITTEN:
            following = decode(model, given, memory, mask, variant)[:, -1].argmax(-1)
            following[~open_rows] = PAD
            given = torch.cat([given, following[:, None]], 1)
            open_rows &= following != END
        for row in given[:, 1:].tolist():
            kept = row[: row.index(END)] if END in row else row
            texts.append(tuple(SYMBOLS[i] for i in kept))
    return texts


def exact_share(model: Any, lessons: Sequence[Lesson], variant: Variant = "full") -> float:
    """Share of lessons whose whole answer is right."""
    pairs = zip(written(model, lessons, variant), lessons, strict=True)
    return sum(text == lesson.target for text, lesson in pairs) / len(lessons)


@torch.inference_mode()
def right_field_shares(model: Any, lessons: Sequence[Lesson]) -> dict[str, float]:
    """Layer ("mean of its heads") or layer.head -> share of output digits whose strongest source symbol lies in the
    right field (day, month or year). The model must have eager attention; lessons are conversions of dates."""
    right: dict[str, list[bool]] = {}
    for begin in range(0, len(lessons), 100):
        part = lessons[begin : begin + 100]
        source, target = batch_of(part)
        output = model(
            input_ids=source,
            attention_mask=(source != PAD).long(),
            decoder_input_ids=target[:, :-1],
            output_attentions=True,
        )
        for row, lesson in enumerate(part):
            assert not isinstance(lesson.value, int)
            start = len(lesson.kind) + 2  # "iso: "
            fields = [""] * start + list(c.fields_of(c.write_date(lesson.value, lesson.source_form)))
            wanted = c.fields_of(c.write_date(lesson.value, lesson.kind))
            for layer, weights in enumerate(output.cross_attentions):  # (rows, heads, target, source)
                own = weights[row, :, :, : len(fields)]
                for name, matrix in (
                    (str(layer), own.mean(0)),
                    *((f"{layer}.{head}", own[head]) for head in range(len(own))),
                ):
                    strongest = matrix.argmax(-1).tolist()
                    right.setdefault(name, []).extend(
                        fields[strongest[at]] == field
                        for at, field in enumerate(wanted)
                        if field and lesson.target[at].isdigit()
                    )
    return {name: float(np.mean(values)) for name, values in right.items()}


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0  # processor time of training, without measuring
    loss: float = 0.0  # running mean


class Run:
    """One run in a folder: ``run.json`` (settings), ``state.pt`` (resume here), ``history.jsonl``."""

    def __init__(self, folder: Path, settings: Settings, machine: Machine) -> None:
        machine = replace(machine, compiled=False)  # nothing here is: every batch has a shape of its own
        self.folder, self.settings, self.machine = folder, settings, machine
        folder.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(machine.threads)
        fast = machine.bf16 and machine.device == "cpu"
        self.model = build_model(settings, register_training_attention() if fast else "sdpa").to(
            machine.device
        )
        self.optimizers = build_optimizers(self.model, machine.bf16)
        self.progress = Progress()
        if settings.begin:
            self.model.load_state_dict(trained_model(folder.parent / settings.begin)[1].state_dict())
        path = folder / "run.json"
        new = asdict(settings)
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != new:
            raise TrainingError(f"{folder} holds a run with other settings; choose another --name")
        _write(path, json.dumps(new, indent=2) + "\n")
        if (folder / "state.pt").exists():
            state = torch.load(folder / "state.pt", map_location=machine.device, weights_only=True)
            self.model.load_state_dict(state["model"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.progress = Progress(**state["progress"])
        entries = [entry for entry in read_history(folder) if entry["tokens"] <= self.progress.tokens]
        _write(folder / "history.jsonl", "".join(json.dumps(entry) + "\n" for entry in entries))

    def save(self) -> None:
        """Write the whole state, all or nothing."""
        temporary = self.folder / "state.partial"
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "progress": asdict(self.progress),
                "hardware": self.machine.describe(),
            },
            temporary,
        )
        temporary.replace(self.folder / "state.pt")

    def train(self, *, save_every_s: float = 120.0) -> bool:
        """Train to the end of the budget. Returns False when a signal stopped it; the state is saved either way."""
        s, progress = self.settings, self.progress
        moments = [point for point in s.record_at() if point > progress.tokens]
        fills = _spread("fill", 36) if s.fill_share else []
        measured = [*_spread("date", 36), *fills, *_spread("number", 36)]
        autocast = torch.autocast(self.machine.device, torch.bfloat16) if self.machine.bf16 else nullcontext()
        last_save = time.monotonic()
        with (
            _stop_signals() as stop,
            tqdm(
                total=s.total_tokens,
                initial=min(progress.tokens, s.total_tokens),
                unit="tok",
                unit_scale=True,
                desc=self.folder.name,
                mininterval=0.5 if sys.stderr.isatty() else 30,
            ) as bar,
        ):
            while progress.tokens < s.total_tokens and not stop.asked:
                begun = time.process_time()
                rng = random.Random(f"{s.begin}{s.seed} {progress.step}")
                lessons = [draw_lesson(rng, s.fill_share) for _ in range(s.batch_lessons)]
                symbols = sum(len(lesson.target_ids) for lesson in lessons)
                set_rate(self.optimizers, s.peak * s.schedule.factor(progress.tokens))
                number = 0.0
                for part in parts_by_length(lessons):
                    with autocast:
                        loss, _, _ = losses_of(self.model, part, s.variant, self.machine.device)
                    (loss / symbols).backward()
                    number += loss.item() / symbols
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                for optimizer in self.optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                before, progress.tokens = progress.tokens, progress.tokens + count_tokens(lessons)
                progress.step += 1
                progress.loss = number if progress.step == 1 else 0.95 * progress.loss + 0.05 * number
                progress.seconds += time.process_time() - begun
                bar.update(progress.tokens - before)
                bar.set_postfix(loss=f"{progress.loss:.3f}", refresh=False)
                if moments and progress.tokens >= moments[0]:
                    while moments and progress.tokens >= moments[0]:
                        moments.pop(0)
                    self._record(measured)
                if time.monotonic() - last_save > save_every_s:
                    self.save()
                    last_save = time.monotonic()
        self.save()
        return progress.tokens >= s.total_tokens

    def _record(self, lessons: Sequence[Lesson]) -> None:
        """One line of the history: loss, and on held-out lessons next symbols right (fed the truth) and whole answers."""
        self.model.eval()
        with torch.inference_mode():
            _, right, symbols = losses_of(self.model, lessons, self.settings.variant, self.machine.device)
        answers = written(self.model, lessons, self.settings.variant)
        exact: dict[str, list[bool]] = {}
        for text, lesson in zip(answers, lessons, strict=True):
            kind = "fill" if lesson.kind == "fill" else "number" if isinstance(lesson.value, int) else "date"
            exact.setdefault(kind, []).append(text == lesson.target)
        self.model.train()
        entry = {
            "step": self.progress.step,
            "tokens": self.progress.tokens,
            "seconds": round(self.progress.seconds, 1),
            "loss": round(self.progress.loss, 4),
            "symbols_right": round(right / symbols, 4),
            "exact": {kind: round(float(np.mean(values)), 4) for kind, values in exact.items()},
        }
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def _spread(kind: str, count: int) -> list[Lesson]:
    """Held-out lessons; "number" takes its three tasks in turn."""
    if kind != "number":
        return held_out_lessons(kind, count)
    each = count // len(c.NUMBER_TASKS)
    return [lesson for task in c.NUMBER_TASKS for lesson in held_out_lessons(task, each)]


def count_tokens(lessons: Sequence[Lesson]) -> int:
    """Symbols that the encoder reads and that the decoder writes, with the end symbols."""
    return sum(len(lesson.source) + len(lesson.target) + 2 for lesson in lessons)


def read_settings(folder: Path) -> Settings:
    """Settings of a run folder."""
    path = folder / "run.json"
    if not path.exists():
        raise TrainingError(f"{folder}: no run here; train one first")
    return Settings(**json.loads(path.read_text(encoding="utf-8")))


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Lines of history.jsonl in order."""
    path = folder / "history.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def trained_model(folder: Path) -> tuple[Settings, Any, Progress, str]:
    """(settings, model in float32 with eager attention, progress, hardware) of a finished run.

    Raises ``TrainingError`` if there is none or it is not at its end.
    """
    settings = read_settings(folder)
    path = folder / "state.pt"
    if not path.exists():
        raise TrainingError(f"{path}: no saved state; train for a while first")
    state = torch.load(path, map_location="cpu", weights_only=True)
    progress = Progress(**state["progress"])
    if progress.tokens < settings.total_tokens:
        raise TrainingError(
            f"{folder}: {progress.tokens:,} of {settings.total_tokens:,} tokens; go on with it first"
        )
    model = build_model(settings, "eager")
    model.load_state_dict(state["model"])
    return settings, model.eval(), progress, str(state["hardware"])
