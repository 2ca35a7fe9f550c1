"""How the first view of this page and its miniature are made."""

from typing import Any

from components.elements.start.course_map import Miniature
from components.lessons.recorded import matrix_frame, save
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-gpt")


def record() -> None:
    """The default view of "Who may look at whom": every word of its sentence, guessed by both models."""
    from components.lessons.transformer.masks import LAYER, PARAMS, SENTENCE
    from components.lessons.transformer.masks_recorded import guesses_as_json
    from components.lm.transformer.word_context import guess_word, word_spans

    state = {p.key: p.default for p in PARAMS}
    found: list[dict[str, Any]] = []
    for name in (state["left_model"], state["right_model"]):
        loaded = checkpoints.load(name, "attention")
        guesses = [guess_word(loaded, SENTENCE, word, LAYER) for word in range(len(word_spans(SENTENCE)))]
        found.append(guesses_as_json(loaded.card.name, loaded.card.revision, SENTENCE, guesses))
    save("transformer/masks", found)


def miniature() -> Miniature:
    """The causal mask, a prefix, padding, everybody: a still picture shows the first."""
    from components.lm.transformer import attention_patterns as patterns

    names = [""] * 6
    shown = (patterns.causal(6), patterns.prefix_lm(6, 3), patterns.padding(6, 4), patterns.bidirectional(6))
    return {"kind": "matrix", "frames": [matrix_frame(names, matrix) for matrix in shown]}
