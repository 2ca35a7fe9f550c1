"""State and data of the page "How much of a model has to change?": one recorded change, cut to few directions."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import numpy as np
import streamlit as st

from components.elements.fine_tuning.change_board import (
    ChangeData,
    ChangeLane,
    ChangeView,
    MatrixPicture,
    change_seen,
)
from components.elements.predict_first import Prediction
from components.lessons.fine_tuning.said import STARTS, made_with, percent, said_score
from components.lessons.recorded import TRACES, shipped
from components.lm.fine_tuning.change import ALL, KINDS, RANKS, STORED
from components.lm.fine_tuning.difference import as_safetensors
from components.lm.fine_tuning.sentences import TAGS
from components.shell import links
from components.shell.layout import Export
from components.words import labels, t, told

NAME = "fine_tuning/change"
WORDS = "change"
BOARD = "change_board"
LOOKS = ("ways", "lora", "train", "nothing")
RANK_NAMES = tuple("all" if rank == ALL else str(rank) for rank in RANKS)
LAYERS = 6
MATRICES = tuple(f"{layer}.{kind}" for layer in range(LAYERS) for kind in KINDS)
NEAR = 0.03
"""Of F1: so little less than with the whole change counts as kept."""
FEW = 10
"""Directions of a matrix that count as few."""

PARAMS = (
    links.Choice("change_rank", RANK_NAMES, "8"),
    links.Choice("change_matrix", MATRICES, "4.attention_output", example="3.intermediate"),
    links.Choice("change_look", LOOKS, "ways"),
    links.Choice("change_model", ("nano-bert", "pocket-bert"), "nano-bert"),
    links.Choice("change_way", ("full", "lora", "adapter", "head"), "lora"),
    links.Integer("change_size", 1, 32, 4),
    links.Choice("change_targets", ("attention", "every"), "attention"),
    links.Choice("change_examples", ("50", "200"), "50"),
    links.Integer("change_seed", 0, 99, 0),
)


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs (``python -m components.pretraining fine-tuning change``)."""
    found: Mapping[str, Any] = shipped(NAME)
    return found


@cache
def _directions() -> Mapping[str, Any]:
    from safetensors.numpy import load_file

    found: Mapping[str, Any] = load_file(TRACES / f"{NAME}.safetensors")
    return found


