"""Every bundled model this program makes, in the order in which it should: what, how long, how large, what it replaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.pretraining.architectures import SIZES, build_model

MAX_TOTAL_MB, MAX_FILE_MB = 100.0, 10.0
# Measured: tokens per second of processor time, one thread of an AMD EPYC with avx512_bf16; nano-bert's is a guess from the others.
TOKENS_PER_SECOND = {("gpt", "pocket"): 7600, ("bert", "pocket"): 8500, ("gpt", "nano"): 36_000, ("bert", "nano"): 36_000, ("albert", "nano"): 30_000}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One run: its arguments for the step ``train``, and how many sets of weights ship."""

    name: str
    kind: str
    size: str
    tokens: int
    options: tuple[str, ...]
    language: str = "en"
    shipped_snapshots: int = 0

    @property
    def minutes(self) -> float:
        """Estimated minutes of one undisturbed thread."""
        return self.tokens / TOKENS_PER_SECOND[self.kind, self.size] / 60

    @property
    def folder(self) -> str:
        """Where it lies below the folder of models."""
        return f"after_bert/{self.name}" if self.kind == "albert" else self.name

    def train_arguments(self) -> list[str]:
        """Arguments of the step ``train``."""
        language = [] if self.language == "en" else ["--language", self.language]
        return ["train", self.kind, "--size", self.size, "--name", self.name, *language, "--tokens", str(self.tokens), *self.options, "--threads", "1"]  # fmt: skip

    def megabytes(self) -> tuple[float, float]:
        """(one weights file, everything that ships) in fp16, without cards and tokenizers."""
        model = build_model(self.kind, SIZES[self.size], 0)
        numbers = {id(parameter): parameter.numel() for parameter in model.parameters()}
        file = 2 * sum(numbers.values()) / 1e6
        return file, file * (1 + self.shipped_snapshots)


_GPT = ("--warmup-tokens", "200000", "--batch-tokens", "4096", "--decay-share", "0.3", "--snapshots", "12")
_BERT = ("--warmup-tokens", "200000", "--batch-tokens", "8192", "--decay-share", "0.4", "--snapshots", "12")
_NANO = ("--warmup-tokens", "100000", "--batch-tokens", "4096", "--decay-share", "0.3", "--snapshots", "12")
PLANS = (
    Plan("pocket-gpt", "gpt", "pocket", 50_000_000, _GPT, shipped_snapshots=1),
    Plan("pocket-bert", "bert", "pocket", 50_000_000, _BERT, shipped_snapshots=1),
    Plan("nano-gpt", "gpt", "nano", 12_000_000, _NANO, shipped_snapshots=12),
    Plan("nano-bert", "bert", "nano", 12_000_000, (*_NANO, "--weight-decay", "0.1"), shipped_snapshots=12),
    Plan(
        "nano-albert",
        "albert",
        "nano",
        12_000_000,
        (*_NANO, "--weight-decay", "0.1", "--early-tokens", "7000000", "--early-masking", "0.4"),
    ),
    Plan("pocket-gpt-ko", "gpt", "pocket", 25_000_000, _GPT, "ko"),
    Plan("pocket-bert-ko", "bert", "pocket", 25_000_000, _BERT, "ko"),
)


@dataclass(frozen=True)
class Further:
    """What is made from a model of the plan by steps of its own: their arguments, in order; minutes as measured."""

    name: str
    of: str
    steps: tuple[tuple[str, ...], ...]
    minutes: float


FURTHER = (
    Further(
        "nano-electra",
        "nano-bert",
        (("electra", "started"), ("electra", "scratch"), ("electra-export",), ("fine-tuning", "electra")),
        10,
    ),
    Further("albert-study", "nano-albert", (("albert-study",),), 5),
)


def other_megabytes(models: Path, names: Sequence[str]) -> dict[str, float]:
    """Megabytes of the bundled models that are not in ``names``: other steps make them."""
    found: dict[str, float] = {}
    for path in sorted(models.rglob("*")):
        parts = path.relative_to(models).parts
        name = parts[0]
        if path.is_file() and not set(parts) & set(names):
            found[name] = found.get(name, 0.0) + path.stat().st_size / 1e6
    return found


def plan_text(models: Path, replaced: dict[str, list[str]], plans: Sequence[Plan] = PLANS) -> str:
    """The plan as lines of text; ``replaced`` are the files computed with each model. Says so where a limit is passed."""
    lines, total, problems = [], 0.0, []
    for plan in plans:
        file, everything = plan.megabytes()
        total += everything
        if file > MAX_FILE_MB:
            problems.append(f"{plan.name}: {file:.1f} MB in one file, more than {MAX_FILE_MB:.0f}")
        lines.append(
            f"{plan.name}: {plan.tokens / 1e6:.0f} million tokens, about {plan.minutes:.0f} minutes of one thread; "
            f"{file:.1f} MB a file, {everything:.1f} MB in all"
        )
        lines.append(f"  python -m components.pretraining {' '.join(plan.train_arguments())}")
        files = replaced.get(plan.name, [])
        lines.append(f"  replaces {len(files)} files: {', '.join(files)}" if files else "  replaces no file")
    for further in FURTHER:
        if further.of in [plan.name for plan in plans]:
            lines.append(
                f"{further.name}: from {further.of}, about {further.minutes:.0f} minutes of one thread"
            )
            lines += [f"  python -m components.pretraining {' '.join(step)}" for step in further.steps]
    for name, megabytes in other_megabytes(models, [plan.name for plan in plans]).items():
        total += megabytes
        lines.append(f"{name}: made by a step of its own; {megabytes:.1f} MB")
    minutes = sum(plan.minutes for plan in plans)
    minutes += sum(f.minutes for f in FURTHER if f.of in [plan.name for plan in plans])
    lines.append(
        f"together: {minutes / 60:.1f} hours of one thread, {total:.1f} MB (at most {MAX_TOTAL_MB:.0f})"
    )
    if total > MAX_TOTAL_MB:
        problems.append(f"together {total:.1f} MB, more than {MAX_TOTAL_MB:.0f}")
    return "\n".join([*lines, *(f"TOO LARGE: {problem}" for problem in problems)])
