"""Make the bundled models: ``python -m components.pretraining STEP --help``."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.pretraining import (
    albert_study,
    alignment,
    electra,
    fine_tuning,
    instructions,
    jump_study,
    norm_study,
    preferences,
    scaling_study,
    text_to_text_steps,
    word_codes,
)
from components.pretraining.corpus import CorpusError, Source, corpus_sha256, read_corpus

DEFAULT_WORK = Path("~/.cache/glassbox/pretraining")
DEFAULT_SOURCES = {
    "en": ["simple_stories_en:4", "more_stories_en:2", "childrens_books_en", "graded_news_en"],
    "ko": ["everyday_ko:6", "stories_ko:6", "sentences_ko", "reviews_ko:0.4", "wikipedia_ko"],
}
VOCABULARY_SIZES = {"en": [2048, 8192], "ko": [8192]}
COMPILED_FROM_TOKENS = 200_000  # compiling takes the time of about this many tokens of the pocket twins
REPOSITORY = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run one step; returns the exit status (0 done, 1 a clear error, 3 interrupted with its state saved)."""
    parser = argparse.ArgumentParser(prog="python -m components.pretraining", description=__doc__)
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="folder for packed text and run states (%(default)s)")  # fmt: skip
    steps = parser.add_subparsers(dest="step", required=True)
    _add_tokenizers(steps)
    _add_pack(steps)
    _add_train(steps)
    _add_masking_study(steps)
    _add_decoding_study(steps)
    _add_evaluate(steps)
    _add_export(steps)
    word_codes.add_step(steps, REPOSITORY)
    fine_tuning.add_step(steps, REPOSITORY)
    alignment.add_step(steps, REPOSITORY)
    preferences.add_step(steps, REPOSITORY)
    instructions.add_step(steps, REPOSITORY)
    norm_study.add_step(steps, REPOSITORY)
    scaling_study.add_step(steps, REPOSITORY)
    jump_study.add_step(steps, REPOSITORY)
    text_to_text_steps.add_steps(steps)
    electra.add_steps(steps, REPOSITORY)
    albert_study.add_step(steps, REPOSITORY)
    _add_moments(steps)
    _add_all(steps)
    _add_replace(steps)
    options = parser.parse_args(arguments)
    options.work = options.work.expanduser()
    from components.pretraining.training import TrainingError

    try:
        status: int = options.run(options)
    except (CorpusError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


def _add_corpus_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument(
        "--source",
        action="append",
        metavar="NAME[:REPEATS]",
        help="file to use and how often an epoch goes through it (or, below 1, which part of it); may be given several times "
        f"(en: {' '.join(DEFAULT_SOURCES['en'])}; ko: {' '.join(DEFAULT_SOURCES['ko'])})",
    )
    _add_language(parser)


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", choices=tuple(DEFAULT_SOURCES), default="en", help="of the text and the vocabulary (%(default)s)")  # fmt: skip


def _sources(options: argparse.Namespace) -> list[Source]:
    return [Source.parse(text) for text in options.source or DEFAULT_SOURCES[options.language]]


def _add_tokenizers(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser("tokenizers", help="train the byte-level BPE and WordPiece vocabularies")
    _add_corpus_options(parser)
    parser.add_argument("--vocab-size", type=int, action="append", help="may be given several times (en: 2048 8192; ko: 8192)")  # fmt: skip
    parser.set_defaults(run=_run_tokenizers)


def _run_tokenizers(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from components.pretraining.vocabularies import (
        train_byte_level_bpe,
        train_wordpiece,
        unknown_share,
        vocabulary_name,
    )

    train, held_out = read_corpus(options.corpus, _sources(options))
    folder = options.work / "tokenizers"
    folder.mkdir(parents=True, exist_ok=True)
    sizes = options.vocab_size or VOCABULARY_SIZES[options.language]
    for kind, size in tqdm([(kind, size) for size in sizes for kind in ("gpt", "bert")], desc="tokenizers"):
        texts = (document.text for document in train for _ in range(document.repeats))
        if kind == "gpt":
            tokenizer = train_byte_level_bpe(texts, size)
        else:
            tokenizer = train_wordpiece(texts, size, options.language)
        path = folder / f"{vocabulary_name(kind, size, options.language)}.json"
        tokenizer.save(str(path))
        unknown = unknown_share(tokenizer, [document.text for document in held_out])
        tqdm.write(f"{path}: {tokenizer.get_vocab_size():,} tokens; [UNK] {unknown:.3%} of held-out words")
    return 0


def _add_pack(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser("pack", help="turn the corpus into token arrays, with held-out documents apart")
    _add_corpus_options(parser)
    parser.set_defaults(run=_run_pack)


def _run_pack(options: argparse.Namespace) -> int:
    from tokenizers import Tokenizer
    from tqdm import tqdm

    from components.pretraining.packing import pack_documents, write_summary
    from components.pretraining.vocabularies import unknown_share, vocabulary_name

    sources = _sources(options)
    train, held_out = read_corpus(options.corpus, sources)
    if len(held_out) < 2 or len(train) < 2:
        raise CorpusError(
            f"{options.corpus}: {len(train)} documents to train on and {len(held_out)} held out; "
            "two of each are needed, and 2 in 100 are held out, so give a few hundred documents"
        )
    paths = [
        path
        for path in sorted((options.work / "tokenizers").glob("*.json"))
        if path.stem == vocabulary_name(*_kind_and_size(path.stem), options.language)
    ]
    if not paths:
        raise CorpusError(f"{options.work}: no tokenizers here; run the step 'tokenizers' first")
    digests = corpus_sha256(options.corpus, sources)
    for path in tqdm(paths, desc="pack"):
        tokenizer = Tokenizer.from_file(str(path))
        folder = options.work / "packed" / path.stem
        by_sentence = path.stem.startswith("bert")
        packed = pack_documents(train, tokenizer, by_sentence=by_sentence)
        kept = pack_documents([replace(d, repeats=1) for d in held_out], tokenizer, by_sentence=by_sentence)
        packed.save(folder / "train.npz")
        kept.save(folder / "held_out.npz")
        write_summary(
            folder / "summary.json",
            sources={source.name: source.repeats for source in sources},
            sha256=digests,
            train={"documents": len(train), "bytes": packed.num_bytes, "tokens": len(packed.tokens), "tokens_per_epoch": packed.epoch_tokens},
            held_out={"documents": len(held_out), "bytes": kept.num_bytes, "tokens": len(kept.tokens), "unknown_words": unknown_share(tokenizer, [document.text for document in held_out])},
        )  # fmt: skip
        tqdm.write(f"{folder}: {len(packed.tokens):,} tokens, {packed.epoch_tokens:,} per epoch, {len(kept.tokens):,} held out")  # fmt: skip
    return 0


def _kind_and_size(stem: str) -> tuple[str, int]:
    kind, *_, size = stem.split("-")
    return kind, int(size)


def _add_train(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from components.pretraining.architectures import SIZES

    parser = steps.add_parser(
        "train",
        help="train a model, or go on with it",
        description="Train a model. The same command again resumes; a larger budget goes on from the last state at the full rate and decays again.",
    )
    parser.add_argument("kind", choices=("gpt", "bert", "albert"))
    parser.add_argument("--size", choices=tuple(SIZES), default="pocket")
    parser.add_argument("--name", help="name of the run (SIZE-KIND, in Korean SIZE-KIND-ko)")
    _add_language(parser)
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--tokens", type=float, help="budget in tokens, for example 30e6")
    budget.add_argument("--minutes", type=float, help="budget in minutes; it chooses the number of tokens, for a new run")  # fmt: skip
    parser.add_argument("--from", type=Path, dest="start", metavar="FOLDER", help="a new run starts from the weights of an exported model of the same shape, text and vocabulary")  # fmt: skip
    parser.add_argument("--warmup-tokens", type=float, default=5e5)
    parser.add_argument("--decay-share", type=float, default=0.3, help="last part of the budget, in which the rate falls")  # fmt: skip
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--snapshots", type=int, default=0, help="how many weights to keep, evenly on a logarithmic scale")  # fmt: skip
    parser.add_argument("--weight-decay", type=float, help="of the matrices (BERT 0.3, GPT 0)")
    parser.add_argument(
        "--neighbour-layers",
        type=int,
        default=1,
        help="BERT's layers in which some heads start at a neighbour (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0)
    trials = parser.add_argument_group("what may help a BERT with few tokens")
    trials.add_argument("--masking", type=float, help="share of the tokens that is predicted (0.15)")
    trials.add_argument("--whole-words", action="store_true", help="mask all pieces of a word or none")
    trials.add_argument("--early-tokens", type=float, default=0, help="length of a first part of the run ...")
    trials.add_argument("--early-masking", type=float, help="... in which another share is predicted")
    trials.add_argument(
        "--early-short", action="store_true", help="... in which only the shortest rows are used"
    )
    trials.add_argument(
        "--next-sentence-share",
        type=float,
        default=1.0,
        help="share of the steps that learn the next sentence too (%(default)s)",
    )
    _add_machine_options(parser)
    parser.set_defaults(run=_run_train)


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("auto", "float32", "bf16"), default="auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (all cores)")


def _run_train(options: argparse.Namespace) -> int:
    from components.pretraining.architectures import SIZES
    from components.pretraining.optimizers import MATRIX_WEIGHT_DECAY
    from components.pretraining.packing import PackedDocuments
    from components.pretraining.training import (
        LENGTHS,
        Machine,
        Masking,
        Run,
        RunSettings,
        TrainingError,
        read_run,
        tokens_for_minutes,
    )
    from components.pretraining.vocabularies import continuing_tokens, vocabulary_name

    size = SIZES[options.size]
    machine = Machine.choose(options.device, options.precision, options.threads)
    suffix = "" if options.language == "en" else f"-{options.language}"
    folder = options.work / "runs" / (options.name or f"{options.size}-{options.kind}{suffix}")
    vocabulary = vocabulary_name(options.kind, size.vocab_size, options.language)
    packed_folder = options.work / "packed" / vocabulary
    packed = PackedDocuments.load(packed_folder / "train.npz")
    held_out = PackedDocuments.load(packed_folder / "held_out.npz")
    tokenizer = options.work / "tokenizers" / f"{vocabulary}.json"
    continues = continuing_tokens(tokenizer) if options.whole_words else None
    settings = RunSettings(
        kind=options.kind,
        size=size,
        total_tokens=int(options.tokens or 1),
        warmup_tokens=int(options.warmup_tokens),
        decay_share=options.decay_share,
        batch_tokens=options.batch_tokens,
        lengths=LENGTHS[options.kind, options.size.partition("-")[0]],
        seed=options.seed,
        num_snapshots=options.snapshots,
        neighbour_layers=options.neighbour_layers,
        language=options.language,
        masking=Masking(
            Masking.mlm_probability if options.masking is None else options.masking,
            whole_words=options.whole_words,
        ),
        early_tokens=int(options.early_tokens),
        early_mlm_probability=options.early_masking,
        early_short=options.early_short,
        next_sentence_share=options.next_sentence_share,
        weight_decay=MATRIX_WEIGHT_DECAY[options.kind]
        if options.weight_decay is None
        else options.weight_decay,
    )
    if options.tokens is None:
        if (folder / "run.json").exists():
            settings = replace(settings, total_tokens=read_run(folder).total_tokens)
        elif options.minutes is None:
            raise TrainingError("a new run needs a budget: --tokens or --minutes")
        else:
            total = tokens_for_minutes(options.minutes, settings, machine, packed, continues)
            settings = replace(settings, total_tokens=total)
    if settings.total_tokens < COMPILED_FROM_TOKENS:
        machine = replace(machine, compiled=False)
    print(f"{folder}: {settings.total_tokens:,} tokens on {machine.describe()}", flush=True)
    run = Run(folder, settings, machine)
    if options.start and run.progress.step == 0:  # a run in progress goes on from its own state
        run.start_from(options.start, tokenizer, _packed_summary(options.work, vocabulary))
    return 0 if run.train(packed, held_out, continues=continues) else 3


def _add_masking_study(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "masking-study",
        help="nano BERTs that differ only in their masking, measured on small tasks",
        description="Train and measure rows of the study in a fixed order. The same command again goes on; rows not run are marked in the CSV.",
    )
    parser.add_argument(
        "--labelled",
        type=Path,
        required=True,
        help="folder with ner_wnut17, nli_sick and sentiment_rt as TSV",
    )
    parser.add_argument(
        "--tokens", type=float, default=3e6, help="tokens of each pre-training run (%(default)g)"
    )
    parser.add_argument("--seeds", type=int, default=1, help="seeds per row (%(default)s)")
    parser.add_argument("--minutes", type=float, help="begin no row that would not be done by then")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "assets" / "facts" / "masking_study.csv")
    _add_machine_options(parser)
    parser.set_defaults(run=_run_masking_study)


def _run_masking_study(options: argparse.Namespace) -> int:
    from components.pretraining.masking_study import run_study
    from components.pretraining.training import Machine

    machine = Machine.choose(options.device, options.precision, options.threads)
    measured = run_study(
        options.work,
        options.labelled,
        options.out,
        tokens=int(options.tokens),
        num_seeds=options.seeds,
        machine=machine,
        minutes=options.minutes,
    )
    print(f"{options.out}: {measured} rows measured")
    return 0


def _add_decoding_study(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "decoding-study",
        help="ways of choosing the next token, measured with a finished GPT on held-out stories",
        description="Continue held-out stories with every strategy and write one line of numbers each.",
    )
    parser.add_argument("--folder", type=Path, required=True, help="the model's folder")
    parser.add_argument("--corpus", type=Path, required=True, help="the folder the text was packed from")
    parser.add_argument("--source", action="append", required=True, help="NAME, a corpus file")
    parser.add_argument("--texts", type=int, default=32, help="stories (%(default)s)")
    parser.add_argument("--prompt", type=int, default=32, help="tokens of each beginning (%(default)s)")
    parser.add_argument("--tokens", type=int, default=96, help="tokens written (%(default)s)")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "assets" / "facts" / "decoding_study.csv")
    parser.set_defaults(run=_run_decoding_study)


def _run_decoding_study(options: argparse.Namespace) -> int:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from components.pretraining.decoding_study import beginnings, save, study

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(
        options.folder, local_files_only=True, dtype=torch.float32
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(options.folder, local_files_only=True)
    _, held_out = read_corpus(options.corpus, [Source.parse(name) for name in options.source])
    texts = beginnings(
        held_out, lambda text: tokenizer(text).input_ids, options.texts, options.prompt, options.tokens
    )
    save(study(model, texts, [model.config.eos_token_id]), options.out)
    print(f"{options.out}: {len(texts)} stories")
    return 0


def _add_evaluate(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "evaluate", help="measure a run, or a folder in Hugging Face format, on held-out text"
    )
    parser.add_argument("name", nargs="?", help="name of the run")
    parser.add_argument(
        "--folder", type=Path, help="a causal model's folder instead of a run; prints bits per byte"
    )
    parser.add_argument("--corpus", type=Path, required=True, help="the folder the text was packed from")
    parser.add_argument(
        "--five-gram",
        action="store_true",
        help="also count a Kneser-Ney 5-gram model (memory: about 1 GB per 10 million tokens)",
    )
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (all cores)")
    parser.set_defaults(run=_run_evaluate)


def _run_evaluate(options: argparse.Namespace) -> int:
    import json
    import os

    import torch

    from components.pretraining.evaluation import evaluate_run, text_losses
    from components.pretraining.training import TrainingError

    torch.set_num_threads(options.threads or os.cpu_count() or 1)
    if (options.name is None) == (options.folder is None):
        raise TrainingError("give the name of a run, or --folder")
    if options.folder:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        summary = _packed_summary(options.work, "gpt-8192")
        _, held_out = read_corpus(options.corpus, [Source(*item) for item in summary["sources"].items()])
        model = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(options.folder)
        result = text_losses(model, tokenizer, [d.text for d in held_out], model.config.n_positions)
        print(json.dumps(result, indent=2))
        return 0
    folder = options.work / "runs" / options.name
    evaluation = evaluate_run(folder, options.work, options.corpus, five_gram=options.five_gram)
    (folder / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n", encoding="utf-8")
    shown = {key: value for key, value in evaluation.items() if key not in ("heads", "samples", "snapshots")}
    print(json.dumps(shown, indent=1))
    return 0


def _packed_summary(work: Path, name: str) -> dict[str, Any]:
    import json

    path = work / "packed" / name / "summary.json"
    if not path.exists():
        raise CorpusError(f"{path}: no packed text here; run the step 'pack' first")
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return summary


def _add_export(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "export", help="write a measured run as a Hugging Face folder with its model card"
    )
    parser.add_argument("name", help="name of the run")
    parser.add_argument(
        "--to",
        type=Path,
        help="target folder (assets/models/NAME, of an ALBERT assets/models/after_bert/NAME); what is there is replaced",
    )
    parser.add_argument("--snapshot", type=int, action="append", metavar="STEP", help="ship only these kept weights; -1 for none (all)")  # fmt: skip
    parser.set_defaults(run=_run_export)


def _run_export(options: argparse.Namespace) -> int:
    from tokenizers import Tokenizer

    from components.pretraining.export import export_run
    from components.pretraining.training import read_run

    folder = options.work / "runs" / options.name
    settings = read_run(folder)
    packed = settings.vocabulary
    tokenizer = Tokenizer.from_file(str(options.work / "tokenizers" / f"{packed}.json"))
    beside = "after_bert" if settings.kind == "albert" else ""  # no page but its own can use it
    target = options.to or REPOSITORY / "assets" / "models" / beside / options.name
    files = export_run(folder, tokenizer, _packed_summary(options.work, packed), target, options.snapshot)
    size = sum((target / name).stat().st_size for name in files)
    print(f"{target}: {len(files)} files, {size / 1e6:.1f} MB")
    return 0


def _add_moments(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "moments",
        help="record what a run did at the moments whose weights were kept (--snapshots): loss, probes, samples, attention",
    )
    parser.add_argument("name", help="name of the run")
    parser.add_argument("--model", type=Path, help="folder of the exported model the file belongs to (assets/models/NAME)")  # fmt: skip
    parser.add_argument("--to", type=Path, required=True, help="file to write (.npz, at most 1 MB)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (all cores)")
    parser.set_defaults(run=_run_moments)


def _run_moments(options: argparse.Namespace) -> int:
    import os

    import torch
    from tokenizers import Tokenizer

    from components.lm.training.cloze import LARGE_PROBES_PATH, load_probes
    from components.pretraining.moments import record_moments
    from components.pretraining.packing import PackedDocuments
    from components.pretraining.training import TrainingError, read_run, weights_sha256
    from components.pretraining.vocabularies import for_transformers

    torch.set_num_threads(options.threads or os.cpu_count() or 1)
    folder = options.work / "runs" / options.name
    settings = read_run(folder)
    model = options.model or REPOSITORY / "assets" / "models" / options.name
    if not (model / "model.safetensors").exists():
        raise TrainingError(f"{model}: no exported model there; run the step 'export' first")
    learned = Tokenizer.from_file(str(options.work / "tokenizers" / f"{settings.vocabulary}.json"))
    size = record_moments(
        folder,
        for_transformers(learned, settings.kind, settings.size.context(settings.kind)),
        PackedDocuments.load(options.work / "packed" / settings.vocabulary / "held_out.npz"),
        load_probes(LARGE_PROBES_PATH) if settings.language == "en" else (),
        options.to,
        of=(options.name, f"sha256:{weights_sha256(model)}"),
    )
    print(f"{options.to}: {size:,} bytes")
    return 0


def _add_all(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "all",
        help="make every bundled model that this program trains, one after the other",
        description="Train, measure and export every model of the plan. The same command again goes on; a finished run is not trained again.",
    )
    parser.add_argument("--corpus", type=Path, help="folder of .txt or .txt.xz files (not needed for --plan)")
    parser.add_argument("--plan", action="store_true", help="only print what would be run, how long it takes and what it replaces")  # fmt: skip
    parser.add_argument("--only", action="append", metavar="NAME", help="only this model; may be given several times")  # fmt: skip
    parser.add_argument("--to", type=Path, help="folder for the exported models (assets/models)")
    parser.set_defaults(run=_run_all)


def _run_all(options: argparse.Namespace) -> int:
    from components.pretraining.plan import FURTHER, PLANS, plan_text
    from components.pretraining.replacement import MODELS, files_of

    unknown = set(options.only or ()) - {plan.name for plan in PLANS}
    if unknown:
        raise CorpusError(f"{', '.join(sorted(unknown))}: not in the plan ({', '.join(plan.name for plan in PLANS)})")  # fmt: skip
    plans = [plan for plan in PLANS if not options.only or plan.name in options.only]
    replaced = {plan.name: [path.relative_to(REPOSITORY).as_posix() for path in files_of(plan.name)] for plan in plans}  # fmt: skip
    print(plan_text(MODELS, replaced, plans), flush=True)
    if options.plan:
        return 0
    if options.corpus is None:
        raise CorpusError("to run the plan, name the folder of text: --corpus")
    work, text = ["--work", str(options.work)], ["--corpus", str(options.corpus)]
    target = options.to or MODELS
    for plan in plans:
        language = ["--language", plan.language]
        vocabulary = f"{'gpt' if plan.kind == 'gpt' else 'bert'}-{'' if plan.language == 'en' else plan.language + '-'}"
        steps: list[list[str]] = []
        if not list((options.work / "tokenizers").glob(f"{vocabulary}[0-9]*.json")):
            steps.append(["tokenizers", *text, *language])
        if not list((options.work / "packed").glob(f"{vocabulary}[0-9]*/summary.json")):
            steps.append(["pack", *text, *language])
        steps += [
            plan.train_arguments(),
            ["evaluate", plan.name, *text],
            ["export", plan.name, "--to", str(target / plan.folder)],
        ]
        if options.to is None:  # they read and write the repository's own folders
            steps += [list(step) for further in FURTHER if further.of == plan.name for step in further.steps]
        for arguments in steps:
            print(f"$ python -m components.pretraining {' '.join(arguments)}", flush=True)
            status = main([*work, *arguments])
            if status:
                return status
    return 0


def _add_replace(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = steps.add_parser(
        "replace",
        help="make every file that was computed with a bundled model again, after it was replaced",
        description="First views, miniatures and goldens; then run the tests of first views, whose examples may have to be chosen again.",
    )
    parser.add_argument("name", help="name of the bundled model")
    parser.add_argument("--list", action="store_true", help="only print the files")
    parser.set_defaults(run=_run_replace)


def _run_replace(options: argparse.Namespace) -> int:
    from components.pretraining.replacement import files_of, replace_files_of

    try:
        files = files_of(options.name) if options.list else replace_files_of(options.name)
    except ValueError as error:
        raise CorpusError(str(error)) from error
    for path in files:
        print(path.relative_to(REPOSITORY).as_posix())
    return 0


if __name__ == "__main__":
    sys.exit(main())