def _coded(array: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


@lru_cache(maxsize=len(MATRICES))
def picture(matrix: int) -> MatrixPicture:
    """Return one matrix as the board draws it; at most 36 of 0.1 to 0.5 MB."""
    from safetensors.numpy import load_file

    name = MATRICES[matrix]
    layer, kind = name.split(".")
    found = _directions()
    b, a = (found[f"{name}.{part}"].astype(np.float32) for part in "ba")
    whole = found.get(f"{name}.whole")
    shown = b @ a if whole is None else whole.astype(np.float32)
    reach = float(np.quantile(np.abs(shown), 0.995))
    weights = load_file(TRACES.parent / "models" / recorded()["model"] / "model.safetensors")
    w = np.abs(weights[f"bert.encoder.layer.{layer}.{KINDS[kind]}.weight"].astype(np.float32))
    most = float(np.quantile(w, 0.995))
    return {
        "matrix": matrix,
        "w": _coded(np.clip(255 * w / most, 0, 255).round(), "u1"),
        "w_range": round(most, 4),
        "b": _coded(b, "<f4"),
        "a": _coded(a, "<f4"),
        "whole": None
        if whole is None
        else _coded(np.clip(127 * whole.astype(np.float32) / reach, -127, 127).round(), "i1"),
        "whole_range": round(reach, 6),
    }


def view() -> ChangeView:
    """Return where the reader is, from the link."""
    s = st.session_state
    return ChangeView(RANK_NAMES.index(s["change_rank"]), MATRICES.index(s["change_matrix"]))


def keep(now: ChangeView) -> None:
    """Hand what the element holds to the link."""
    links.put("change_rank", RANK_NAMES[now.rank])
    links.put("change_matrix", MATRICES[now.matrix])


def took() -> None:
    """The reader moved: the next picture is that of the matrix in sight."""
    state = st.session_state.get(BOARD)
    value = state.get("view") if state else None
    keep(change_seen(value, view(), links.revision(), ranks=len(RANKS), matrices=len(MATRICES)))


def lane(start: str) -> ChangeLane:
    """Return one start as the board draws it."""
    cuts = recorded()["starts"][start]["cuts"]
    return {
        "label": t(WORDS, start),
        "said": [cut["said"] for cut in cuts],
        "written": [cut["written"] for cut in cuts],
        "generated": [cut["generated"] for cut in cuts],
    }


def board() -> ChangeData:
    """Return what the board draws."""
    kept = recorded()
    return {
        "ranks": list(RANKS),
        "matrices": kept["starts"]["pretrained"]["matrices"],
        "picture": picture(view().matrix),
        "tags": list(TAGS),
        "sentences": kept["shown"],
        "lanes": [lane(start) for start in STARTS],
        "count": kept["counts"]["written"],
        "words": labels("tasks_board") | labels("change_board"),
        "stepper": labels("stepper"),
    }


def enough() -> int:
    """Return the smallest rank that keeps F1 within ``NEAR`` of the whole change's, pre-trained."""
    cuts = recorded()["starts"]["pretrained"]["cuts"]
    most = cuts[-1]["written"][0]
    return next(rank for rank, cut in zip(RANKS, cuts, strict=True) if cut["written"][0] >= most - NEAR)


def aid(now: ChangeView) -> str:
    """What is found at this rank, beside the whole change; HTML."""
    kept = recorded()["starts"]
    rank, (mine, bare) = RANKS[now.rank], (kept[start]["cuts"] for start in STARTS)
    slots = {
        "rank": rank,
        "count": len(MATRICES),
        "mine": said_score(mine[now.rank]["written"]),
        "bare": said_score(bare[now.rank]["written"]),
        "whole": percent(mine[-1]["written"][0]),
    }
    said = [t(WORDS, "aid_all" if rank == ALL else "aid_zero" if rank == 0 else "aid", **slots)]
    if rank > 0:
        near = mine[now.rank]["written"][0] >= mine[-1]["written"][0] - NEAR
        said.append(t(WORDS, "aid_kept" if near else "aid_lost"))
    return html.escape(" ".join(said))


def how() -> str:
    """How it is made, with what the word embeddings did; Markdown."""
    back = recorded()["starts"]["pretrained"]["embeddings"]
    moved = f"{100 * back['relative']:.1f}%"
    return told(WORDS, "how_text", embeddings=moved, put_back=said_score(back["written"]))


def caption() -> str:
    """The line under the board: model, run, data, time."""
    kept = recorded()
    run = kept["starts"]["pretrained"]["run"]
    return t(
        WORDS,
        "caption",
        **made_with(kept),
        seed=run["setting"]["seed"],
        steps=run["steps"][-1],
        examples=run["setting"]["examples"],
        seconds=f"{run['seconds']:.1f}",
    )


def prediction() -> Prediction:
    """Asked before the board is seen: how many directions of each matrix are enough?"""
    rank = enough()
    answer = 2 if rank == ALL else 0 if rank <= FEW else 1
    options = [t(WORDS, f"predict_{name}", few=FEW) for name in ("few", "some", "most")]
    cuts = recorded()["starts"]["pretrained"]["cuts"]
    why = t(
        WORDS,
        "predict_why",
        rank=STORED if rank == ALL else rank,
        kept=percent(cuts[RANKS.index(rank)]["written"][0]),
        whole=percent(cuts[-1]["written"][0]),
        one=percent(cuts[1]["written"][0]),
    )
    return Prediction(t(WORDS, "predict"), options, answer, why, {"change_rank": "8"})


def runs_of(**wanted: str | int) -> list[Mapping[str, Any]]:
    """Return the recorded trainings whose settings are these."""
    return [
        run
        for run in recorded()["runs"]
        if all(run["setting"][name] == value for name, value in wanted.items())
    ]


def rank_rows() -> list[dict[str, Any]]:
    """Return the scores of both starts at every rank."""
    return [
        {
            "start": start,
            "rank": name,
            **{f"{of}_{part}": cut[of][i] for of in ("written", "generated") for i, part in enumerate(("f1", "low", "high"))},
        }
        for start in STARTS
        for name, cut in zip(RANK_NAMES, recorded()["starts"][start]["cuts"], strict=True)
    ]  # fmt: skip


def matrix_rows() -> list[dict[str, Any]]:
    """Return how much every matrix changed, and the share of the change in the first directions."""
    return [
        {
            "start": start,
            "layer": one["layer"],
            "matrix": one["kind"],
            "relative_change": one["relative"],
            **{f"share_rank_{name}": share for name, share in zip(RANK_NAMES, one["shares"], strict=True)},
        }
        for start in STARTS
        for one in recorded()["starts"][start]["matrices"]
    ]


def run_rows() -> list[dict[str, Any]]:
    """Return every recorded training at its end."""
    return [
        {
            **{name: value for name, value in run["setting"].items() if name != "seed"},
            "run_seed": run["setting"]["seed"],
            "f1_written": run["written"][-1][0],
            "low_written": run["written"][-1][1],
            "high_written": run["written"][-1][2],
            "f1_generated": run["generated"][-1][0],
            "numbers_trained": run["trained"],
            "numbers_in_all": run["of"],
            "adam_bytes": run["adam_bytes"],
            "kept_bytes": run["kept_bytes"],
            "cpu_seconds": run["seconds"],
        }
        for run in recorded()["runs"]
    ]


def low_rank_file(rank: int) -> bytes:
    """Return the change of every matrix cut to a rank, with a card, as safetensors."""
    kept, found = recorded(), _directions()
    tensors = {}
    for name in MATRICES:
        layer, kind = name.split(".")
        path = f"bert.encoder.layer.{layer}.{KINDS[kind]}"
        tensors[f"{path}.B"] = found[f"{name}.b"][:, :rank]
        tensors[f"{path}.A"] = found[f"{name}.a"][:rank]
    run = kept["starts"]["pretrained"]["run"]
    card = {
        "what": f"The change that fine-tuning made to the {len(MATRICES)} weight matrices of the blocks, cut to rank {rank}: W_new = W + B @ A.",
        "lacking": "Embeddings, biases, layer norms and the head, which were trained too.",
        "model": f"{kept['model']} {kept['revision']}",
        "task": "tagging persons, animals and places in short sentences",
        "data": f"{run['setting']['examples']} generated sentences of Glassbox, seed {run['setting']['seed']}, {run['steps'][-1]} steps",
        "f1_written": str(kept["starts"]["pretrained"]["cuts"][RANKS.index(rank)]["written"]),
        "recorded": kept["recorded"],
        "licence": "MIT",
    }
    return as_safetensors(tensors, card)


def export(now: ChangeView) -> Export:
    """Everything of the picture."""
    kept, rank = recorded(), RANKS[now.rank]
    low = min(rank, STORED) if rank > 0 else STORED
    return Export(
        "fine-tuning-change",
        caption(),
        {
            "model": kept["model"],
            "revision": kept["revision"],
            "rank": RANK_NAMES[now.rank],
            "matrix": MATRICES[now.matrix],
        },
        {"ranks": rank_rows, "matrices": matrix_rows, "trainings": run_rows},
        lambda: {
            "sentences": kept["shown"],
            "starts": {start: kept["starts"][start]["cuts"][now.rank] for start in STARTS},
        },
        files={f"change-rank-{low}.safetensors": lambda: low_rank_file(low)},
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_zero"), {"change_rank": "0"}),
        (t(WORDS, "try_one"), {"change_rank": "1"}),
        (t(WORDS, "try_large"), {"change_rank": "16", "change_matrix": "3.intermediate"}),
        (t(WORDS, "try_little"), {"change_rank": "4", "change_matrix": "4.query"}),
        (t(WORDS, "try_train"), {"change_look": "train"}),
    ]
