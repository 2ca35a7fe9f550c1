"""The steps of the command line that make the text-to-text model and record its variants."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.pretraining.text_to_text import Settings

REPOSITORY = Path(__file__).parents[2]
NAME = "pocket-transformer"
STUDY = REPOSITORY / "assets" / "traces" / "transformer" / "encoder_decoder_variants.json"


def add_steps(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register the steps ``text-to-text``, ``text-to-text-export`` and ``text-to-text-study``."""
    train = steps.add_parser(
        "text-to-text",
        help="train the encoder-decoder that converts dates and numbers, or go on with it",
        description="Train the text-to-text Transformer; it makes its own lessons. The same command again resumes.",
    )
    _add_training(train, tokens=5e6, fill_share=0.4)
    train.add_argument("--name", default=NAME, help="name of the run (%(default)s)")
    train.add_argument(
        "--begin", default="", help="name of a finished run whose weights this one starts from"
    )
    train.add_argument("--peak", type=float, default=1.0, help="of the learning rates (%(default)s)")
    train.add_argument("--decay-share", type=float, default=0.4, help="last part, in which the rates fall")
    train.set_defaults(run=_run_train)

    export = steps.add_parser(
        "text-to-text-export", help="measure the trained model and write it with its card"
    )
    export.add_argument("--name", default=NAME, help="name of the run (%(default)s)")
    export.add_argument(
        "--to", type=Path, help="target folder (assets/models/NAME); what is there is replaced"
    )
    export.add_argument("--count", type=int, default=1000, help="held-out lessons a measurement takes")
    export.set_defaults(run=_run_export)

    study = steps.add_parser(
        "text-to-text-study",
        help="record the same model without its mask, and with its encoder squeezed to one vector",
    )
    _add_training(study, tokens=6e5, fill_share=0.0)
    study.add_argument("--out", type=Path, default=STUDY)
    study.add_argument("--count", type=int, default=400, help="held-out lessons a task")
    study.set_defaults(run=_run_study)


def _add_training(parser: argparse.ArgumentParser, *, tokens: float, fill_share: float) -> None:
    parser.add_argument("--tokens", type=float, default=tokens, help="budget in symbols (%(default)g)")
    parser.add_argument(
        "--fill-share", type=float, default=fill_share, help="share of gap lines (%(default)s)"
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument(
        "--layers", type=int, default=2, help="of the encoder, and of the decoder (%(default)s)"
    )
    parser.add_argument("--batch-lessons", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("auto", "float32", "bf16"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (%(default)s)")


def _run_train(options: argparse.Namespace) -> int:
    from components.pretraining.text_to_text import Run, Settings
    from components.pretraining.training import Machine

    machine = Machine.choose(options.device, options.precision, options.threads)
    first = Settings(1, begin=options.begin, peak=options.peak, decay_share=options.decay_share)
    run = Run(options.work / "runs" / options.name, _settings(options, first), machine)
    print(f"{run.folder}: {run.settings.total_tokens:,} symbols on {run.machine.describe()}", flush=True)
    return 0 if run.train() else 3


def _settings(options: argparse.Namespace, base: "Settings") -> "Settings":
    return replace(
        base,
        total_tokens=int(options.tokens),
        fill_share=options.fill_share,
        width=options.width,
        num_layers=options.layers,
        batch_lessons=options.batch_lessons,
        seed=options.seed,
    )


def _run_export(options: argparse.Namespace) -> int:
    from components.pretraining.text_to_text_export import export_run

    target = options.to or REPOSITORY / "assets" / "models" / options.name
    measured = export_run(options.work / "runs" / options.name, target, count=options.count)
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f"{target}: {size / 1e6:.1f} MB, dates {measured['dates']:.1%}, gaps {measured['fill']:.1%}")
    return 0


def _run_study(options: argparse.Namespace) -> int:
    from components.pretraining.text_to_text import Settings
    from components.pretraining.text_to_text_export import record_variants
    from components.pretraining.training import Machine

    machine = Machine.choose(options.device, options.precision, options.threads)
    settings = _settings(options, Settings(1))
    return 0 if record_variants(options.work, options.out, settings, machine, count=options.count) else 3
