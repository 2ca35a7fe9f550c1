"""Make the goldens of the browser's engine: ``make goldens``, after any change of a bundled model's weights.

torch and transformers compute, on one thread in float32, what ``assets/elements/lib/engine`` must compute too. Each file
names the sha256 of the weights it belongs to; a test says so when they are others. Greedy and drawn texts are kept only where
float64 weights write the same text, so that no golden hangs on a rounding.
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "assets" / "models"
HERE = Path(__file__).parent / "engine"

WRITING_PROMPTS = (
    "The king said to his son",
    "Once upon a time there was a little fox who lived in the",
    "",
    "안녕하세요. 오늘은",
    "1, 2, 3, 4,\n\n\t5 👨‍👩‍👧‍👦",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
    "was the epoch of belief, it was the epoch of incredulity, it was the season of Light",
)
GUESSING_PROMPTS = (
    ("The king sat on his [MASK] and spoke to the people.", None),
    ("She put the [MASK] into the oven.", "Then she [MASK] the door."),
    ("He opened the window.", "The [MASK] was cold and the moon was bright."),
    ("[MASK]", None),
    ("안녕하세요. 오늘은 [MASK]가 좋습니다.", None),
    ("The old man and the sea, the old man and the [MASK], the old [MASK] and the sea!", "What is the sea?"),
)
DRAWS = ({"temperature": 1.0, "top_k": 0, "top_p": 1.0}, {"temperature": 0.8, "top_k": 50, "top_p": 0.95})
"""One drawn text each."""


def folders() -> tuple[str, ...]:
    """Return the models of the goldens: the bundled ones, and one early snapshot, as paths below ``assets/models``."""
    snapshots = sorted(path.name for path in (MODELS / "nano-gpt" / "snapshots").iterdir() if path.is_dir())
    return (
        "pocket-gpt",
        "pocket-bert",
        "pocket-gpt-ko",
        "pocket-bert-ko",
        "nano-gpt",
        "nano-bert",
        f"nano-gpt/snapshots/{snapshots[2]}",
    )


def golden_file(folder: str) -> Path:
    """Return where the golden of a model lies: a snapshot's step is not in the name, so that another one takes its place."""
    return HERE / (folder.split("/")[0] + ("-snapshot" if "/" in folder else "") + ".json")


def digest(folder: str) -> str:
    """Return the sha256 of a model's weights."""
    return hashlib.sha256((MODELS / folder / "model.safetensors").read_bytes()).hexdigest()


def _numbers(values: Any, digits: int = 7) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in np.asarray(values, np.float64).ravel()]


def _row(logits: Any) -> dict[str, Any]:
    """Logits of one place: the highest 20, every 61st, and the log of the sum of all exponentials, which binds the others."""
    row = np.asarray(logits, np.float64)
    at = sorted({*np.argsort(-row)[:20].tolist(), *range(0, row.size, 61)})
    top = row.max()
    return {
        "at": at,
        "logits": _numbers(row[at]),
        "log_sum_exp": float(top + np.log(np.exp(row - top).sum())),
    }


def _tokenizer(folder: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(MODELS / folder.split("/")[0] / "tokenizer.json"))


def _write(model: Any, ids: list[int], count: int, settings: Any) -> list[int]:
    """Return ``count`` tokens after ``ids`` by the rules of ``components.lm.gpt.decoding``."""
    import torch

    from components.lm.gpt.decoding import step_trace

    written: list[int] = []
    given, past = ids, None
    with torch.inference_mode():
        while len(written) < count:
            out = model(torch.tensor([given]), past_key_values=past, use_cache=True, logits_to_keep=1)
            past = out.past_key_values
            logits = out.logits[0, -1].float().numpy()
            written.append(step_trace(logits, settings, len(ids) + len(written)).chosen.token_id)
            given = written[-1:]
    return written


def writing(folder: str) -> dict[str, Any]:
    """Return the golden of a model that writes."""
    import torch
    from transformers import AutoModelForCausalLM

    from components.lm.gpt.decoding import SamplingSettings

    model = AutoModelForCausalLM.from_pretrained(
        MODELS / folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    exact = copy.deepcopy(model).double()
    tokenizer, room = _tokenizer(folder), model.config.n_positions
    prompts, first = [], None
    for text in WRITING_PROMPTS:
        ids = tokenizer.encode(text).ids or [model.config.eos_token_id]
        with torch.inference_mode():
            out = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
        greedy = SamplingSettings(do_sample=False)
        texts = [_write(one, ids, 40, greedy) for one in (model, exact)]
        prompts.append(
            {
                "text": text,
                "ids": ids,
                **_row(out.logits[0, -1]),
                "greedy": texts[0] if texts[0] == texts[1] else None,
            }
        )
        first = first or (ids, out)
    assert first is not None
    ids, out = first
    drawn = []
    for draw in DRAWS:
        seed = 1
        while True:
            settings = SamplingSettings(seed=seed, **draw)
            count = min(200, room - len(ids))
            texts = [_write(one, ids, count, settings) for one in (model, exact)]
            if texts[0] == texts[1]:
                break
            seed += 1
        drawn.append({"settings": {"do_sample": True, **draw, "seed": seed}, "ids": texts[0]})
    return {
        "prompts": prompts,
        "attention": [_numbers(layer) for layer in out.attentions],
        # of the last token, before each layer; the library's last entry is after the final LayerNorm
        "residual": [_numbers(layer[0, -1]) for layer in out.hidden_states[:-1]],
        "drawn": drawn,
    }


def guessing(folder: str) -> dict[str, Any]:
    """Return the golden of a model that fills masks."""
    import torch
    from transformers import BertForPreTraining

    model = BertForPreTraining.from_pretrained(
        MODELS / folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer = _tokenizer(folder)
    mask = tokenizer.token_to_id("[MASK]")
    prompts, first = [], None
    for text, pair in GUESSING_PROMPTS:
        encoded = tokenizer.encode(text, pair)
        ids, segments = encoded.ids, encoded.type_ids
        with torch.inference_mode():
            out = model(
                torch.tensor([ids]),
                token_type_ids=torch.tensor([segments]),
                output_attentions=True,
                output_hidden_states=True,
            )
        at = [i for i, token in enumerate(ids) if token == mask]
        prompts.append(
            {
                "text": text,
                "pair": pair,
                "ids": ids,
                "segments": segments,
                "masks": [{"position": i, **_row(out.prediction_logits[0, i])} for i in at],
                "next_sentence": _numbers(out.seq_relationship_logits[0]),
            }
        )
        first = first or out
    assert first is not None
    return {
        "prompts": prompts,
        "attention": [_numbers(layer) for layer in first.attentions],
        "residual": [_numbers(layer[0, -1]) for layer in first.hidden_states],
    }


def main() -> None:
    """Write one file per model."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)
    HERE.mkdir(exist_ok=True)
    for folder in folders():
        config = json.loads((MODELS / folder / "config.json").read_text(encoding="utf-8"))
        golden = {
            "model": folder,
            "sha256": digest(folder),
            **(writing(folder) if config["model_type"] == "gpt2" else guessing(folder)),
        }
        golden_file(folder).write_text(
            json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
        )
        print(f"{golden_file(folder).name}: {golden_file(folder).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
