"""What was computed before: first views that stand before torch is imported, and the miniatures of the map.

A page has ``components/lessons/<chapter>/<page>_recorder.py`` with ``miniature()`` (a few frames for the map of the course)
and, if its first view needs a model, ``record()``, which writes it below ``assets/traces``. ``python assets/traces/make.py``
runs them. A file made by another revision of a model is not used, and the page computes. A recorder names in ``MODELS`` the
bundled models it computes with, by their folders below ``assets/models``; every file then names the SHA-256 of their weights, miniatures under ``weights``.
"""

import hashlib
import importlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from components.elements.start.course_map import Frame, Miniature
from components.lm import checkpoints
from components.lm.checkpoints.model_card import ModelCard

TRACES = Path(__file__).parents[2] / "assets" / "traces"


def matrix_frame(tokens: Sequence[str], weights: object) -> Frame:
    """Return one frame of the kind ``matrix``; ``weights`` is an array (query, key)."""
    return {"tokens": list(tokens), "weights": np.asarray(weights, float).round(3).tolist()}


def of_shipped_model(trace: dict[str, Any]) -> dict[str, Any] | None:
    """Return a precomputed first view if its model still ships with these weights, else None."""
    try:
        card = checkpoints.card(trace["model"])
    except Exception:  # no such model any more: the page computes, or says why it cannot
        return None
    return trace if card.revision == trace["revision"] else None


def first_view(name: str, card: ModelCard, keys: Sequence[str]) -> dict[str, Any] | None:
    """Return a precomputed view if it is what the link asks for and its models are still these; else None.

    ``keys`` name the state that must be the one the view was made from. Needs no torch.
    """
    trace = trace_of(name, card.name)
    if trace is None or card.revision != trace["revision"]:
        return None
    if any(_plain(st.session_state[key]) != trace["state"][key] for key in keys):
        return None
    others = trace.get("others", {})
    return trace if all(of_shipped_model({"model": m, "revision": r}) for m, r in others.items()) else None


def trace_of(name: str, model: str) -> dict[str, Any] | None:
    """Return the recorded view of a page by a model: that of its defaults, or ``<name>_ko`` with which it begins in Korean."""
    traces = (trace_file(name), trace_file(f"{name}_ko"))
    return next((trace for trace in traces if trace is not None and trace["model"] == model), None)


@cache
def trace_file(name: str) -> dict[str, Any] | None:
    """Return what ``assets/traces/<name>.json`` holds, or None if there is no such file."""
    path = TRACES / f"{name}.json"
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found


def shipped(name: str) -> dict[str, Any]:
    """Return what ``assets/traces/<name>.json`` holds, a file that the page cannot do without.

    Raises:
        FileNotFoundError: it is not there.
    """
    found = trace_file(name)
    if found is None:
        raise FileNotFoundError(f"assets/traces/{name}.json")
    return found


def miniature(page: str) -> Miniature | None:
    """Return what the stop of a page shows on the map, or None if it has none yet."""
    found = trace_file(f"miniatures/{page}")
    return None if found is None else {"kind": found["kind"], "frames": found["frames"]}


def save(name: str, value: object) -> None:
    """Write ``assets/traces/<name>.json`` and say how large it became."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path = TRACES / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    trace_file.cache_clear()
    print(f"{name}.json: {len(text):,} characters", flush=True)


def weights_digest(model: str) -> str:
    """Return ``sha256:<digest>`` of the weights of a bundled model, named by its folder below ``assets/models``."""
    path = TRACES.parent / "models" / model / "model.safetensors"
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def record_page(page: str) -> None:
    """Compute what was recorded for a page anew; a page without a module ``<page>_recorder`` has nothing."""
    if not (Path(__file__).parent / f"{page}_recorder.py").exists():
        return
    lesson = importlib.import_module(f"components.lessons.{page.replace('/', '.')}_recorder")
    if hasattr(lesson, "record"):
        lesson.record()
    weights = {name: weights_digest(name) for name in getattr(lesson, "MODELS", ())}
    save(f"miniatures/{page}", {**lesson.miniature(), **({"weights": weights} if weights else {})})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
