"""Compute the first screens that are drawn before torch is imported. Run: ``python assets/traces/make.py``.

Everything here is computed by the bundled models and algorithms; run it again when one of them changes.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from components.lm import checkpoints  # noqa: E402
from components.lm.decoding import SamplingSettings  # noqa: E402
from components.lm.writing import Writing  # noqa: E402
from components.lm.written import details, prompt_line, written_line  # noqa: E402


def gpt_generation(steps: int = 17) -> dict:
    """The default view of "GPT writes, token by token"."""
    from components.shell.gpt_page import PARAMS

    state = {p.key: p.default for p in PARAMS}
    loaded = checkpoints.load(state["model"], "generation")
    settings = SamplingSettings(
        state["strategy"] == "sample", state["temperature"], state["top_k"], state["top_p"], state["seed"]
    )
    text = Writing(loaded.model, loaded.tokenizer, state["prompt"], settings, {})
    written = text.steps(steps)[:steps]
    return {
        "model": loaded.card.name,
        "revision": loaded.card.revision,
        "state": {
            k: state[k] for k in ("prompt", "model", "strategy", "temperature", "top_k", "top_p", "seed")
        },
        "limit": text.prompt.context_length,
        "prompt": prompt_line(text.prompt, text.statistics()),
        "line": written_line(written),
        "steps": details(written),
    }


def miniature_of_generation(trace: dict) -> dict:
    """Five steps of the same text, with the four likeliest tokens of each."""
    import math

    frames = []
    for k, step in enumerate(trace["steps"][:6]):
        text = "".join(entry[0] for entry in (*trace["prompt"], *trace["line"][:k]))
        bars = [
            [token, round(math.exp(logit - step["log_z"]), 4)]
            for token, logit in zip(step["texts"][:4], step["logits"][:4], strict=True)
        ]
        chosen = step["ids"].index(step["chosen"]["id"]) if step["chosen"]["id"] in step["ids"][:4] else -1
        frames.append({"text": text[-34:], "next": step["chosen"]["text"], "bars": bars, "chosen": chosen})
    return {"kind": "bars", "frames": frames}


def save(name: str, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {len(text):,} characters")


def main() -> None:
    trace = gpt_generation()
    save("gpt-generation.json", trace)
    miniatures = json.loads((HERE / "miniatures.json").read_text(encoding="utf-8"))
    miniatures["gpt/generation"] = miniature_of_generation(trace)
    save("miniatures.json", miniatures)


if __name__ == "__main__":
    main()
