"""How the first view of this page and its miniature are made."""

from typing import Any

from components.elements.start.course_map import Miniature
from components.lessons.recorded import matrix_frame, save
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-gpt", "pocket-bert-ko", "pocket-gpt-ko")


def record() -> None:
    """The views that "Who may look at whom" opens with, one in each language: every word of its sentence, guessed by both models."""
    from components.lessons.transformer.masks import KOREAN, LAYER, PARAMS
    from components.lessons.transformer.masks_recorded import guesses_as_json
    from components.lm.transformer.word_context import guess_word, word_spans

    defaults: dict[str, Any] = {p.key: p.default for p in PARAMS}
    found: list[dict[str, Any]] = []
    for state in (defaults, {**defaults, **KOREAN}):
        text = str(state["sentence"])
        for name in (state["left_model"], state["right_model"]):
            loaded = checkpoints.load(name, "attention")
            guesses = [guess_word(loaded, text, word, LAYER) for word in range(len(word_spans(text)))]
            found.append(guesses_as_json(loaded.card.name, loaded.card.revision, text, guesses))
    save("transformer/masks", found)


def miniature() -> Miniature:
    """The causal mask, a prefix, padding, everybody: a still picture shows the first."""
    from components.lm.transformer import attention_patterns as patterns

    names = [""] * 6
    shown = (patterns.causal(6), patterns.prefix_lm(6, 3), patterns.padding(6, 4), patterns.bidirectional(6))
    return {"kind": "matrix", "frames": [matrix_frame(names, matrix) for matrix in shown]}
