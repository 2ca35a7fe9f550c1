"""What was computed with a bundled model, and how it is made again when the model is replaced.

Every such file names the SHA-256 of the weights: first views and miniatures below ``assets/traces`` (their recorders,
``components/lessons/<chapter>/<page>_recorder.py``, say in ``MODELS`` which models they use), the moments of a training that a page shows
(``<page>_<model>.npz``) and the goldens of the browser's engine.
"""

import ast
import hashlib
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).parents[2]
MODELS = REPOSITORY / "assets" / "models"
TRACES = REPOSITORY / "assets" / "traces"
GOLDENS = REPOSITORY / "tests" / "golden" / "engine"
_KEYS = ("of", "revision", "others", "weights", "sha256")
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def shipped_weights(models: Path = MODELS) -> dict[str, str]:
    """SHA-256 of every ``model.safetensors`` below ``models``, with the folder it lies in (``nano-gpt/snapshots/step-000004``)."""
    return {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.parent.relative_to(models).as_posix()
        for path in sorted(models.rglob("model.safetensors"))
    }


def computed_files() -> list[Path]:
    """Recorded first views, miniatures and goldens."""
    return sorted([*TRACES.rglob("*.json"), *TRACES.rglob("*.npz"), *GOLDENS.glob("*.json")])


def named_weights(path: Path) -> set[str]:
    """The SHA-256 digests of the weights a computed file was made with: in a JSON file under a key that says so
    (``of``, ``revision``, ``weights`` and the like; other digests are results), in an ``.npz`` in the array ``of``."""
    if path.suffix != ".npz":
        return set(_digests(json.loads(path.read_text(encoding="utf-8")), False))
    with np.load(path) as arrays:
        texts = [str(text) for text in arrays["of"].flat] if "of" in arrays.files else []
    return {digest for text in texts for digest in _DIGEST.findall(text)}


def _digests(value: Any, names_weights: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _digests(inner, names_weights or key in _KEYS)
    elif isinstance(value, list):
        for inner in value:
            yield from _digests(inner, names_weights)
    elif isinstance(value, str) and names_weights:
        yield from _DIGEST.findall(value)


@cache
def models_of_pages() -> dict[str, tuple[str, ...]]:
    """Page (``bert/masking``) -> bundled models its recorder uses, for every page that has a recorder."""
    lessons = REPOSITORY / "components" / "lessons"
    found = {}
    for path in sorted(lessons.glob("*/*_recorder.py")):
        page = path.relative_to(lessons).with_suffix("").as_posix().removesuffix("_recorder")
        named = (
            ast.literal_eval(node.value)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MODELS"
        )
        found[page] = tuple(next(named, ()))
    return found


def files_of(model: str) -> list[Path]:
    """Files that were computed with a bundled model, or with one of its snapshots."""
    pages = [page for page, models in models_of_pages().items() if model in models]
    stems = {TRACES / page for page in pages} | {TRACES / "miniatures" / page for page in pages}
    stems |= {*moments_of(model), *(TRACES / f"{page}_ko" for page in pages)}  # a page's first view in Korean
    return [
        path
        for path in computed_files()
        if path.with_suffix("") in stems
        or (path.parent == GOLDENS and path.stem.removesuffix("-snapshot") == model)
    ]


def moments_of(model: str) -> list[Path]:
    """Files, without their ending, that hold the moments of a bundled model's training."""
    pages = [page for page, models in models_of_pages().items() if model in models]
    return [TRACES / f"{page}_{model}" for page in pages if (TRACES / f"{page}_{model}.npz").exists()]


def record_moments(model: str, path: Path) -> None:
    """Record the moments of a training anew, where it ran: from the weights that its run folder kept.

    Raises subprocess.CalledProcessError when the run folder is not on this machine; the program has said so."""
    command = [sys.executable, "-m", "components.pretraining", "moments", model, "--to", str(path)]
    subprocess.run(command, check=True, cwd=REPOSITORY)


def record_pages(pages: list[str]) -> None:
    """Record the first views of pages anew, by the command that does it: this program knows nothing of pages.

    Raises subprocess.CalledProcessError when a page cannot be recorded; it has said why."""
    subprocess.run([sys.executable, str(TRACES / "make.py"), *pages], check=True)


def replace_files_of(model: str) -> list[Path]:
    """Make every file that was computed with a bundled model again, and return them.

    Raises ValueError when no such model is bundled, nothing was computed with it, or a file made again still names
    weights that do not ship."""
    if not (MODELS / model / "model.safetensors").exists():
        raise ValueError(f"{model}: no such bundled model")
    before = files_of(model)
    if not before:
        raise ValueError(f"{model}: nothing was computed with it")
    for path in moments_of(model):
        record_moments(model, path.with_suffix(".npz"))
    record_pages([page for page, models in models_of_pages().items() if model in models])
    if any(path.parent == GOLDENS for path in before):
        # Tests make them, because tests use them; a model that did not change gets the same file again.
        goldens = importlib.import_module("tests.golden.engine")
        goldens.main()
    made = files_of(model)
    shipped = shipped_weights().keys()
    if stale := [path.name for path in made if not named_weights(path) & shipped]:
        raise ValueError(f"{model}: made of weights that do not ship: {', '.join(stale)}")
    return made
