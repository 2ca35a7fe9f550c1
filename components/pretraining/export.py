"""Write a trained run as a Hugging Face folder: fp16 safetensors, tokenizer, model card, snapshots."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from components.pretraining.architectures import build_model
from components.pretraining.model_card import model_card
from components.pretraining.training import RunSettings, TrainingError, read_history, read_run
from components.pretraining.vocabularies import save_for_transformers


def load_run_model(folder: Path, name: str = "state.pt") -> tuple[RunSettings, Any, dict[str, Any]]:
    """(settings, model in float32 with eager attention, progress) of a run folder's saved state."""
    settings = read_run(folder)
    path = folder / name
    if not path.exists():
        raise TrainingError(f"{path}: no saved state; train for a while first")
    state = torch.load(path, map_location="cpu", weights_only=True)
    model: Any = build_model(settings.kind, settings.size, settings.seed, "eager")
    model.load_state_dict(state["model"])
    progress = state.get("progress") or {"tokens": state["tokens"], "step": int(path.stem.partition("-")[2])}
    return settings, model.eval(), {"hardware": state.get("hardware"), **progress}


def save_half(model: Any, folder: Path) -> None:
    """Save weights in fp16 as config.json + model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = type(model)(model.config)
    copy.load_state_dict(model.state_dict())
    copy.half().save_pretrained(str(folder))
    (folder / "model.safetensors").chmod(0o644)  # the library leaves it readable by its owner only


def export_run(
    run_folder: Path,
    tokenizer: Tokenizer,
    packed_summary: dict[str, Any],
    target: Path,
    steps: Sequence[int] | None = None,
) -> list[str]:
    """Write the run's latest weights to ``target`` with its card and, where there are any, its snapshots.

    Numbers come from the run's ``evaluation.json``; without that file (step ``evaluate``) it is an error. A
    ``notes.md`` in the run folder, what was changed by hand, goes into the card. ``steps`` chooses the snapshots that ship
    (none given: all). Returns the names of the files written.
    """
    settings, model, progress = load_run_model(run_folder)
    evaluation_path = run_folder / "evaluation.json"
    if not evaluation_path.exists():
        raise TrainingError(f"{run_folder}: not measured yet; run the step 'evaluate' first")
    evaluation = json.loads(evaluation_path.read_text(encoding="utf-8"))
    if evaluation["tokens"] != progress["tokens"]:
        raise TrainingError(
            f"{run_folder}: measured at {evaluation['tokens']:,} tokens but the weights have seen "
            f"{progress['tokens']:,}; run the step 'evaluate' again"
        )
    if target.exists():
        shutil.rmtree(target)
    save_half(model, target)
    save_for_transformers(tokenizer, settings.kind, settings.size.context(settings.kind), target)
    snapshots = []
    for path in sorted((run_folder / "snapshots").glob("step-*.pt"), key=lambda path: int(path.stem[5:])):
        if steps is not None and int(path.stem[5:]) not in steps:
            continue
        _, snapshot, at = load_run_model(run_folder, f"snapshots/{path.name}")
        name = f"step-{at['step']:06d}"
        save_half(snapshot, target / "snapshots" / name)
        measured = evaluation.get("snapshots", {}).get(str(at["step"]), {})
        snapshots.append(
            {"folder": f"snapshots/{name}", "step": at["step"], "tokens": at["tokens"], **measured}
        )
    if (
        snapshots and snapshots[-1]["step"] != progress["step"]
    ):  # the finished model is the last moment, and ships already
        measured = evaluation.get("snapshots", {}).get(str(progress["step"]), {})
        last = {"folder": ".", "step": progress["step"], "tokens": progress["tokens"]}
        snapshots.append({**last, **measured})
    if snapshots:
        text = json.dumps(snapshots, indent=2) + "\n"
        (target / "snapshots" / "snapshots.json").write_text(text, encoding="utf-8")
    notes_path = run_folder / "notes.md"
    notes = notes_path.read_text(encoding="utf-8") if notes_path.exists() else ""
    card = model_card(
        target.name,
        settings,
        progress,
        read_history(run_folder),
        evaluation,
        packed_summary,
        snapshots,
        notes,
    )
    (target / "README.md").write_text(card, encoding="utf-8")
    return sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
