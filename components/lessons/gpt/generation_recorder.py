"""What stands on "GPT writes, token by token" before anything is computed."""

import math
from typing import Any

from components.elements.start.course_map import Frame, Miniature
from components.lessons.probabilities import short
from components.lessons.recorded import save, shipped
from components.lm import checkpoints
from components.lm.gpt.decoding import SamplingSettings
from components.lm.gpt.writing import Writing
from components.lm.gpt.written import details, prompt_line, written_line

MODELS = ("pocket-gpt", "pocket-gpt-ko")

STEPS = 17


BEGINNINGS = (
    "아이는 엄마와 함께",
    "옛날에 한 아이가",
    "아이는 아침에 일어나",
    "비가 와서",
    "남자가 의자에 앉아",
    "할머니는 아이에게",
    "강아지가 공을",
    "친구와 함께",
    "오늘은 날씨가",
    "배가 고파서",
)
"""Everyday beginnings that the Korean one is chosen from."""


def record() -> None:
    """The views that "GPT writes, token by token" opens with: one in each language."""
    from components.lessons.gpt.generation import KOREAN, PARAMS, RECORDED

    default: dict[str, Any] = {p.key: p.default for p in PARAMS}
    for state in (default, {**default, **KOREAN}):
        _record(RECORDED[state["model"]], state)


def _record(name: str, state: dict[str, Any]) -> None:
    save(name, _written(state))


def _written(state: dict[str, Any]) -> dict[str, Any]:
    loaded = checkpoints.load(state["model"], "generation")
    settings = SamplingSettings(
        state["strategy"] == "sample", state["temperature"], state["top_k"], state["top_p"], state["seed"]
    )
    text = Writing(loaded, state["prompt"], settings, {})
    written = text.steps(STEPS)[:STEPS]
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


def choose_prompt() -> str:
    """Return the beginning whose drawn text the Korean model finds likeliest, among those whose text is one line to the end of
    what is recorded, of whole letters.

    Raises:
        ValueError: there is none; other beginnings are needed.
    """
    from components.lessons.gpt.generation import KOREAN, PARAMS

    default: dict[str, Any] = {p.key: p.default for p in PARAMS}
    found: dict[str, float] = {}
    for prompt in BEGINNINGS:
        made = _written({**default, **KOREAN, "prompt": prompt})
        line = "".join(entry[0] for entry in made["line"])
        if len(made["steps"]) == STEPS and not any(odd in line for odd in ("\n", "\\x", "\ufffd", "<|")):
            found[prompt] = sum(math.log(step["chosen"]["probs"][0]) for step in made["steps"])
    if not found:
        raise ValueError("no beginning stays on one line")
    return max(found, key=found.__getitem__)


def miniature() -> Miniature:
    """Five steps of the same text, with the four likeliest tokens of each."""
    trace = shipped("gpt/generation")
    frames: list[Frame] = []
    for k, step in enumerate(trace["steps"][:6]):
        text = "".join(entry[0] for entry in (*trace["prompt"], *trace["line"][:k]))
        bars = [
            [token, short(math.exp(logit - step["log_z"]))]
            for token, logit in zip(step["texts"][:4], step["logits"][:4], strict=True)
        ]
        chosen = step["ids"].index(step["chosen"]["id"]) if step["chosen"]["id"] in step["ids"][:4] else -1
        frames.append({"text": text[-34:], "next": step["chosen"]["text"], "bars": bars, "chosen": chosen})
    return {"kind": "bars", "frames": frames}
